"""Messages from other systems: see ``docs/inbox.md``."""

from ..core.webhook import Hmac, Shopify, StandardWebhooks, Webhook

__all__ = ["Hmac", "Shopify", "StandardWebhooks", "Webhook"]

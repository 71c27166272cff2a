"""The kinds of fields that types have and Odoo does not: ``ihub_fields.Secret("Password")``."""

from ..models.ihub_fields import Secret

__all__ = ["Secret"]

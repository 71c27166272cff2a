TYPES = (
    "ihub.integration.demo",
    "ihub.integration.demo.import",
    "ihub.integration.demo.shop",
    "ihub.integration.demo.unreachable",
    "ihub.integration.ecb.rates",
)


def uninstall_hook(env):
    """Stop this addon's integrations: Odoo deletes demo data, but what runs cannot be deleted."""
    running = [("integration_type", "in", TYPES), ("state", "=", "running")]
    env["ihub.integration"].search(running).stop()

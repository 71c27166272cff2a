from . import controllers, models, wizards

# Last: the base class of the types delegates to a model.
from .lib import integration
from .engine.failure import mask_loggers

# When all modules have been imported, and so have their loggers.
mask_loggers(__name__)
# It shows whole addresses where an answer is not as it should be.
mask_loggers("urllib3")


def uninstall_hook(env):
    """Delete what no module's data are, and would be left or keep Odoo from deleting the rest."""
    # Without the model that they call.
    env["ihub.integration"].with_context(active_test=False).search([])._own_crons().unlink()
    # Those of types are made when their addon is installed; the groups cannot go before them.
    groups = env.ref("ihub.group_user") + env.ref("ihub.group_manager")
    env["ir.model.access"].with_context(active_test=False).search(
        [("group_id", "in", groups.ids)]
    ).unlink()
    env["ir.config_parameter"].search([("key", "=like", "ihub.%")]).unlink()

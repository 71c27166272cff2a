from odoo.fields import Command

from . import controllers, models, wizards

# Last: the base class of the types delegates to a model.
from .lib import integration
from .engine.log_masking import mask_loggers

# When all modules have been imported, and so have their loggers.
mask_loggers(__name__)
# It shows whole addresses where an answer is not as it should be.
mask_loggers("urllib3")


def uninstall_hook(env):
    """Delete what no module's data are, and would be left or keep Odoo from deleting the rest."""
    # Without the model that they call.
    env["ihub.integration"].with_context(active_test=False).search([])._own_crons().unlink()
    # The groups cannot go before what names them: rights to types, made when their addon is
    # installed, and what administrators have made.
    groups = env.ref("ihub.group_user") + env.ref("ihub.group_manager")
    env["ir.model.access"].with_context(active_test=False).search(
        [("group_id", "in", groups.ids)]
    ).unlink()
    rules = env["ir.rule"].with_context(active_test=False).search([("groups", "in", groups.ids)])
    # Without any group it would bind everybody.
    ours = rules.filtered(lambda rule: rule.groups <= groups)
    ours.unlink()
    (rules - ours).write({"groups": [Command.unlink(group.id) for group in groups]})
    env["ir.config_parameter"].search([("key", "=like", "ihub.%")]).unlink()

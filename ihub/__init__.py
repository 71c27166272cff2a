from . import controllers, models, wizards

# Last: the base class of the types delegates to a model.
from .lib import integration
from .engine.failure import mask_loggers

# When all modules have been imported, and so have their loggers.
mask_loggers(__name__)


def uninstall_hook(env):
    """Delete the lanes' crons: they would be left without the model that they call."""
    env["ihub.integration"].with_context(active_test=False).search([])._own_crons().unlink()

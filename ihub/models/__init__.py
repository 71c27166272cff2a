# The order matters: a model before those that extend it.
from . import base
from . import ihub_integration
from . import ihub_run
from . import ihub_event
from . import ihub_event_retention
from . import ihub_integration_retention
from . import ihub_run_retention
from . import ihub_integration_type
from . import ihub_integration_schedule
from . import ihub_integration_operate
from . import ihub_integration_lane
from . import ihub_integration_board
from . import ihub_integration_screen
from . import ihub_run_screen

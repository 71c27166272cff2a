from . import ihub_test_ledger
from . import ihub_integration_ledger
from . import ihub_integration_ledger_operations
from . import ihub_integration_shop
from . import ihub_integration_hook
from . import ihub_integration_idle

from . import ihub_integration_add, ihub_integration_confirm, ihub_run_manually

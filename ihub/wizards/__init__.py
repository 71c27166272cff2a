from . import ihub_integration_add, ihub_run_manually

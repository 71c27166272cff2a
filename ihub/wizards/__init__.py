from . import (
    ihub_integration_add,
    ihub_integration_confirm,
    ihub_item_change,
    ihub_item_leave_out,
    ihub_run_manually,
    ihub_webhook_sample,
    ihub_webhook_secret,
)

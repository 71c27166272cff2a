from . import (
    ihub_integration_demo,
    ihub_integration_demo_import,
    ihub_integration_demo_shop,
    ihub_integration_demo_unreachable,
    ihub_integration_ecb_rates,
    res_currency_rate,
)

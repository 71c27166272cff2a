{
    "name": "Integration Hub: Demo",
    "version": "19.0.1.0.0",
    "category": "Productivity/Integrations",
    "summary": "Example integrations, and the European Central Bank's exchange rates",
    "author": "Integration Hub",
    "license": "LGPL-3",
    "depends": ["ihub"],
    "external_dependencies": {"python": ["lxml", "requests"]},
    "data": [
        "views/ihub_integration_demo_views.xml",
        "views/ihub_integration_demo_import_views.xml",
        "views/ihub_integration_demo_unreachable_views.xml",
        "views/ihub_integration_ecb_rates_views.xml",
    ],
    "demo": ["demo/ihub_integration_demo.xml"],
    "uninstall_hook": "uninstall_hook",
}

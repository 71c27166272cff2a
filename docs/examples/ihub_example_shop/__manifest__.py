{
    "name": "Integration Hub Example: Web Shop",
    "version": "19.0.1.0.0",
    "category": "Productivity/Integrations",
    "summary": "Imports the orders of a web shop over REST",
    "author": "Integration Hub",
    "license": "LGPL-3",
    "depends": ["ihub"],
    "data": [
        "security/ir.model.access.csv",
        "security/example_shop_rules.xml",
        "views/example_shop_views.xml",
    ],
}

{
    "name": "Integration Hub Example: Webhooks",
    "version": "19.0.1.0.0",
    "category": "Productivity/Integrations",
    "summary": "Records the payments that a payment service reports",
    "author": "Integration Hub",
    "license": "LGPL-3",
    "depends": ["ihub"],
    "data": ["security/ir.model.access.csv", "security/example_payments_rules.xml"],
}

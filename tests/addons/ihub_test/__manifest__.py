{
    "name": "Integration Hub: Test",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "summary": "Integrations that do what a test tells them to",
    "author": "Integration Hub",
    "website": "https://github.com/integration-hub/ihub",
    "license": "LGPL-3",
    "depends": ["ihub"],
    "data": ["security/ir.model.access.csv"],
}

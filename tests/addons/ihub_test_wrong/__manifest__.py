{
    "name": "Integration Hub: Wrong Types",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "summary": "Integration types as they should not be written",
    "author": "Integration Hub",
    "website": "https://github.com/integration-hub/ihub",
    "license": "LGPL-3",
    "depends": ["ihub_test"],
}

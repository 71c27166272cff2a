{
    "name": "Integration Hub: Test of Hooks",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "summary": "Reports while it is installed",
    "author": "Integration Hub",
    "website": "https://github.com/integration-hub/ihub",
    "license": "LGPL-3",
    "depends": ["ihub"],
    "post_init_hook": "post_init_hook",
}

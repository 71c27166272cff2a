{
    "name": "Integration Hub: Test in the Dark",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "summary": "A dark theme, which Odoo Community has the bundles for, but no palette",
    "author": "Integration Hub",
    "website": "https://github.com/integration-hub/ihub",
    "license": "LGPL-3",
    "depends": ["web"],
    # As dark themes do it: what Odoo sets by default is set before.
    "assets": {
        "ihub_test_dark.palette": [
            (
                "before",
                "web/static/src/scss/primary_variables.scss",
                "ihub_test_dark/static/src/palette.scss",
            ),
            (
                "before",
                "web/static/src/scss/bootstrap_overridden.scss",
                "ihub_test_dark/static/src/bootstrap.scss",
            ),
            (
                "after",
                "web/static/lib/bootstrap/scss/_functions.scss",
                "ihub_test_dark/static/src/shades.scss",
            ),
        ],
        "web.assets_web_dark": [("include", "ihub_test_dark.palette")],
        "web.assets_backend_lazy_dark": [("include", "ihub_test_dark.palette")],
    },
}

{
    "name": "Integration Hub Example: SFTP",
    "version": "19.0.1.0.0",
    "category": "Productivity/Integrations",
    "summary": "Imports stock levels from CSV files on an SFTP server, each night",
    "author": "Integration Hub",
    "license": "LGPL-3",
    "depends": ["ihub"],
    "external_dependencies": {"python": ["asyncssh"]},
    "data": [
        "security/ir.model.access.csv",
        "security/example_sftp_rules.xml",
        "views/example_sftp_views.xml",
    ],
}

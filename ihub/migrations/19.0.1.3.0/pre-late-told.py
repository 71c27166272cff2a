"""Note that people know of what is late already: they are told when it is on time again."""


def migrate(cr, version):
    cr.execute("ALTER TABLE ihub_integration ADD COLUMN IF NOT EXISTS late_told boolean")
    cr.execute("UPDATE ihub_integration SET late_told = notify_late WHERE late_since IS NOT NULL")

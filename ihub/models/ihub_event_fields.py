"""Fields that refer to a record without binding the database to it.

Events are written through a connection of their own: what they refer to may exist only in a
transaction that is still open, may be locked, and may be gone later. A foreign key would wait for
that, or refuse.
"""

from odoo import fields


class LooseMany2one(fields.Many2one):
    """A Many2one without a foreign key."""

    def update_db_foreign_key(self, model, column):
        """Do not make one."""

    def forget_missing(self, records):
        """Let ``records`` have no value, in the cache, where theirs does not exist any more."""
        cache = self._get_cache(records.env)
        ids = {cache.get(id_) for id_ in records._ids} - {None}
        missing = ids - set(records.env[self.comodel_name].browse(ids).exists()._ids)
        for id_ in records._ids:
            if cache.get(id_) in missing:
                cache[id_] = None


class LooseReference(fields.Reference):
    """A Reference to a record of any model that there is."""

    def get_values(self, env):
        """Accept every model, without a list of them that would be sent to the browser."""
        return env.registry

from odoo import api, models

from ..engine.odoo_internals import of_primary


class IhubPrimaryReads(models.AbstractModel):
    """Rows whose fields say whether a run is alive: the primary database alone knows its locks.

    Odoo would let a replica answer what only reads; that one also lags behind.
    """

    _name = "ihub.primary.reads"
    _description = "Read from the Primary Database"

    @of_primary
    def read(self, fields=None, load="_classic_read"):
        return super().read(fields, load)

    @api.model
    @of_primary
    def search_read(
        self, domain=None, fields=None, offset=0, limit=None, order=None, **read_kwargs
    ):
        return super().search_read(domain, fields, offset, limit, order, **read_kwargs)

    @of_primary
    def web_read(self, specification):
        return super().web_read(specification)

    @api.model
    @of_primary
    def web_search_read(self, *args, **kwargs):
        return super().web_search_read(*args, **kwargs)

    @api.model
    @of_primary
    def web_read_group(self, *args, **kwargs):
        return super().web_read_group(*args, **kwargs)

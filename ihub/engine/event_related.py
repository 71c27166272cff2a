"""What an event is about: model, id and the name that it has now.

The name must be had without the ORM reading anything: a read can flush pending changes, and an
error in that flush, swallowed here, would lose them. So it comes from the cache, else from the
column with plain SQL; what is not yet flushed is in the cache by definition.
"""

import logging

from odoo.models import BaseModel
from odoo.tools import SQL

from ..core.shutdown import unless_shutdown
from ..core.text import to_text
from .odoo_internals import is_healthy

_logger = logging.getLogger(__name__)


def related_of(related):
    """Return model name, id and remembered name of ``related``, a recordset or anything."""
    try:
        if isinstance(related, BaseModel):
            return _of_records(related)
    except BaseException as error:
        unless_shutdown(error)
        _logger.debug("Not a record: %s", type(related))
    return None, None, to_text(related, 1000)


def _of_records(related):
    if not related._ids:
        return related._name, None, None
    first = related._ids[0]
    id_ = first if isinstance(first, int) else getattr(first, "origin", None)
    name = _name(related[:1], id_) or f"{related._name},{id_ or 'new'}"
    if len(related._ids) > 1:
        name = f"{name} (+{len(related._ids) - 1})"
    return related._name, id_, name


def _name(record, id_):
    try:
        return _cached_name(record) or (_stored_name(record, id_) if id_ else None)
    except Exception:
        return None


def _cached_name(record):
    for name in ("display_name", record._rec_name):
        field = record._fields.get(name)
        if field is None or field.type not in ("char", "text", "many2one", "selection"):
            continue
        value = field._get_cache(record.env).get(record._ids[0])
        if isinstance(value, dict):
            value = _in_language(value, record.env)
        if value and isinstance(value, str):
            return value
    return None


def _stored_name(record, id_):
    field = record._fields.get(record._rec_name)
    is_text = field is not None and field.column_type and field.type in ("char", "text")
    if not is_text or not field.store or not is_healthy(record.env.cr):
        return None
    table, column = SQL.identifier(record._table), SQL.identifier(record._rec_name)
    cr = record.env.cr
    cr.execute(SQL("SELECT %s FROM %s WHERE id = %s", column, table, id_), log_exceptions=False)
    row = cr.fetchone()
    value = row and row[0]
    return _in_language(value, record.env) if isinstance(value, dict) else value


def _in_language(translations, env):
    return translations.get(env.lang) or translations.get("en_US")

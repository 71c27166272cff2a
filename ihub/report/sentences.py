"""The sentences of :mod:`ihub.core.sentences`, in the language and on the clocks of the reader."""

from odoo import fields
from odoo.tools.translate import get_translation

from ..core.sentences import kept_values, sentence_of
from .format import local_moment, stated_moment


def stored(record, said):
    """Return the values that keep a sentence, or a text from elsewhere, in three fields.

    :param record: in whose language the text itself is, for who reads the row and not the screen
    :param said: a :class:`Sentence`, or the text of one; or another text, which is as it is for
        everybody
    """
    sentence = sentence_of(said)
    if sentence is None:
        return {"message": said, "message_code": False, "message_values": None}
    values = kept_values(sentence.values)
    return {
        "message": say(record, sentence.code, values, stated_moment),
        "message_code": sentence.code,
        "message_values": values,
    }


def read(record, told, name="message"):
    """Return what was kept, for the reader; as it is where it is no sentence of the hub.

    :param told: a record with the three fields, or their values
    """
    code, values = told[f"{name}_code"], told[f"{name}_values"]
    return say(record, code, values or {}) if code in SENTENCES else told[name]


def say(record, code, values, moment=local_moment):
    """Return a sentence.

    :param record: whose environment has the reader's language and time zone
    :param moment: how moments are said: a function of ``report/format.py``
    """
    said = {name: _value(record, name, value, moment) for name, value in values.items()}
    return SENTENCES[code](record.env, said)


def _value(record, name, value, moment):
    if name == "time":
        return moment(record, fields.Datetime.to_datetime(value))
    if name == "named":
        return {key: _value(record, key, each, moment) for key, each in value.items()}
    # A sentence within another one.
    if isinstance(value, dict) and value.get("code") in SENTENCES:
        return say(record, value["code"], value["values"], moment)
    return value


def _term(env, values):
    """Return what ``ihub.lib`` says, which knows no record and no reader."""
    lang = env.lang or "en_US"
    return get_translation(values["module"], lang, values["text"], values["named"])


def _done(env, values):
    if values["count"] == 1:
        return env._("Done: one record.")
    return env._("Done: %(count)s records.", **values)


def _merged(env, values):
    if not values["count"]:
        return env._("%(count)s runs, all done.", count=values["runs"])
    return env._("%(runs)s runs, all done: %(count)s records.", **values)


def _unexpected(env, values):
    sentence = env._("Unexpected data, or a fault in the integration's code.")
    return _kept(env, {"message": sentence}) if values.get("kept") else sentence


def _kept(env, values):
    return env._(
        "%(message)s (Part of its work was kept, because the code had already committed it.)",
        **values,
    )


SENTENCES = {
    # Of runs.
    "done": lambda env, values: env._("Done."),
    "done_records": _done,
    "merged": _merged,
    "doubtful": lambda env, values: env._(
        "Done without any records, where %(usual)s are usual at this hour and weekday.", **values
    ),
    "incomplete": lambda env, values: env._("%(done)s done, %(failed)s to repair.", **values),
    "with_errors": lambda env, values: env._("Done, but with errors. See what it reported."),
    "kept": _kept,
    "cancelled": lambda env, values: env._("Cancelled before it started."),
    "cancelled_copy": lambda env, values: env._(
        "Cancelled because this is a copy of another database."
    ),
    "skipped": lambda env, values: env._("Skipped after an outage."),
    "start_moved": lambda env, values: env._("Skipped: the start was moved forward."),
    "stopped_by": lambda env, values: env._("Stopped by %(user)s.", **values),
    "interrupted": lambda env, values: env._(
        "The server stopped or lost its connection to the database during this run. The run was "
        "last seen alive at %(time)s.",
        **values,
    ),
    "connection_lost": lambda env, values: env._(
        "The connection to the database was lost during this run. The run was last seen alive at "
        "%(time)s.",
        **values,
    ),
    "cut_off": lambda env, values: env._(
        "This work was interrupted %(times)s times in a row: the server stopped, or lost its "
        "connection to the database. Ask your administrator whether it needs too much memory or "
        "time.",
        **values,
    ),
    "pooled": lambda env, values: env._(
        "Nothing can run: a connection pool such as PgBouncer gives each transaction another "
        "session of PostgreSQL, and the lock that proves a run alive is lost with it. Ask your "
        "administrator to set pool_mode = session for Odoo's scheduled actions, or to let them "
        "connect to PostgreSQL directly. Then press Start."
    ),
    "too_early": lambda env, values: env._(
        "Done too early, because the server's clock ran ahead; its period is run again."
    ),
    "server_down": lambda env, values: env._("Down since %(time)s. %(reason)s", **values),
    "unexpected": _unexpected,
    "term": _term,
    # Of integrations.
    "started": lambda env, values: env._("Started."),
    "stopped": lambda env, values: env._("Stopped."),
    "failed": lambda env, values: env._("The integration failed."),
    "copy": lambda env, values: env._("Stopped because this is a copy of another database."),
    "worked": lambda env, values: env._("The last manual run succeeded."),
}

"""Checkpoints: work, progress and resume point of a run are committed before the run is over."""

import threading

from ..core.exceptions import StopRequested
from ..core.text import DEPTH_LIMIT, SIZE_LIMIT, NotPlain, clean_text, plain
from ..core.time_left import may_go_on
from . import event_buffer
from .context import current_run, is_executing
from .exceptions import UsageError
from .odoo_internals import is_retiring, time_limits

# What the column holds.
_MOST = 2**31 - 1
# Characters of the key of an own state.
_KEY_LENGTH = 200


def scope_of(record):
    """Return the run of ``record``, an integration, that this code is part of; None if of none.

    :raise UsageError: when a run executes, but this code is not what it commits
    """
    # The type may hide its row from the user as whom it runs; this link is no secret.
    env, integration = record.env, record.sudo().integration_id
    scope = current_run(env.cr.dbname)
    if scope is None:
        if is_executing(env.cr.dbname, integration.id):
            raise UsageError(_other_thread(env))
        return None
    if scope.integration_id != integration.id:
        raise UsageError(_other_integration(env, integration))
    if scope.thread != threading.get_ident():
        raise UsageError(_other_thread(env))
    if scope.watch and scope.watch.cr is not env.cr:
        raise UsageError(_other_cursor(env))
    return scope


def keep(record, processed, total, resume, goes_on=True):
    """Commit the work of the executing run with its progress, and obey a Stop.

    :param record: the integration whose code asks for it
    :param int processed: records done since the start of the window
    :param int total: records in the window, or None
    :param resume: JSON value for the next attempt
    :param bool goes_on: whether its code would go on behind it; else something is about to end it
    :raise StopRequested: after the commit, when somebody pressed Stop, or when the next piece of
        work might take longer than Odoo lets a scheduled action work, or its server is to end
    :raise UsageError: before anything was done
    """
    env = record.env
    processed = _count(env, "processed", processed)
    total = _count(env, "total", total)
    resume = checked_json(env, resume, "resume")
    scope = scope_of(record)
    if scope is None:
        return
    error = scope.watch.why_not_commit()
    if error:
        raise UsageError(explain(env, error))
    # The executor's own rows: the integration's user may have no rights on them.
    run = env["ihub.run"].sudo().browse(scope.run_id)
    run._record_progress(processed, total, resume, scope.error_logged)
    run._notify_change()
    event_buffer.flush(env.cr)
    scope.watch.commit()
    if run._is_stop_requested():
        scope.stopped = True
        raise StopRequested
    scope.note_kept()
    if goes_on and (is_retiring() or not may_go_on(time_limits(), scope.longest)):
        scope.out_of_time = True
        raise StopRequested


def checked_json(env, value, name):
    """Return ``value`` as it can be kept as JSON.

    :param str name: what the parameter is called
    :raise UsageError: when it would not come back as it was given, or is too large
    """
    try:
        return plain(value, name)
    except NotPlain as error:
        raise UsageError(_not_plain(env, error)) from error


def check_key(env, key):
    """Raise :class:`UsageError` unless own state can be kept under ``key``."""
    if not isinstance(key, str) or not 0 < len(key) <= _KEY_LENGTH or key != clean_text(key):
        raise UsageError(
            env._(
                "The key of a state must be text of at most %(limit)s characters, not %(key)s.",
                limit=_KEY_LENGTH,
                key=repr(key)[:100],
            )
        )


def explain(env, problem):
    """Return what to say to the developer of code whose transaction has a problem.

    :param str problem: as returned by :class:`~.context.TransactionWatch`
    """
    if problem == "savepoint":
        return env._(
            "checkpoint() was called inside a savepoint and would have ended it, so nothing was "
            'committed. Call it after the block of "with self.env.cr.savepoint()", and not in a '
            "method that processes one item: there process_each() commits."
        )
    if problem == "rollback":
        return env._(
            "The code of this integration rolled back its transaction: what it did since the "
            "last checkpoint is lost, so the period is not done. For work that may be rolled "
            'back, use "with self.env.cr.savepoint()" instead of cr.rollback().'
        )
    return env._(
        "The code of this integration ended its transaction behind Odoo's back, so it is unknown "
        "what was kept. Use self.checkpoint() instead of a COMMIT or ROLLBACK of its own."
    )


def _count(env, name, value):
    """Return a number of records as it can be stored."""
    try:
        number = int(value or 0)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if number < 0 or isinstance(value, str):
        raise UsageError(
            env._(
                "checkpoint(%(name)s=%(value)s): give a number of records, 0 or more.",
                name=name,
                value=repr(value)[:100],
            )
        )
    return min(number, _MOST)


def _not_plain(env, error):
    if error.reason == "size":
        return env._(
            "%(name)s is longer than %(limit)s characters as JSON. Store where to resume, not "
            "the data itself.",
            name=error.where,
            limit=SIZE_LIMIT,
        )
    if error.reason == "depth":
        return env._(
            "%(name)s is nested more than %(limit)s levels deep, or contains itself.",
            name=error.where,
            limit=DEPTH_LIMIT,
        )
    if error.reason == "key":
        return env._(
            "A key of %(name)s is of the type %(type)s. The keys of dictionaries must be text.",
            name=error.where,
            type=error.kind,
        )
    return env._(
        "%(name)s is of the type %(type)s, which cannot be read back unchanged. Use text, "
        "numbers, booleans, None, lists and dictionaries: datetimes as returned by "
        "fields.Datetime.to_string(), records as their IDs.",
        name=error.where,
        type=error.kind,
    )


def _other_integration(env, integration):
    return env._(
        "checkpoint() and resume_point() of %(name)s were called during a run of another "
        "integration. Call them on the record on which run_from_to() was called; start another "
        "integration with run_manually().",
        name=integration.display_name,
    )


def _other_thread(env):
    return env._(
        "checkpoint() and resume_point() were called in a different thread than the one that "
        "executes the run: what other threads do is not part of it. Collect what they return, "
        "and call these methods in the thread in which run_from_to() was called."
    )


def _other_cursor(env):
    return env._(
        "checkpoint() and resume_point() were called with a different cursor than that of the "
        "run, so they would not keep its work. Call them on the record on which run_from_to() "
        "was called."
    )

"""Keeping the work of a run before the run is over."""

from . import event_buffer
from .exceptions import StopRequested


def keep(env, scope, processed, total, resume):
    """Commit the work of the executing run with its progress, and obey a Stop.

    :param env: the environment of the integration's code
    :param RunScope scope: the executing run
    :param int processed: records done since the start of the window
    :param int total: records in the window, or None
    :param resume: JSON value for the next attempt
    :raise StopRequested: after the commit, when somebody pressed Stop
    """
    # The executor's own rows: the integration's user may have no rights on them.
    run = env["ihub.run"].sudo().browse(scope.run_id)
    run._record_progress(processed, total, resume)
    event_buffer.flush(env.cr)
    env.cr.commit()
    run._notify_change()
    if run._is_stop_requested():
        raise StopRequested

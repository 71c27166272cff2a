"""The run that the current thread executes."""

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_current = ContextVar("ihub_current_run", default=None)
# The runs that execute in this process: threads that their code starts do not inherit the above.
_executing = {}


@dataclass
class RunScope:
    """The executing run, for code inside it: what it may ask, and what it may say."""

    dbname: str
    run_id: int
    integration_id: int
    company_id: int | bool = False
    attempt: int = 1
    lang: str | None = None
    failed: bool = False
    reason: str | None = None
    error_logged: bool = False
    # Whether a checkpoint has told the code that somebody had pressed Stop.
    stopped: bool = False
    # Whether the run ends with the open transaction.
    ended: bool = False
    # Whether the integration's code has committed by itself.
    committed: bool = False
    # What watches the run's transaction, a TransactionWatch.
    watch: Any = None
    thread: int = field(default_factory=threading.get_ident)

    def begin(self):
        """Forget what an earlier try of the same attempt has said."""
        self.failed, self.reason, self.error_logged, self.ended = False, None, False, False
        self.stopped = False

    def fail(self, reason=None):
        """Let the run end as failed once ``run_from_to`` returns."""
        self.failed = True
        self.reason = reason or self.reason


def current_run(dbname):
    """Return the :class:`RunScope` that this thread executes on database ``dbname``, or None."""
    scope = _current.get()
    return scope if scope and scope.dbname == dbname else None


def is_executing(dbname, integration_id):
    """Return whether a run of an integration executes in any thread of this process."""
    return (dbname, integration_id) in _executing


def current_language():
    """Return the code of the language in which this thread's run speaks to people, or None."""
    scope = _current.get()
    return scope.lang if scope else None


@contextmanager
def executing(scope):
    """Declare that the body executes ``scope``, a :class:`RunScope`."""
    token = _current.set(scope)
    key = (scope.dbname, scope.integration_id)
    _executing[key] = scope
    try:
        yield scope
    finally:
        _executing.pop(key, None)
        _current.reset(token)

"""Deals with the elements of a run one by one, and keeps what became of each.

Each element is handed to a method of the type in a savepoint of its own. One that fails is undone
alone, and kept with its data and the reason; the others go on. What became of the elements is
written many at a time, in the transaction of their work, and committed with it.
"""

import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from odoo.exceptions import UserError
from odoo.models import BaseModel
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from psycopg2.errors import InvalidSavepointSpecification

from ..core import items as core
from ..core.exceptions import is_stop
from ..core.items import (
    Counts,
    FailedItemsLimit,
    MissingKey,
    MissingVersion,
    UnorderedVersion,
    is_place,
    takes_item,
)
from ..core.masking import mask_values
from ..core.paging import Pages
from ..core.retry import is_transient
from ..core.shutdown import is_shutdown
from ..core.text import NotPlain
from . import item_store, message_store
from .checkpoint import explain, keep, scope_of
from .context import declared, in_hand
from .exceptions import SettingsError, UsageError
from .failure import (
    RunFailed,
    failed_request,
    is_told,
    plain_message,
    readable,
    traceback_text,
)
from .item_store import Mark
from .odoo_internals import CursorWatcher, is_healthy, set_watcher

# So many elements are looked up, marked and committed together.
BATCH = 100
# Seconds after which they are committed before there are so many.
PAUSE = 2.0
# What gives its elements without running code of the type.
_READ_AHEAD = (list, tuple, BaseModel, Pages)
# What ends an attempt, whichever element it comes from: wrong settings are wrong for all.
_OF_ATTEMPT = (RunFailed, SettingsError, UsageError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY)
# In the place of an element behind the last.
_END = object()
# The Processing whose source or method works in this thread.
_at_work = ContextVar("ihub_items_at_work", default=None)


class Item:
    """An element in the hands of the type's method.

    :ivar str kind: of which kind it is, such as ``order``
    :ivar str key: what the other system calls it
    :ivar str name: what people call it
    :ivar data: the element, as corrected by people if it was
    :ivar int attempt: 1, and one more for each time that it has failed since it was last done
    """

    def __init__(self, env, kind, key, name, data, attempt, reference):
        self.kind, self.key, self.name, self.data = kind, key, name, data
        self.attempt = attempt
        self._env = env
        self._reference = reference

    @property
    def record(self):
        """The record of Odoo that it has become: one record, or None before :meth:`bind`."""
        return record_of(self._env, self._reference)

    def bind(self, record):
        """Remember that ``record`` is what this item has become.

        It is kept together with the work. The same key leads to it from then on, as long as it
        exists.

        :param record: one record of any model, saved already
        :raise UsageError: when it is none, or several
        """
        self._reference = reference_to(self._env, record)


def record_of(env, reference):
    """Return the record that ``model,id`` stands for; None if it is gone."""
    if not reference:
        return None
    model, __, id_ = reference.partition(",")
    Model = env.get(model)
    if Model is None:
        return None
    return Model.browse(int(id_)).exists() or None


def reference_to(env, record):
    """Return ``model,id`` of one saved record.

    :raise UsageError: when it is something else
    """
    is_one = isinstance(record, BaseModel) and len(record._ids) == 1
    if not is_one or not isinstance(record._ids[0], int) or not record._ids[0]:
        raise UsageError(
            env._(
                "bind() takes one saved record, and got %(value)s. Create the record first.",
                value=repr(record)[:100],
            )
        )
    return f"{record._name},{record._ids[0]}"


def check_kind(env, kind):
    """Raise :class:`UsageError` unless items can be of this kind."""
    if not isinstance(kind, str) or not kind:
        raise UsageError(
            env._(
                "The kind of an item must be text such as “order”, and is %(value)s.",
                value=repr(kind)[:100],
            )
        )


class Missed:
    """What a scheduled run finds of which no message has come, although messages do come.

    Of other runs, and of types that take none, nothing is asked and nothing is missed.

    :param run: the executing ``ihub.run``, or none
    """

    def __init__(self, cr, integration, kind, run):
        self._cr, self._integration = cr, integration
        webhook = integration._webhook() if run.trigger == "schedule" else None
        self._is_watched = (
            webhook is not None
            and webhook.kind == kind
            and message_store.had_begun(cr, integration.id, run.window_from)
        )
        self._heard_of = set()
        self._keys = set()
        self._number = 0

    def look(self, keys):
        """Find out of which of ``keys`` messages have come."""
        if self._is_watched:
            self._heard_of = message_store.keys_heard_of(self._cr, self._integration.id, keys)

    def has_come(self, key):
        """Return whether a message of ``key`` has come."""
        return key in self._heard_of

    def note(self, key):
        """What is new of ``key`` is about to be dealt with."""
        if self._is_watched and key not in self._heard_of:
            self._keys.add(key)

    def keep(self):
        """Count what was missed, in the transaction of what makes up for it."""
        if self._keys:
            self._number += len(self._keys)
            message_store.count(self._cr, self._integration.id, "missed", len(self._keys))
            self._keys = set()

    def tell(self):
        """Report what was missed."""
        if self._number:
            self._integration.ihub_warning(
                summary=self._integration.env._(
                    "No webhook was received for %(count)s items so far. All were made up for by "
                    "the schedule.",
                    count=self._number,
                ),
                integration=self._integration,
            )


@dataclass(slots=True)
class Element:
    """One element as it came, before it is dealt with."""

    data: Any
    key: str | None
    name: str | None
    text: str | None  # its data as they are kept
    fingerprint: str | None
    cursor: Any = None
    version: str | None = None
    problem: str | None = None  # what keeps it from being dealt with at all
    columns: dict[str, str] | None = None  # what lists show of it


class Processing(CursorWatcher):
    """One call of ``process_each``, or one retry.

    :param record: the type's row, as the integration's user
    :param handler: called with the data and an :class:`Item`
    :param str kind: of the elements
    """

    def __init__(self, record, handler, kind):
        self.record = record
        self.env = record.env
        self.cr = record.env.cr
        # The hub's own rows: the integration's user may have no rights on them.
        self.integration = _integration_of(record)
        self.handler = handler
        self.kind = kind
        self.counts = Counts()
        self._handler_name = _name_of_method(record, handler)
        self._company_id = _company_of_method(handler, self.integration)
        self._column_paths = tuple(record._item_texts("item_columns"))
        self._skip_unchanged = False
        self._limit = None
        self._marks = {}
        # Of rows to come: what is reported meanwhile is about those already.
        self._ids = []
        self._ids_taken = 0
        self._item = self._row = None  # in hand
        # Whether its method has asked the table, and what it has bound of others of this kind.
        self._is_shown, self._bound = False, set()
        self._kept_at, self._kept = time.monotonic(), 0
        self._cursor = self._total = None
        self._before = 0
        # Where the next element stands, the same in each attempt at a window.
        self._place = 0
        # Whether an attempt before has counted an element that there is already, by its row.
        self._was_counted = lambda row: False
        self.scope = scope_of(record)
        self._run_id = self.scope.run_id if self.scope else None
        # As superuser: whom the integration works for need not see its runs.
        run = self.env["ihub.run"].sudo().browse(self._run_id)
        # Once a run, of however many lists.
        self._told = self.scope.told if self.scope else set()
        if self.scope:
            if problem := self.scope.watch.why_not_commit():
                raise UsageError(explain(self.env, problem))
            self._lineage, self._attempts = run._lineage_ids(), run._attempt_ids()
            self._cursor = record.resume_point()
            if not self.scope.counts:
                # Those that an attempt before has got past do not come again.
                self.scope.goes_on = self._cursor is not None or run.trigger == "items"
                self.scope.processed = run.processed if self.scope.goes_on else 0
            self._before = self.scope.processed + sum(one.seen for one in self.scope.counts)
            self.scope.counts.append(self.counts)
        else:
            self._lineage = self._attempts = ()
        self._missed = Missed(self.cr, self.integration, kind, run)

    # --- Elements of a window ---

    def process(self, records, look, total=None, cursor=None, skip_unchanged=False):
        """Deal with all of ``records``; parameters as for ``process_each``.

        :param Look look: where key, name and version of an element are
        :return: :class:`Counts`
        :raise UsageError: Retry would not find the handler, or the kind is none
        """
        check_kind(self.env, self.kind)
        if not self._handler_name:
            raise UsageError(
                self.env._(
                    "process_each() takes a method of the type as handler, and got %(value)s. "
                    "Retry calls it again, and finds it by its name.",
                    value=repr(self.handler)[:100],
                )
            )
        self._check_call(records, look)
        self._skip_unchanged = skip_unchanged
        self._limit = FailedItemsLimit(
            self.integration.failed_items_limit, self.integration.failed_items_share
        )
        self._total = total and self._before + total
        self._begin(records, cursor)
        if cursor is None and isinstance(records, Pages):
            cursor = records.position
        for chunk, error in self._chunks(records, cursor):
            elements = [self._element(data, at, look) for data, at in chunk]
            self._take_chunk(elements, cursor is not None)
            if error is not None:
                if self._has_unkept() and is_healthy(self.cr):
                    self._keep(goes_on=False)
                raise error
        if self._has_unkept():
            self._keep()
        self._missed.tell()
        return self.counts

    def _check_call(self, records, look):
        """Refuse what would fail for each element, and say how it is written."""
        if not takes_item(self.handler):
            raise UsageError(
                self.env._(
                    "%(handler)s() cannot be called with two arguments, the data and the item. "
                    "Define it as: def %(handler)s(self, data, item).",
                    handler=self._handler_name,
                )
            )
        # What is in these are letters and the names of keys, where nothing has a place.
        if isinstance(records, (str, bytes, dict)) and not callable(look.key):
            raise UsageError(
                self.env._(
                    "process_each() takes the elements one by one, and got a %(kind)s. Hand over "
                    "the list in it, such as answer['orders'].",
                    kind=type(records).__name__,
                )
            )
        for name, where in look._asdict().items():
            is_optional = name != "key" and where is None
            if not is_optional and not is_place(where):
                raise UsageError(
                    self.env._(
                        "process_each(%(name)s=%(value)s): say where it is found, as a field "
                        "such as “id”, a path such as “customer.email” (“0” is the first of a "
                        "list), or a function that gets the element.",
                        name=name,
                        value=repr(where)[:100],
                    )
                )

    def _take_chunk(self, elements, has_cursor):
        known = self._known(elements)
        for element in elements:
            self._take(element, known)
            if has_cursor:
                self._cursor = element.cursor
            if self._keep_in_time():
                # People may have decided about the others meanwhile.
                known = self._known(elements)
        if self._has_unkept(BATCH):
            self._keep()

    def _begin(self, records, cursor):
        """Find out what of a list comes that an attempt before has counted."""
        goes_on = bool(self.scope and self.scope.goes_on)
        if cursor is None and isinstance(records, Pages) and records.is_at(self._cursor):
            self._go_on(records)
        elif goes_on and cursor is not None:
            self._was_counted = lambda row: row.source_run_id in self._lineage
        elif goes_on:
            # All of it comes again: it goes on in another list.
            self._was_counted = lambda row: True
            self._place -= self.scope.processed
        self._place += self._before

    def _go_on(self, pages):
        """Let a list begin at the page where an attempt before has ended."""
        again = pages.resume(self._cursor)
        if self.scope:
            # They come, and are counted, once more.
            self.scope.processed -= again
            self._before -= again

    def _known(self, elements):
        """Return ``{key: Row}`` of elements that there are already; take ids for the others."""
        keys = {one.key for one in elements}
        known = item_store.load(self.cr, self.integration.id, self.kind, keys)
        known |= {key: _known_of(self._marks[key].row) for key in keys & self._marks.keys()}
        missing = len(keys) - len(known) - len(self._ids)
        if missing > 0:
            # As many again: elements may come one by one.
            missing = max(missing, min(self._ids_taken, BATCH))
            self._ids += item_store.next_ids(self.cr, missing)
            self._ids_taken += missing
        self._missed.look(keys)
        return known

    def _element(self, data, cursor, look):
        text, fingerprint = self._packed(data)
        element = Element(data, None, None, text, fingerprint, cursor)
        self._place += 1
        try:
            element.key = core.key_at(data, look.key)
        except MissingKey:
            # None that another window has.
            place = f"{min(self._lineage, default=0)}-{self._place}"
            element.key = core.substitute_key(fingerprint, place)
            element.problem = self.env._(
                "It has no key: nothing was found at %(where)s. Ask the developer of the "
                "integration, or the other system, why.",
                where=look.key if isinstance(look.key, str) else "key",
            )
        name = core.text_at(data, look.name)
        element.name = name and mask_values(name)
        try:
            element.version = core.version_at(data, look.version)
        except MissingVersion:
            self._tell_missing_version(look.version)
        except UnorderedVersion as error:
            element.problem = element.problem or self.env._(
                "Its version “%(version)s” is neither a number nor a moment in ISO 8601, so "
                "nobody can tell whether it is newer than what is known. Ask the developer of the "
                "integration to compare something that is, or press Retry if it is the latest.",
                version=mask_values(str(error)),
            )
        return element

    def _tell_missing_version(self, where):
        """Report once that elements have nothing where their version should be."""
        if (self.kind, where) in self._told:
            return
        self._told.add((self.kind, where))
        self.integration.ihub_warning(
            summary=self.env._(
                "Nothing was found at “%(where)s”, where the version of each %(kind)s should be, "
                "so an older one may overwrite a newer one. Ask the developer of the integration "
                "to correct version=….",
                where=where if isinstance(where, str) else "version",
                kind=self.kind,
            ),
            integration=self.integration,
        )

    def _packed(self, data):
        """Return the data of an element as they are kept, and their fingerprint, or None twice."""
        try:
            text = core.packed(data, self._reference_in)
        except NotPlain:
            return None, None
        return core.without_secrets(text), core.fingerprint(text)

    def _reference_in(self, value):
        """Return what stands for a recordset within data; None for another object.

        :raise UsageError: what has not changed is to be left alone, and nobody could tell
        """
        reference = reference_in(value)
        if reference and self._skip_unchanged:
            raise UsageError(
                self.env._(
                    "skip_unchanged cannot tell whether %(record)s has changed: of a record, only "
                    "its model and ID are compared. Hand over dictionaries, such as "
                    "partners.read(['name', 'email']), or leave skip_unchanged out.",
                    record=repr(value)[:100],
                )
            )
        return reference

    def _take(self, element, known):
        row = known.get(element.key)
        if row and row.state == "ignored":
            self.counts.ignored += 1
            self._pass_over(row)
            return
        if row and (self._is_settled(element, row) or core.is_older(element.version, row.version)):
            self.counts.unchanged += 1
            self._pass_over(row)
            return
        if row and row.source_run_id in self._lineage:
            self._pass_over(row)
        if row is None or core.is_older(row.version, element.version):
            self._missed.note(element.key)
        row = row or item_store.new(element.key)
        is_same = row.fingerprint == element.fingerprint
        if row.data and row.is_corrected and is_same:
            kept = unpacked(self.env, row.data)
            element.data, element.text = core.unmasked(kept, element.data), row.data
        row = self._as_come(row, element, row.attempts, row.is_corrected and is_same)
        known[element.key] = self._deal_with(element, row)
        self._look_again(known)

    def _as_come(self, row, element, attempts, is_corrected):
        """Return the row of an element with what has come now."""
        return row._replace(
            name=element.name or row.name,
            fingerprint=element.fingerprint,
            version=element.version or row.version,
            attempts=attempts,
            source_run_id=self._run_id,
            is_corrected=is_corrected,
            company_id=self._company_id,
        )

    def _pass_over(self, row):
        """Count no element once more that an attempt before has counted: it looks like progress."""
        if self._was_counted(row):
            self.scope.processed -= 1
            self._before -= 1

    def _is_settled(self, element, row):
        """Return whether what became of it stands, since nothing of it has changed."""
        if row.fingerprint != element.fingerprint:
            return False
        if row.state == "failed":
            # Counted and told once: it failed for what waiting does not heal, so an attempt that
            # follows by itself, after a crash or an outage, would only fail again. Start is
            # pressed by somebody who may have mended the cause: then it is tried again.
            is_known = row.source_run_id in self._attempts and row.fingerprint is not None
            return is_known and not row.is_corrected
        if row.state != "done":
            return False
        # What an attempt at the same window has done; what people have repaired would fail again.
        if row.source_run_id in self._lineage or row.is_corrected:
            return True
        if self._missed.has_come(row.key):
            # A message has said the same, and that was done.
            return True
        return self._skip_unchanged and element.fingerprint is not None

    # --- Where they come from ---

    def _chunks(self, records, cursor):
        """Yield lists of elements, each with where the source then was; and its error, if any.

        What runs code of the type is asked for one at a time: what that keeps of its own, such as
        where it is, is never ahead of what was dealt with.
        """
        size = BATCH if isinstance(records, _READ_AHEAD) else 1
        chunk, error, begun = [], None, time.monotonic()
        iterator = iter(records)
        while True:
            try:
                data = self._next(iterator)
            except Exception as problem:
                error = problem
                break
            if data is _END:
                break
            chunk.append((data, cursor() if cursor else None))
            if len(chunk) == size or time.monotonic() - begun > PAUSE:
                yield chunk, None
                chunk, begun = [], time.monotonic()
        if chunk or error is not None:
            yield chunk, error

    def _next(self, iterator):
        name = f"_ihub_items_{id(self)}"
        set_watcher(self.cr, name, self)
        try:
            with declared(_at_work, self):
                return next(iterator, _END)
        finally:
            set_watcher(self.cr, name, None)

    def before_commit(self, cr):
        """The source may be about to commit the work on what it has given."""
        if is_healthy(cr):
            self._write()

    # --- Items that are tried again ---

    def retry(self, ids):
        """Deal again with items, with their data as they were kept.

        :param ids: of items of this kind
        :return: :class:`Counts`
        """
        for id_ in ids:
            # One by one: people may have wiped the data of the others meanwhile.
            row = item_store.load_by_id(self.cr, id_)
            if row is not None:
                self._deal_with(self._kept_element(row), row)
                self._keep()
        return self.counts

    def _kept_element(self, row):
        element = Element(None, row.key, row.name, row.data, None)
        # What would be worked with must be what has come, and not what is left of it.
        is_known = row.data is not None and not core.is_masked(row.data)
        try:
            element.data = unpacked(self.env, row.data) if is_known else None
        except (KeyError, ValueError, ArithmeticError, TypeError):
            # Of a model that is not installed any more, or masked in the midst of a value.
            is_known = False
        if not is_known:
            element.problem = self.env._(
                "Its data was not kept, so it cannot be retried from here. Run its period again."
            )
        elif core.is_substitute_key(row.key, row.fingerprint):
            # Once it comes with its key, it would be made again.
            element.problem = self.env._(
                "It has no key. Have it sent again with one, then leave this one out."
            )
        elif core.is_unread_key(row.key) and isinstance(element.data, (str, bytes)):
            # A message as it came: what its method expects was never made of it.
            element.problem = self.env._(
                "What was received cannot be read. Ask whoever runs the other system to send it "
                "again, correctly, then leave this one out."
            )
        elif row.company_id not in (None, self.env.company.id):
            # As superuser: who may not work there may not read its name.
            company = self.env["res.company"].sudo().browse(row.company_id).exists()
            element.problem = self.env._(
                "It belongs to the company %(company)s, in which %(user)s may no longer work. Add "
                "this user to the company, or choose another one in the field 'Runs as', then "
                "press Retry.",
                company=company.name or row.company_id,
                user=self.env.user.name,
            )
        elif self.handler is None:
            element.problem = self.env._(
                "The integration no longer knows what to do with it, because its type has "
                "changed. Run its period again, or ask its developer."
            )
        return element

    # --- One element ---

    def _deal_with(self, element, row):
        """Hand one element to the type's method; return the row that it becomes."""
        if row.id is None:
            row = row._replace(id=self._ids.pop(0))
        attempt = row.attempts + 1 if row.state in ("failed", "pending") else 1
        item = Item(
            self.env, self.kind, element.key, element.name, element.data, attempt, row.reference
        )
        # Of what came: its method may change it, or delete it.
        columns = core.columns_of(element.data, self._column_paths)
        element.columns = {column: mask_values(text) for column, text in columns.items()}
        has_told = self.scope and self.scope.error_logged
        self._item, self._row, self._is_shown = item, row, False
        with in_hand(row.id):
            error = self._attempt(element, item, has_told)
            if self._is_shown and error is None:
                # Written with its work.
                self._marks = {}
            if error is None:
                row = self._mark_done(element, item, row)
            else:
                row = self._mark_failed(element, item, row, error)
        self._item = None
        if self.scope and error is not None:
            # Of an item that has failed the run says more than that there were errors.
            self.scope.error_logged = has_told
        self._check_limit()
        return row

    def _attempt(self, element, item, has_told):
        """Call the type's method.

        :return: the exception for which this item failed, or None
        :raise BaseException: what ends the attempt of the whole run; the work so far is kept
        """
        if element.problem:
            return UserError(element.problem)
        try:
            self._call(element, item)
        except BaseException as error:
            own = self._own_error(error)
            if own is None:
                if not is_shutdown(error) and is_healthy(self.cr):
                    self._keep_others(has_told)
                raise
            return own
        return None

    def _keep_others(self, has_told):
        """Keep what was done before an element that ends the attempt, whose own work is undone.

        :param bool has_told: whether an error had been reported before it
        """
        scope = self.scope
        tells = scope and scope.error_logged
        try:
            if scope:
                scope.error_logged = has_told
            self._keep(goes_on=False)
        finally:
            if scope:
                # So that what it has told itself is not told once more.
                scope.error_logged = tells

    def _call(self, element, item):
        """Call the type's method in a savepoint.

        :raise Exception: what it raises, and where it leaves a transaction that keeps nothing
        """
        try:
            with self.cr.savepoint(), declared(_at_work, self):
                result = self.handler(element.data, item)
                self.integration._check_work_is_done(result, self._handler_name)
                if self.scope and self.scope.failed:
                    raise RunFailed(self.scope.reason)
        except InvalidSavepointSpecification as error:
            raise UsageError(_ended(self.env)) from error

    def _own_error(self, error):
        """Return ``error``, readable, if this item has failed by it; None if the attempt ends.

        It ends by a Stop, by wrong settings, and by what waiting heals.
        """
        if not isinstance(error, Exception) or isinstance(error, _OF_ATTEMPT):
            return None
        error = readable(error)
        ends = is_stop(error) or (is_transient(error) and not self._can_wait_alone())
        return None if ends else error

    def _can_wait_alone(self):
        """Return whether an item waits by itself for what waiting heals, while others go on."""
        return False

    def _mark_done(self, element, item, row):
        self.counts.done += 1
        if row.state in ("failed", "pending"):
            self.integration.ihub_info(
                summary=self.env._("Done: %(item)s", item=self._title(element)),
                related=item.record,
                integration=self.integration,
            )
        return self._mark(element, item, row, "done")

    def _mark_failed(self, element, item, row, error):
        self.counts.failed += 1
        message = plain_message(error) or self.env._("It failed without giving a reason.")
        if not is_told(error):
            self.integration.ihub_error(
                summary=self.env._(
                    "%(item)s: %(reason)s", item=self._title(element), reason=message
                ),
                details=None if element.problem else error,
                related=record_of(self.env, row.reference),
                integration=self.integration,
            )
        # What a type has bound was undone.
        item._reference = row.reference
        return self._mark(
            element,
            item,
            row,
            "failed",
            message=message,
            cause=core.cause_of(message),
            traceback=None if element.problem else traceback_text(error),
            failed_request=failed_request(self.integration, error),
        )

    def _mark(self, element, item, row, state, **reason):
        row = row._replace(
            state=state, attempts=item.attempt, reference=item._reference, data=element.text
        )
        self._marks[element.key] = Mark(
            row, self._run_id, self._handler_name, element.columns, **reason
        )
        return _known_of(row)

    def _title(self, element):
        return " ".join(filter(None, (self.kind, element.name or element.key)))

    # --- What is kept ---

    def _keep(self, goes_on=True):
        """Write what became of the elements since the last time, and commit it with their work.

        :param bool goes_on: see :func:`~.checkpoint.keep`
        :raise StopRequested: when somebody has pressed Stop, or the time is up
        """
        self._write()
        self._missed.keep()
        processed = self._before + self.counts.seen
        self._kept_at, self._kept = time.monotonic(), self.counts.seen
        keep(self.record, processed, self._total, self._cursor, goes_on)

    def _write(self):
        """Write what became of the elements since the last time."""
        if self._marks:
            item_store.save(self.env, self.integration, self.kind, self._marks.values())
            self._marks = {}

    # --- What its code asks the table ---

    def in_hand(self, key):
        """Return the :class:`Item` in hand if it has this key, or None."""
        return self._item if self._item and self._item.key == key else None

    def show(self):
        """Let the table say what is known so far.

        What is written while an item is in hand is undone if that fails, and written again.
        """
        if self._item is None:
            self._write()
            return
        if self._marks and not self._is_shown:
            item_store.save(self.env, self.integration, self.kind, self._marks.values())
        self._is_shown = True
        if self._row.reference != self._item._reference:
            self._row = self._row._replace(state="done", reference=self._item._reference)
            item_store.bind(self.env, self.integration, self.kind, self._row)

    def note_bound(self, key):
        """The code has bound an item that is not the one in hand."""
        if self._item:
            self._bound.add(key)

    def _look_again(self, known):
        """Let what the code of an element has bound be known to those behind it."""
        if self._is_shown:
            self._write()
        if self._bound:
            known.update(item_store.load(self.cr, self.integration.id, self.kind, self._bound))
            self._bound = set()

    def _has_unkept(self, number=1):
        """Return whether so many elements have been dealt with since the last commit."""
        return self.counts.seen - self._kept >= number

    def _keep_in_time(self):
        """Keep what was done where it is time to, as while each element takes long.

        :return: whether it was
        """
        is_time = time.monotonic() - self._kept_at > PAUSE
        if is_time:
            self._keep()
        return is_time

    def _check_limit(self):
        """End the run where too many items have failed.

        :raise TooManyFailedItems: what was done is kept
        """
        counts = self.counts
        if self._limit is None:
            return
        if not self._limit.is_exceeded(counts.failed, counts.done + counts.failed):
            return
        self._keep(goes_on=False)
        # Not with the reason of one of them: when its data are wiped, this would keep it.
        error = TooManyFailedItems(
            self.env._(
                "Too many items failed (%(failed)s of %(tried)s), so the run was ended. Look at "
                "the items to repair and fix what they have in common, or raise the limit on the "
                "page of the integration, then press Start.",
                failed=counts.failed,
                tried=counts.done + counts.failed,
            )
        )
        if self.scope:
            self.scope.ended_by = error
        raise error


def _known_of(row):
    """Return what is to be known of an element that was dealt with, if its key comes again."""
    # What is done needs its data no more than people may want to look at them.
    is_needed = row.is_corrected and row.state != "done"
    return row if is_needed else row._replace(data=None)


def _ended(env):
    return env._(
        "The method that processes one item ended the transaction, so it is unknown what was "
        'kept. Let process_each() commit; for work that may be rolled back, use "with '
        'self.env.cr.savepoint()".'
    )


class TooManyFailedItems(UserError):
    """More items of a run have failed than its integration allows."""


def reference_in(value):
    """Return what stands for a recordset within data; None for another object."""
    if isinstance(value, BaseModel) and all(isinstance(id_, int) and id_ for id_ in value._ids):
        return [value._name, list(value._ids)]
    return None


def unpacked(env, text):
    """Return the data of an item from the text as which they are kept."""
    return core.unpacked(text, lambda given: env[given[0]].browse(given[1]))


def _name_of_method(record, handler):
    """Return the name under which the type has the method ``handler``, or None."""
    name = getattr(handler, "__name__", None)
    owner = getattr(handler, "__self__", None)
    is_own = isinstance(owner, BaseModel) and owner._name == record._name
    return name if is_own and hasattr(record, name) else None


def _company_of_method(handler, integration):
    """Return the id of the company in which a method works; None for that of the integration."""
    owner = getattr(handler, "__self__", None)
    company = owner.env.company if isinstance(owner, BaseModel) else integration.company_id
    return company.id if company != integration.company_id else None


def _in_company(record, company_id):
    """Return ``record`` in a company, unless its user may not work there, or that is None."""
    may = company_id and (record.env.su or company_id in record.env.user._get_company_ids())
    return record.with_company(company_id) if may else record


def retry_of_run(record, run):
    """Deal again with the items that people have asked for in ``run``.

    :param record: the type's row, as the integration's user
    :param run: the executing ``ihub.run``
    """
    while asked := item_store.next_asked_for(record.env.cr, run.id, BATCH):
        kind, name, company_id, ids = asked
        there = _in_company(record, company_id)
        handler = getattr(there, name, None) if name else None
        Processing(there, handler, kind).retry(ids)


# --- Bindings ---


def _integration_of(record):
    # As superuser: as whom it works need not be a user of the hub.
    return record.sudo().integration_id


def _work_on(record, kind):
    """Return the :class:`Processing` at work on items of a kind, in the same transaction, or None.

    :param kind: None: of any
    """
    work = _at_work.get()
    is_it = (
        work is not None
        and kind in (None, work.kind)
        and work.cr is record.env.cr
        and work.integration.id == _integration_of(record).id
    )
    return work if is_it else None


def bound_record(record, kind, key):
    """Return the record that an item has become, or None; see ``bound`` of a type."""
    key = core.stored_key(key)
    if work := _work_on(record, kind):
        if item := work.in_hand(key):
            return record_of(record.env, item._reference)
        work.show()
    row = item_store.load(record.env.cr, _integration_of(record).id, kind, {key})
    return next((record_of(record.env, one.reference) for one in row.values()), None)


def bind_record(record, kind, key, target):
    """Let the item with a key be ``target``; see ``bind`` of a type."""
    check_kind(record.env, kind)
    reference = reference_to(record.env, target)
    integration = _integration_of(record)
    key = core.stored_key(key)
    if work := _work_on(record, kind):
        if item := work.in_hand(key):
            item.bind(target)
            return
        work.show()
        work.note_bound(key)
    known = item_store.load(record.env.cr, integration.id, kind, {key})
    row = known.get(key) or item_store.new(key)
    if row.id is None:
        row = row._replace(id=item_store.next_ids(record.env.cr, 1)[0], state="done")
    item_store.bind(record.env, integration, kind, row._replace(reference=reference))


def key_of_record(record, target, kind):
    """Return the key of what an item has become, or None; see ``key_of`` of a type."""
    reference = reference_to(record.env, target)
    if work := _work_on(record, kind):
        work.show()
    return item_store.key_of(record.env.cr, _integration_of(record).id, reference, kind)

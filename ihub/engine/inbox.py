"""The lane takes what other systems have sent: each message once, in order per key.

A message is dealt with as an element of ``process_each``, but one that has to wait waits by itself:
those of its key behind it, the others pass. What became of it is written in the transaction of its
work.
"""

import time
from datetime import datetime, timezone

from ..core import items as core
from ..core.items import Look
from ..core.retry import next_attempt, server_down_in
from ..core.text import NotPlain
from . import item_store, message_store
from .failure import plain_message, readable
from .items import BATCH, Element, Processing, reference_in
from .message_store import Outcome
from .odoo_internals import is_healthy

# Seconds after which a run is over although messages still come: others get their turn.
LONGEST_RUN = 60.0


def take_messages(record):
    """Deal with the messages that wait.

    :param record: the type's row, as the integration's user
    """
    Inbox(record).take()


class Inbox(Processing):
    """The messages of one integration, in the hands of a run."""

    def __init__(self, record):
        self.webhook = record.sudo().integration_id._webhook()
        handler = getattr(record, self.webhook.handler)
        super().__init__(record, handler, self.webhook.kind)
        self._look = Look(self.webhook.key, self.webhook.name, self.webhook.version)
        self._outcomes = []
        self._due = None  # of the message in hand, if it is to wait

    def take(self):
        """Deal with all messages, those included that come meanwhile."""
        begun = time.monotonic()
        while messages := message_store.ready(self.cr, self.integration, self.webhook, BATCH):
            self._take_batch(messages)
            self._keep()
            if time.monotonic() - begun > LONGEST_RUN:
                break

    def _take_batch(self, messages):
        elements = [self._read(message) for message in messages]
        known = self._known(elements)
        keys = {element.key for element in elements}
        held = message_store.waiting_keys(self.cr, self.integration, keys)
        for message, element in zip(messages, elements, strict=True):
            row = known.get(element.key)
            if element.key in held or self._is_held(message, row):
                held.add(element.key)
                self._outcomes.append(Outcome(message.id, "pending", element.key))
                continue
            known[element.key] = row = self._take_one(element, row)
            self._look_again(known)
            if self._due or (row.state == "failed" and not self.webhook.version):
                held.add(element.key)
            state = "pending" if self._due else "done"
            self._outcomes.append(Outcome(message.id, state, element.key, self._due))
            if self._keep_in_time():
                # People may have decided about the others meanwhile.
                known = self._known(elements)
                held |= message_store.waiting_keys(self.cr, self.integration, keys)

    def _is_held(self, message, row):
        """Return whether an item has to be repaired before the next message of its key.

        So has one that somebody has just asked to be tried again; of those whose key is known the
        query has said so.
        """
        if row is None or message.key:
            return False
        is_open = row.state == "failed" and not self.webhook.version
        return is_open or row.state == "pending"

    def _take_one(self, element, row):
        self._due = None
        if row and row.state == "ignored":
            self.counts.ignored += 1
            return row
        if row and core.is_older(element.version, row.version):
            self.counts.unchanged += 1
            return row
        row = row or item_store.new(element.key)
        # One that is newer than what has failed has waits of its own.
        attempts = row.attempts if row.state == "pending" else 0
        row = self._as_come(row, element, attempts, False)
        return self._deal_with(element, row)

    # --- What a message says ---

    def _read(self, message):
        """Return the :class:`Element` that a message is."""
        try:
            element = self._element(self.webhook.parse(message.body), None, self._look)
        except Exception as error:
            return self._unreadable(message, plain_message(readable(error)))
        if element.text is None:
            return self._unreadable(message, self._why_not_kept(element.data))
        if core.is_substitute_key(element.key, element.fingerprint):
            # Not that of another one with the same content.
            element.key = f"{element.key}-{message.id}"
        return element

    def _why_not_kept(self, data):
        try:
            core.packed(data, reference_in)
        except NotPlain as problem:
            if problem.reason == "size":
                return self.env._("It is too large.")
            if problem.reason == "type":
                return self.env._(
                    "The type's parse() returned data of the class %(kind)s, which cannot be kept.",
                    kind=problem.kind,
                )
        return self.env._("It is nested too deeply.")

    def _unreadable(self, message, reason):
        """Return what stands for a message that cannot be read: people see it as it came."""
        text, fingerprint = self._packed(message.body.decode("utf-8", "replace"))
        if text is None:
            # Too long once it is text, as where little of it is.
            text, fingerprint = self._packed(message.body)
        problem = self.env._(
            "What was received cannot be read: %(reason)s Ask whoever runs the other system, or "
            "the developer of the integration.",
            reason=reason,
        )
        key = core.unread_key(message.id)
        return Element(None, key, None, text, fingerprint, problem=problem)

    # --- What becomes of it ---

    def _can_wait_alone(self):
        return is_healthy(self.cr)

    def _mark_failed(self, element, item, row, error):
        self._due = self._retry_at(item, row, error)
        if not self._due:
            return super()._mark_failed(element, item, row, error)
        message = plain_message(error) or self.env._("It failed without giving a reason.")
        if row.state != "pending":
            self.integration.ihub_warning(
                summary=self.env._(
                    "%(item)s waits: %(reason)s", item=self._title(element), reason=message
                ),
                details=error,
                integration=self.integration,
            )
        item._reference = row.reference
        return self._mark(element, item, row, "pending", message=message)

    def _retry_at(self, item, row, error):
        """Return when to try a message again, in naive UTC, or None."""
        if server_down_in(error):
            # Nobody has tried it.
            item.attempt = row.attempts
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        return next_attempt(error, item.attempt, self.integration._retry_policy(), now)

    # --- What is kept ---

    def _keep(self, **options):
        if self._outcomes:
            message_store.save(self.cr, self._outcomes)
            self._outcomes = []
        return super()._keep(**options)

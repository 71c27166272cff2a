"""Fifteen tests that every type of integration should pass; a type only says what it is about."""

import functools
import logging
import socket
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo.models import MAGIC_COLUMNS, BaseModel
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.translate import LazyGettext

from ..core.items import changed, value_at
from ..engine.worker import Worker
from .common import IntegrationCase, frozen, moment
from .http_server import Reply

_logger = logging.getLogger(__name__)

# A day: what is tried again within hours is tried before the next window ends.
START, END = moment("2025-03-01 00:00"), moment("2025-03-02 00:00")
# Longer than anybody waits within a run.
WAIT = 3600
# So many checkpoints are tried; those of more are like them.
CHECKPOINTS = 25
HOSTILE = " '\";<script>alert(1)</script>%s {0} \\ \u202e\U0001f600\n"


def check(function):
    """Note what came of one of the fifteen tests."""

    @functools.wraps(function)
    def test(self):
        name = function.__name__
        self.outcomes[name] = "failed"
        if reason := self._not_applicable(name):
            self.outcomes[name] = "not applicable"
            self.skipTest(f"not applicable: {reason}")
        function(self)
        self.outcomes[name] = "passed"

    test.is_check = True
    return test


@tagged("post_install", "-at_install")
class ConformanceCase(IntegrationCase):
    """Inherit from this class, name the type, and say how the other side answers.

    Which of the tests do not apply follows from what is said here, and whether that is true is
    tested as well. The server's log says at the end: ``conformant: 15/15``.
    """

    # Only those that name a type are tests.
    __test__ = False
    # Else Odoo's runner leaves out what a class has not itself.
    allow_inherited_tests_method = True

    # The type: the name of its model.
    model = None

    # Whether it asks another server by HTTP, which is ``self.server`` here.
    speaks_http = True

    # The groups of whoever adds it, as ``new_test_user`` takes them: it works with their rights.
    groups = "ihub.group_manager"

    # What the other side has for one window, as ``serve`` takes it; None: there is no such thing.
    elements = None

    # One more of them, which cannot be dealt with; None: the type has no items.
    bad_element = None

    # What people would correct of it: values by path, as in ``item_fields``. {}: nothing.
    repair = {}

    # Which of their texts may be anything, as paths such as "customer.name"; None: all texts.
    free_texts = None

    # What must never be seen, such as a password in the settings.
    secrets = ()

    def __init_subclass__(cls, **kwargs):
        cls.__test__ = cls.model is not None
        cls.outcomes = {}
        return super().__init_subclass__(**kwargs)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, "ihub_conformance", groups=cls.groups)
        cls.addClassCleanup(lambda: _logger.info("%s is %s", cls.model, cls.summary()))

    # --- What a type says ---

    def settings(self):
        """Return values of an integration, such as ``{"address": self.server.url}``."""
        return {}

    def serve(self, elements):
        """Let the other side have these elements, as with ``self.server.reply``.

        Called before each run; also with none, with more, and with strange texts in them. A type
        that only takes messages need not say anything: each element is sent to its webhook.
        """

    def made(self):
        """Return what the type has made: all records of a model, or a list of values."""
        return []

    def values_of(self, record):
        """Return what must be the same of a record that is made again in another way.

        By default all that is stored and neither computed nor a relation. Leave out a number that
        is drawn from a sequence.
        """
        return [
            record[name]
            for name, field in sorted(record._fields.items())
            if field.store and not field.compute and not field.relational
            if name not in MAGIC_COLUMNS
        ]

    # --- The fifteen ---

    @check
    def test_same_window_twice(self):
        """What comes a second time is not made a second time."""
        self._serve(self.elements)
        integration = self._added()
        self._assert_done(self._run(integration))
        self._check_what_is_said(integration)
        once = self._facts()
        self._rewind(integration)
        self._serve(self.elements)
        self._assert_done(self._run(integration))
        self.assertEqual(self._facts(), once, "The same window, done twice, makes something else.")

    @check
    def test_killed_at_every_checkpoint(self):
        """Killed before or after any checkpoint, or at its end, it makes the same when resumed."""
        expected = self._expected()
        deaths = [self.die_at(1, "ihub.run", "_complete")]
        for number in range(1, CHECKPOINTS + 1):
            deaths += [self.die_at_checkpoint(number), self.die_at_checkpoint(number, after=True)]
        for death in deaths:
            with self.undone():
                if not self._killed_and_resumed(death, expected):
                    break

    @check
    def test_one_bad_item(self):
        """One that cannot be dealt with is left to be repaired; the others are done."""
        expected = self._expected()
        integration = self._run_with_bad()
        self.assertEqual(len(self.items(integration, state="failed")), 1)
        self.assertEqual(self._facts(), expected, "Others than the bad item are not as without it.")

    @check
    def test_retried_item(self):
        """Retry deals with that one again, as corrected, and with no other."""
        integration = self._run_with_bad()
        item, before = self.items(integration, state="failed"), len(self._facts())
        if self.repair:
            self.correct(item, self.repair)
        run = self.retry(item, self._moment())
        self._assert_done(run)
        self.assertEqual(item.state, "done" if self.repair else "failed", item.message)
        self.assertFalse(item.message and "no longer knows" in item.message, item.message)
        self.assertEqual(len(self._facts()), before + bool(self.repair))
        self.assertEqual(run.processed, 1, "Retry has dealt with other items too.")

    @check
    def test_asked_to_wait(self):
        """HTTP 429: it is tried again when the server said so, and not before."""
        headers = {"Retry-After": str(WAIT)}
        run = self._run_in(self.server.trouble(lambda reply: Reply(429, headers=headers)))
        if run.trigger == "schedule":
            wait = run.due - self._moment()
            self.assertGreaterEqual(wait, timedelta(seconds=WAIT), "It comes back too early.")

    @check
    def test_access_refused(self):
        """HTTP 401: the run fails at once, says why, and shows no secret."""
        run = self._run_in(self.server.trouble(lambda reply: Reply(401)), state="failed")
        self.assertTrue(run.message)

    @check
    def test_timeout(self):
        """A server that says nothing is given up in time, and asked again later."""
        waits = []
        self._run_in(_impatient(self.server, waits))
        self.assertTrue(waits, "The server was not asked.")
        self.assertNotIn(None, waits, "It would wait for ever: give the request a time-out.")

    @check
    def test_cut_body(self):
        """Half an answer is no answer: it is asked for again later."""
        self._run_in(self.server.trouble(_cut))

    @check
    def test_no_network(self):
        """Without a network it is tried again later."""
        no_name = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        self._run_in(patch("socket.getaddrinfo", side_effect=no_name))

    @check
    def test_empty_window(self):
        """Nothing to do is done, without a word of warning."""
        run = self._run_with([])
        self._assert_done(run)
        self.assertEqual(self._facts(), [], "An empty window makes something.")
        words = run.event_ids.filtered(lambda event: event.level != "info").mapped("summary")
        self.assertFalse(words, "An empty window is no trouble.")

    @check
    def test_two_companies(self):
        """What it makes belongs to the company of its integration, and to no other."""
        other = self.env["res.company"].create({"name": "Conformance"})
        (self.env.user + self.user).company_ids |= other
        made = {}
        companies = [other] if self.env[self.model].is_singleton else [other, self.env.company]
        for company in companies:
            before = self._made_ids()
            self._serve(self.elements)
            self._assert_done(self._run(self._added(company_id=company.id)))
            made[company] = self._made_ids() - before
        for company, ids in made.items():
            self.assertTrue(ids, f"Nothing was made for {company.name}.")
            strange = self._made_by(ids).company_id - company
            self.assertFalse(
                strange, f"It makes in {strange.mapped('name')}: {company.name} asked."
            )

    @check
    def test_hostile_text(self):
        """Whatever stands in texts, the run is done, and texts stay texts."""
        expected = self._expected()
        run = self._run_with([self._hostile(element) for element in self.elements])
        self._assert_done(run)
        if self.free_texts:
            self.assertEqual(len(self._facts()), len(expected), "A strange text is no bad item.")
        for record in self._records():
            for name, field in record._fields.items():
                if field.type == "html" and field.store:
                    self.assertNotIn("<script", record[name] or "", f"{name} runs a script.")
        self.assertNotIn("<script", "".join(run.integration_id.item_ids.mapped("data_html")))

    @check
    def test_no_commit_of_its_own(self):
        """It leaves commit and rollback to the hub, and makes checkpoints."""
        committed = []
        original = Worker._report_commits

        def look(worker, scope):
            committed.append(scope.committed)
            original(worker, scope)

        with patch.object(Worker, "_report_commits", look):
            run = self._run_with(self.elements)
        self._assert_done(run)
        self.assertEqual(committed, [False], "Use self.checkpoint() in place of cr.commit().")

    @check
    def test_settings_form_opens(self):
        """A manager opens the settings, and saves them."""
        integration = self._added(start=None).with_user(self.user)
        try:
            action = integration.open_settings()
            row = self.env[action["res_model"]].with_user(self.user).browse(action["res_id"])
            ((view, _kind), *_others) = action.get("views") or [[False, "form"]]
            Form(row, view=view or None).save()
        except Exception as error:
            raise self.failureException(f"The settings do not open: {error}") from error

    @check
    def test_description_and_translations(self):
        """It says what it does, in words that can be translated."""
        Type = self.env[self.model]
        self.assertFalse(self._added(start=None).problem)
        self.assertNotIn(Type._type_title(), ("", self.model), "Give it a _description.")
        self.assertTrue(Type.description, "Give it a description: what it does, in HTML.")
        texts = [Type.description, *Type.item_fields.values(), *Type.item_columns.values()]
        plain = [text for text in texts if not isinstance(text, LazyGettext)]
        self.assertFalse(plain, "Mark these with _lt, so that Odoo exports them.")

    # --- What applies ---

    def _not_applicable(self, name):
        """Return why a test does not apply to the type, or None."""
        if name in _OF_HTTP and not self.speaks_http:
            return "it asks no server by HTTP"
        if name in _OF_ITEMS and self.bad_element is None:
            return "it has no items"
        if name in _OF_ELEMENTS and self.elements is None:
            return "it gets nothing from elsewhere"
        if name == "test_empty_window" and self._only_receives:
            return "it has no windows"
        if name == "test_two_companies":
            if self.env[self.model].is_multi_company_compatible:
                return "it serves all companies by itself"
            if not isinstance(self.made(), BaseModel) or "company_id" not in self.made()._fields:
                return "what it makes belongs to no company"
        return None

    @classmethod
    def checks(cls):
        """Return the names of the fifteen tests."""
        return [name for name in dir(cls) if getattr(getattr(cls, name), "is_check", False)]

    @classmethod
    def summary(cls):
        """Return what came of the tests: ``conformant: 13/13, 2 not applicable``."""
        counted = list(cls.outcomes.values())
        without = counted.count("not applicable")
        total = len(cls.checks()) - without
        passed = counted.count("passed")
        word = "conformant" if passed == total else "NOT conformant"
        return f"{word}: {passed}/{total}" + (f", {without} not applicable" if without else "")

    def _check_what_is_said(self, integration):
        """Hold what decides which tests apply against what the type does."""
        if self.elements:
            self.assertTrue(self._facts(), "Nothing was made: what do serve() and made() say?")
        asked = bool(self.server.requests)
        self.assertEqual(asked, self.speaks_http, "Say with speaks_http whether it asks a server.")
        if self.items(integration):
            self.assertIsNotNone(self.bad_element, "It has items: say one as bad_element.")

    def _hostile(self, element):
        if self.free_texts is None:
            return _hostile(element)
        texts = {path: value_at(element, path) for path in self.free_texts}
        return changed(element, {path: _hostile(text) for path, text in texts.items()})

    # --- Runs ---

    @property
    def _is_job(self):
        return self.env[self.model].is_job

    @property
    def _only_receives(self):
        Type = self.env[self.model]
        return bool(Type.webhook) and not (Type.is_job or Type.is_manually_runnable)

    def _serve(self, elements):
        self._served = elements
        self.serve(elements)

    def _added(self, start=START, **values):
        schedule = {"interval_type": "days", "interval_number": 1, "time_of_day": 0}
        values = {
            **(schedule if self._is_job else {}),
            "retry_limit": 3,
            "retry_delay": 5,
            **self.settings(),
            **values,
        }
        self._baseline = self._made_ids()
        is_started = self._is_job or self._only_receives
        integration = self.add(self.model, self.user, start=start if is_started else None, **values)
        # The test looks at all.
        return integration.with_env(self.env)

    def _moment(self):
        """Return when the first window is due."""
        delay = self.env[self.model].delay
        return END + (delay if isinstance(delay, timedelta) else timedelta(seconds=delay))

    def _run(self, integration, when=None):
        """Let the first window be done, or what is left of it; return its last run."""
        when = when or self._moment()
        if self._only_receives:
            for element in self._served:
                self.receive(integration, element, at=when)
        if self._is_job or self._only_receives:
            return self.run_due(integration, when)[-1:]
        if not self.runs(integration, state="running"):
            return self.run_window(integration, at=when)
        return self.run_due(integration, when)[-1:]

    def _run_with(self, elements):
        self._serve(elements)
        return self._run(self._added())

    def _run_with_bad(self):
        run = self._run_with([*self.elements, self.bad_element])
        self._assert_done(run)
        return run.integration_id

    def _rewind(self, integration):
        """Let the first window be done again."""
        if self._is_job:
            with frozen(self._moment()):
                integration.stop()
                integration.window_from = START
                integration.start()

    def _run_in(self, trouble, state="pending"):
        """Run with a trouble, a context manager, and without it; return the run that met it."""
        with trouble:
            run = self._run_with(self.elements)
        self._assert_ended(run, state)
        self._assert_heals(run)
        return run

    def _killed_and_resumed(self, death, expected):
        """Return whether a run was killed; it was made up for then."""
        self._serve(self.elements)
        integration = self._added()
        with death as killed:
            self._run(integration)
        if killed.happened:
            self._serve(self.elements)
            self._assert_done(self._run(integration))
            self.assertEqual(self._facts(), expected, "Killed and taken up again, it differs.")
        return killed.happened

    def _assert_done(self, run):
        self.assertEqual(run.mapped("state"), ["done"], self._why(run) or "It did not run.")

    def _why(self, run):
        """Return what a run says of itself, and why items of it have failed."""
        items = self.items(run.integration_id, state="failed")
        return "\n".join(filter(None, dict.fromkeys([run.message, *items.mapped("message")])))

    def _assert_ended(self, run, state):
        """A run waits to be tried again, or has failed, and nothing of it was made."""
        if not self._is_job:
            # Nobody is waiting but whoever has pressed the button.
            state = "failed"
        self.assertNotEqual(run.state, "done", "It took that for a success.")
        self.assertEqual(run.state, state, self._why(run))
        self.assertEqual(self._facts(), [], "Something was made of no answer.")
        for secret in self.secrets:
            self.assertNoSecret(secret)

    def _assert_heals(self, run):
        """When the trouble is over, the window is done as if there had been none."""
        with self.undone():
            integration, when = run.integration_id, max(run.due, self._moment())
            if self._is_job and integration.state != "running":
                with frozen(when):
                    integration.start()
            self._serve(self.elements)
            self._assert_done(self._run(integration, when))
            found = self._facts()
        self.assertEqual(found, self._expected(), "After the trouble, it differs.")

    # --- What was made ---

    def _expected(self):
        """Return what a run without any trouble makes."""
        with self.undone():
            self._assert_done(self._run_with(self.elements))
            return self._facts()

    def _facts(self):
        """Return what was made since the integration was added, comparable."""
        made = self.made()
        if not isinstance(made, BaseModel):
            return list(made)[len(self._baseline) :]
        return sorted((self.values_of(record) for record in self._records()), key=repr)

    def _records(self):
        made = self.made()
        return (
            self._made_by(self._made_ids() - self._baseline) if isinstance(made, BaseModel) else ()
        )

    def _made_by(self, ids):
        return self.made().browse(sorted(ids)).sudo()

    def _made_ids(self):
        made = self.made()
        return set(made.ids) if isinstance(made, BaseModel) else set(range(len(made)))


_OF_HTTP = (
    "test_asked_to_wait", "test_access_refused", "test_timeout", "test_cut_body",
    "test_no_network",
)  # fmt: skip
_OF_ITEMS = ("test_one_bad_item", "test_retried_item")
_OF_ELEMENTS = ("test_empty_window", "test_hostile_text")


def _hostile(value):
    """Return ``value`` with strange texts in place of all texts in it."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, dict):
        return {key: _hostile(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hostile(one) for one in value]
    return value


def _cut(reply):
    return replace(reply, cut=len(reply.body) // 2, json=None)


@contextmanager
def _impatient(server, waits):
    """Let whoever waits for an answer of ``server`` have waited already.

    :param list waits: is given their time-outs: seconds, or None where there was none
    """
    original = socket.SocketIO.readinto

    def readinto(stream, buffer):
        if not _is_asked(server, stream._sock):
            return original(stream, buffer)
        waits.append(stream._sock.gettimeout())
        raise TimeoutError("timed out")

    with patch.object(socket.SocketIO, "readinto", readinto):
        yield


def _is_asked(server, sock):
    """Return whether ``sock`` belongs to who asks ``server``, not to the server's own side."""
    try:
        return sock.getpeername()[1] == server.port
    except OSError:
        return False

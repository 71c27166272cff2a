"""Events and real commits, rollbacks, locks, threads and deaths.

Nothing here runs inside a test's transaction. The clock is the real one: what is said about "within
a second" is waited for, with much patience and no fixed sleep.
"""

import os
import signal
import tempfile
import textwrap
import threading
from contextlib import closing, contextmanager, suppress
from unittest.mock import patch

import psycopg2
import pytest
from hub_driver import ADDONS_PATH, LOCKS_HERE, TYPE
from odoo_process import begin, run

ROWS = "SELECT summary, undone FROM ihub_event ORDER BY id"


@pytest.fixture
def integration(hub):
    return hub.add()


@contextmanager
def open_env(hub):
    """An environment whose cursor is closed, and so rolled back, at the end."""
    from odoo import SUPERUSER_ID, api

    with closing(hub.registry.cursor()) as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


def target(env, integration):
    return env[TYPE].search([("integration_id", "=", integration)])


def test_committed(hub, integration):
    with open_env(hub) as env:
        target(env, integration).ihub_info("one")
        env.cr.commit()
        assert hub.execute(ROWS) == [("one", False)]


def test_rolled_back_at_each_stage(hub, integration):
    """What was written already is marked, what was still waiting is written as undone."""
    from odoo.addons.ihub.engine import event_buffer

    with open_env(hub) as env:
        record = target(env, integration)
        record.ihub_info("kept")
        env.cr.commit()
        record.ihub_info("written")
        event_buffer.flush(env.cr)
        assert hub.execute(ROWS)[1:] == [("written", False)]
        record.ihub_info("waiting")
        env.cr.rollback()
        assert hub.execute(ROWS)[1:] == [("written", True), ("waiting", True)]
        record.ihub_info("next")
        env.cr.commit()
    assert hub.execute(ROWS)[3:] == [("next", False)]
    assert hub.execute(ROWS)[0] == ("kept", False)


def test_closed_without_commit(hub, integration):
    with open_env(hub) as env:
        target(env, integration).ihub_info("one")
    assert hub.execute(ROWS) == [("one", True)]


def test_savepoint(hub, integration):
    from odoo.addons.ihub.engine import event_buffer

    with open_env(hub) as env:
        record = target(env, integration)
        with pytest.raises(ZeroDivisionError), env.cr.savepoint():
            record.ihub_info("first of the cursor")
            event_buffer.flush(env.cr)
            record.ihub_info("waiting")
            raise ZeroDivisionError
        record.ihub_info("after")
        env.cr.commit()
    assert hub.execute(ROWS) == [
        ("first of the cursor", True), ("waiting", True), ("after", False)
    ]  # fmt: skip


def test_error_is_there_at_once(hub, integration):
    with open_env(hub) as env:
        target(env, integration).ihub_info("before")
        target(env, integration).ihub_error("error")
        assert hub.execute(ROWS) == [("before", False), ("error", False)]


def test_quiet_event_arrives_by_itself(hub, integration):
    with open_env(hub) as env:
        target(env, integration).ihub_info("one")
        hub.wait(lambda: hub.execute(ROWS), "The event", wake=False)


def test_many_events_are_in_order(hub, integration):
    with open_env(hub) as env:
        record = target(env, integration)
        for number in range(20_000):
            record.ihub_info(str(number))
        env.cr.commit()
    rows = hub.execute("SELECT summary, create_date FROM ihub_event ORDER BY id")
    assert [summary for summary, __ in rows] == [str(n) for n in range(20_000)]
    moments = [moment for __, moment in rows]
    assert moments == sorted(moments)


def test_aborted_and_closed_transactions(hub, integration):
    with open_env(hub) as env:
        record = target(env, integration)
        record.integration_id.company_id  # noqa: B018
        with pytest.raises(psycopg2.Error):
            env.cr.execute("SELECT 1/0", log_exceptions=False)
        record.ihub_info("aborted", related=env.user)
        record.ihub_error("aborted too")
        assert len(hub.execute(ROWS)) == 2
    record.ihub_info("closed")
    hub.wait(lambda: len(hub.execute(ROWS)) == 3, "The event", wake=False)
    assert hub.execute(ROWS)[2] == ("closed", False)


def test_commit_of_an_aborted_transaction(hub, integration):
    """PostgreSQL rolls it back, and nobody is told: a commit that seems to work."""
    from odoo.addons.ihub.engine import event_buffer

    with open_env(hub) as env:
        record = target(env, integration)
        record.ihub_info("written")
        event_buffer.flush(env.cr)
        record.ihub_info("waiting")
        with pytest.raises(psycopg2.Error):
            env.cr.execute("SELECT 1/0", log_exceptions=False)
        record.ihub_info("aborted")
        env.cr.commit()
        record.ihub_info("next")
        env.cr.commit()
    assert hub.execute(ROWS) == [
        ("written", True), ("waiting", True), ("aborted", True), ("next", False)
    ]  # fmt: skip


def test_savepoint_of_an_aborted_transaction(hub, integration):
    """What was reported before the savepoint is done, although all had failed for a while."""
    with open_env(hub) as env:
        record = target(env, integration)
        record.ihub_info("before")
        with pytest.raises(psycopg2.Error), env.cr.savepoint():
            with suppress(psycopg2.Error):
                env.cr.execute("SELECT 1/0", log_exceptions=False)
            record.ihub_info("inside")
            env.cr.flush()
            with env.cr.savepoint():
                pass
        env.cr.commit()
    assert hub.execute(ROWS) == [("before", False), ("inside", True)]


def test_locks_of_the_caller_do_not_matter(hub, integration):
    """The caller holds every row that an event could ever refer to."""
    with open_env(hub) as env:
        record = target(env, integration)
        for table in ("ihub_integration", "ihub_run", "res_company", "res_users", "res_partner"):
            env.cr.execute(f"SELECT id FROM {table} FOR UPDATE")
        env.cr.execute("SET LOCAL lock_timeout = '5s'")
        record.ihub_error("small", related=env.user)
        record.ihub_error("large", "x" * 100_000, related=env.user)
        assert hub.execute(ROWS) == [("small", False), ("large", False)]


def test_integration_of_the_same_transaction(hub):
    with open_env(hub) as env:
        values = {"name": "New", "script": ""}
        record = env[TYPE].create(values)
        record.ihub_error("created", related=record)
        assert hub.row("SELECT integration_id FROM ihub_event") == (record.integration_id.id,)
    row = hub.row("SELECT integration_id, related_name, undone FROM ihub_event")
    assert row == (None, "New", True)


def test_threads_with_their_own_environment(hub, integration):
    def work(number):
        with open_env(hub) as env:
            record = target(env, integration)
            for step in range(500):
                record.ihub_info(f"{number} {step}")
            env.cr.commit()

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    rows = [summary for summary, __ in hub.execute(ROWS)]
    for number in range(4):
        own = [row for row in rows if row.startswith(f"{number} ")]
        assert own == [f"{number} {step}" for step in range(500)]


def test_write_that_fails_once_is_tried_again(hub, integration):
    from odoo.addons.ihub.engine import event_store

    original, failures = event_store.write, [psycopg2.OperationalError("away")]

    def write(*args, **kwargs):
        if failures:
            raise failures.pop()
        return original(*args, **kwargs)

    with patch.object(event_store, "write", write), open_env(hub) as env:
        target(env, integration).ihub_error("one")
        assert hub.execute(ROWS) == [("one", False)]


def test_write_that_fails_for_long_is_in_the_servers_log(hub, integration):
    from odoo.addons.ihub.engine import event_buffer, event_store

    with (
        patch.object(event_store, "write", side_effect=psycopg2.OperationalError("away")),
        patch.object(event_buffer, "PAUSES", (0, 0)),
        patch.object(event_store._logger, "log") as log,
        open_env(hub) as env,
    ):
        target(env, integration).ihub_info("first", "password=abc")
        env.cr.commit()
        hub.wait(lambda: log.called, "A line in the log", wake=False)
    line = log.call_args.args[1] % log.call_args.args[2:]
    assert "first" in line and "password=***" in line


def test_event_that_the_database_refuses_does_not_take_others_along(hub, integration):
    from odoo.addons.ihub.engine import event_store

    def clean(text):
        return text.replace("NUL", "\x00")

    with (
        patch.object(event_store, "clean", clean),
        patch.object(event_store._logger, "log") as log,
        open_env(hub) as env,
    ):
        record = target(env, integration)
        for text in ("one", "two", "three"):
            record.ihub_info(text, "NUL" if text == "two" else "fine")
        env.cr.commit()
    assert [summary for summary, __ in hub.execute(ROWS)] == ["one", "three"]
    assert log.called


@contextmanager
def refused(error, text="two"):
    """Let PostgreSQL refuse, with ``error``, each batch with the event ``text``."""
    from odoo.addons.ihub.engine import event_buffer, event_store

    original, sizes = event_store.write, []

    def write(dbname, events, opened):
        sizes.append(len(events))
        if any(event.summary == text for event in events):
            raise error
        return original(dbname, events, opened)

    with (
        patch.object(event_store, "write", write),
        patch.object(event_buffer, "PAUSES", (0, 0)),
        patch.object(event_store._logger, "log") as log,
    ):
        yield log, sizes


@pytest.mark.parametrize(
    "error",
    [
        psycopg2.DataError("refused"),
        psycopg2.errors.ProgramLimitExceeded("more than a gigabyte"),
        psycopg2.InternalError("invalid memory alloc request size"),
        psycopg2.OperationalError("server closed the connection unexpectedly"),
        psycopg2.InterfaceError("connection already closed"),
        MemoryError(),
        UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_event_that_cannot_be_stored_is_dropped_alone(hub, integration, error):
    with refused(error) as (log, sizes), open_env(hub) as env:
        record = target(env, integration)
        for text in ("one", "two", "three", *map(str, range(500))):
            record.ihub_info(text)
        env.cr.commit()
        hub.wait(lambda: log.called, "A line in the log", wake=False, patience=15)
        # The rest is written by halves, some of it after that line.
        hub.wait(lambda: len(hub.execute(ROWS)) >= 502, "All others", wake=False, patience=15)
    summaries = [summary for summary, __ in hub.execute(ROWS)]
    assert summaries == ["one", "three", *map(str, range(500))]
    assert log.call_count == 1
    # By halves, not row by row.
    assert len(sizes) < 50


def test_what_is_refused_is_not_taken_for_the_next_ones_undoing(hub, integration):
    from odoo.addons.ihub.engine import event_buffer

    with refused(MemoryError()), open_env(hub) as env:
        record = target(env, integration)
        for text in ("one", "two", "three"):
            record.ihub_info(text)
        event_buffer.flush(env.cr)
        env.cr.rollback()
    assert hub.execute(ROWS) == [("one", True), ("three", True)]


def test_event_that_is_far_too_long_is_cut_and_says_so(hub, integration):
    with open_env(hub) as env:
        record = target(env, integration)
        record.ihub_info("before")
        record.ihub_info("large", "x" * 25_000_000)
        record.ihub_info("text " * 1_000_000, "after")
        env.cr.commit()
    assert [len(summary) for summary, __ in hub.execute(ROWS)][:2] == [6, 5]
    wholes = hub.execute(
        "SELECT convert_from(db_datas, 'UTF8') FROM ir_attachment"
        " WHERE res_model = 'ihub.event' AND res_id IN (SELECT id FROM ihub_event) ORDER BY id"
    )
    lengths = [len(whole) for (whole,) in wholes]
    assert 20_000_000 < lengths[0] < 20_000_200
    assert 1_000_000 < lengths[1] < 1_000_400
    assert all("too long to be stored" in whole[-200:] for (whole,) in wholes)


def test_what_cannot_be_stored_at_the_end_of_a_process_is_in_its_log(hub, integration):
    """Also what the thread was just about to write again."""
    output = shell(
        hub,
        """
        import time
        from unittest.mock import patch
        import psycopg2
        from odoo.addons.ihub.engine import event_store
        away = psycopg2.OperationalError("away")
        patch.object(event_store, "write", side_effect=away).start()
        env["res.users"].browse(1).ihub_error("first", "password=hunter2")
        env["res.users"].browse(1).ihub_info("second")
        env.cr.commit()
        """,
    ).stdout
    assert "Event that could not be stored: first" in output
    assert "Event that could not be stored: second" in output
    assert "hunter2" not in output


def test_what_the_thread_is_writing_at_the_end_is_waited_for(hub, integration):
    output = shell(
        hub,
        """
        import threading, time
        from unittest.mock import patch
        from odoo.addons.ihub.engine import event_store
        original, begun = event_store.write, threading.Event()
        def write(*args):
            begun.set()
            time.sleep(1)
            return original(*args)
        patch.object(event_store, "write", write).start()
        env["res.users"].browse(1).ihub_info("late")
        begun.wait(20)
        """,
    ).stdout
    assert "Traceback" not in output
    assert [summary for summary, __ in hub.execute(ROWS)] == ["late"]


def test_table_that_is_locked_does_not_stop_the_caller(hub, integration):
    with closing(hub.connect()) as other:
        other.autocommit = False
        hub.execute("LOCK TABLE ihub_event IN ACCESS EXCLUSIVE MODE", connection=other)
        with open_env(hub) as env:
            target(env, integration).ihub_error("one")  # returns after the time-outs
            env.cr.commit()
    hub.wait(lambda: hub.execute(ROWS), "The event", wake=False)


def test_a_shell(hub, integration):
    """A process that ends without commit."""
    output = shell(hub, "env['res.users'].browse(1).ihub_info('from the shell')").stdout
    assert "Traceback" not in output
    assert [summary for summary, __ in hub.execute(ROWS)] == ["from the shell"]


def test_forked_child_does_not_write_twice(hub, integration):
    output = shell(
        hub,
        """
        import os, time
        env['res.users'].browse(1).ihub_info('once')
        child = os.fork()
        if not child:
            from odoo.addons.ihub.engine.event_buffer import flusher
            flusher.call_all()
            os._exit(0)
        os.waitpid(child, 0)
        env.cr.commit()
        """,
    ).stdout
    assert "Traceback" not in output
    assert len(hub.execute(ROWS)) == 1


def test_killed_process_loses_at_most_the_last_second(hub, integration):
    """It tells how far it is; what it had reported a second before its death must be there."""
    code = f"""
        import time
        record = env['{TYPE}'].search([('integration_id', '=', {integration})])
        number = 0
        while True:
            record.ihub_info(str(number))
            number += 1
            if number % 100 == 0:
                print('at', number, time.monotonic(), flush=True)
                time.sleep(0.01)
        """
    listen, said = os.pipe()
    with open(listen) as lines:
        with open(said, "wb") as output, tempfile.TemporaryFile() as given:
            given.write(textwrap.dedent(code).encode())
            given.seek(0)
            process = begin(command(hub), stdin=given, output=output, database=hub.database)
        marks = []
        for line in lines:
            if line.startswith("at "):
                marks.append((float(line.split()[2]), int(line.split()[1])))
                if marks[-1][0] - marks[0][0] > 2.5:
                    break
        process.send_signal(signal.SIGKILL)
        process.wait()
    died = marks[-1][0]
    stored = hub.row("SELECT count(*) FROM ihub_event")[0]
    # A quarter of a second for the write itself, on a machine that is busy.
    assert stored >= max(number for moment, number in marks if moment < died - 1.25)


def test_what_a_killed_process_has_sent_is_not_written_into_the_next_test(hub, integration):
    """PostgreSQL is still at it, since a lock of ours keeps it waiting, when the test is over."""
    with closing(hub.connect()) as holder, tempfile.TemporaryFile() as given:
        hub.execute("SELECT pg_advisory_lock(%s)", integration, connection=holder)
        columns, values = "(create_date, level, summary)", "(now(), 'info', 'late')"
        late = f"INSERT INTO ihub_event {columns} VALUES {values}"
        code = f'env.cr.execute("SELECT pg_advisory_lock({integration}); {late}; COMMIT")'
        given.write(code.encode())
        given.seek(0)
        process = begin(command(hub), stdin=given, database=hub.database)
        waits = f"SELECT pid FROM {LOCKS_HERE} l WHERE objid = %s AND NOT granted"
        ((pid,),) = hub.wait(lambda: hub.execute(waits, integration), "It", wake=False)
        process.send_signal(signal.SIGKILL)
        process.wait()
        hub.empty()
    there = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
    hub.wait(lambda: not hub.execute(there, pid), "The end of it", wake=False)
    assert not hub.execute(ROWS)


# What a process reports in a run before it dies, and what was undone with it. `tell` reports,
# `write` also sees to it that the event is in the table.
DEATHS = {
    "after a checkpoint": (
        """
        write("kept")
        env.cr.commit()
        write("after")
        write("also")
        """,
        {"kept": False, "after": True, "also": True},
    ),
    "after what a commit has called": (
        """
        write("kept")
        env.cr.postcommit.add(lambda: record.ihub_info("sent"))
        env.cr.commit()
        write("after")
        """,
        {"kept": False, "sent": False, "after": True},
    ),
    "as soon as a commit is done": (
        """
        write("kept")
        env.cr.postcommit._funcs.appendleft(die)
        env.cr.commit()
        """,
        {"kept": False},
    ),
    "as a commit begins": (
        """
        write("lost")
        env.cr.precommit.add(die)
        env.cr.commit()
        """,
        {"lost": True},
    ),
    "while another cursor's work is done": (
        """
        write("of the run")
        with env.registry.cursor() as cr:
            write("of the other cursor", cr)
        write("of the run, too")
        """,
        {"of the run": True, "of the other cursor": False, "of the run, too": True},
    ),
    "while another cursor's work is not done": (
        """
        other = env.registry.cursor()
        write("of the other cursor", other)
        write("of the run")
        env.cr.commit()
        """,
        {"of the other cursor": True, "of the run": False},
    ),
    "after a flush that failed": (
        """
        with patch.object(event_store, "write", side_effect=OperationalError("away")):
            write("committed")
            env.cr.commit()
            write("open")
        write("open, too")
        """,
        {"committed": False, "open": True, "open, too": True},
    ),
    "after a savepoint": (
        """
        write("before")
        with suppress(ZeroDivisionError), env.cr.savepoint():
            write("inside")
            with env.cr.savepoint():
                write("inside of what is inside")
            1 / 0
        env.cr.commit()
        write("after")
        """,
        {"before": False, "inside": True, "inside of what is inside": True, "after": True},
    ),
    "after a savepoint that nothing had been reported before": (
        """
        with suppress(ZeroDivisionError), env.cr.savepoint():
            write("inside")
            with env.cr.savepoint():
                pass
            1 / 0
        write("before")
        env.cr.commit()
        write("after")
        """,
        {"inside": True, "before": False, "after": True},
    ),
    "with a savepoint that was undone a moment ago": (
        """
        with suppress(ZeroDivisionError), env.cr.savepoint():
            write("inside")
            1 / 0
        env.cr.postcommit._funcs.appendleft(die)
        env.cr.commit()
        """,
        {"inside": True},
    ),
    "having reported for another integration": (
        """
        env["res.users"].browse(1).ihub_error("open", integration=env["ihub.integration"])
        record.ihub_error("of the other", integration=other_integration)
        """,
        {"open": True, "of the other": True},
    ),
    "in a savepoint made with SQL": (
        """
        write("before")
        env.cr.execute("SAVEPOINT mine")
        write("inside")
        env.cr.execute("RELEASE mine")
        env.cr.commit()
        write("after")
        """,
        {"before": False, "inside": False, "after": True},
    ),
}

PRELUDE = """
import os
from contextlib import suppress
from unittest.mock import patch
from psycopg2 import OperationalError
from odoo.addons.ihub.engine import event_buffer
from odoo.addons.ihub.engine import event_store
from odoo.addons.ihub.engine import context as context

record = env['{type}'].search([('integration_id', '=', {integration})])
other_integration = env['ihub.integration'].browse({other})
run = env['ihub.run'].browse({run})
run._begin()
env.cr.commit()

def die():
    os._exit(1)

def write(text, cr=env.cr):
    record.with_env(env(cr=cr)).ihub_info(text)
    event_buffer.flush(cr)

with context.executing(context.RunScope(env.cr.dbname, run.id, {integration})):
"""


@pytest.mark.parametrize("death", DEATHS)
def test_a_process_dies(hub, death):
    """What was reported in a transaction that was not committed has not happened."""
    code, expected = DEATHS[death]
    integration, other = hub.add(script="write"), hub.add(script="write")
    with open_env(hub) as env:
        run = env["ihub.integration"].browse(integration).run_manually()
        env.cr.commit()
        run_id = run.id
    prelude = PRELUDE.format(type=TYPE, integration=integration, other=other, run=run_id)
    body = textwrap.indent(f"{textwrap.dedent(code)}\ndie()", "    ")
    done = shell(hub, f"{prelude}{body}\n")
    assert done.returncode == 1 and "Traceback" not in done.stdout, done.stdout
    with open_env(hub) as env:
        env["ihub.event"]._undo_uncommitted(env["ihub.run"].browse(run_id))
        env.cr.commit()
    assert dict(hub.execute(ROWS)) == expected


def command(hub):
    return "shell", ADDONS_PATH, "-d", hub.database, "--no-http"


def shell(hub, code):
    """Let another process execute ``code`` in Odoo's shell; return it when it has ended."""
    return run(*command(hub), script=textwrap.dedent(code), database=hub.database)

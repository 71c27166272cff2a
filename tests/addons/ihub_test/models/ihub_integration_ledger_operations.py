import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import requests
from odoo import models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.ihub.engine import event_buffer
from odoo.addons.ihub.lib.auth import OAuth2
from odoo.addons.ihub.lib.exceptions import RetryableError, StopRequested
from odoo.addons.ihub.lib.rest_client import RestClient

from .ihub_integration_ledger import HELD_SPACE, HOLD_SPACE

# Seconds between two looks at what a test lets go.
LOOK = 0.02


def _http_error(status, **headers):
    response = requests.Response()
    response.status_code = int(status)
    response.headers.update(headers)
    return requests.HTTPError(f"{status} from the server", response=response)


ERRORS = {
    "value": ValueError,
    "key": KeyError,
    "user": UserError,
    "validation": ValidationError,
    "timeout": TimeoutError,
    "connection": requests.ConnectionError,
    "serialization": psycopg2.errors.SerializationFailure,
    "exit": sys.exit,
    "interrupt": KeyboardInterrupt,
    "cancelled": asyncio.CancelledError,
    "generator": GeneratorExit,
    "stop": StopRequested,
}


class IhubIntegrationLedger(models.Model):
    """What a line of the script can say."""

    _inherit = "ihub.integration.ledger"

    # --- Work ---

    def _do_write(self, start, end, count="1"):
        """write [COUNT]: write rows."""
        for _each in range(int(count)):
            self._write(start, end, self._next_step(start))

    def _do_work(self, start, end, steps, every, hold=None):
        """work STEPS EVERY [HOLD]: rows with a checkpoint after EVERY of them.

        Begins at the resume point, and is held before step HOLD.
        """
        for step in range(self.resume_point() or 0, int(steps)):
            if hold is not None and step == int(hold):
                self._do_hold(start, end)
            self._write(start, end, step)
            if not (step + 1) % int(every):
                self.checkpoint(step + 1, int(steps), resume=step + 1)

    def _do_tick(self, start, end, steps, pause, how="resume"):
        """tick STEPS PAUSE [plain|count|resume|burn]: a row and a checkpoint each PAUSE seconds.

        ``plain``: goes on behind what is there, and says so to nobody; ``count``: begins at the
        beginning each time, and counts; ``burn``: works meanwhile.
        """
        begin = {"plain": self._next_step(start), "count": 0}.get(how, self.resume_point() or 0)
        for step in range(begin, int(steps)):
            self._write(start, end, step)
            clock = time.process_time if how == "burn" else time.monotonic
            until = clock() + float(pause)
            while clock() < until:
                time.sleep(0 if how == "burn" else LOOK)
            self.checkpoint(
                0 if how == "plain" else step + 1,
                resume=step + 1 if how in ("resume", "burn") else None,
            )

    def _do_pause(self, start, end, seconds):
        """pause SECONDS: take that long."""
        time.sleep(float(seconds))

    def _do_tell(self, start, end, *words):
        """tell WORDS: report them, and have that written at once."""
        self.ihub_info(" ".join(words))
        event_buffer.flush(self.env.cr)

    def _do_thread(self, start, end, *words):
        """thread WORDS: report them in a thread with an environment of its own."""

        def report():
            with self.pool.cursor() as cr:
                self.with_env(self.env(cr=cr)).ihub_info(" ".join(words))

        thread = threading.Thread(target=report)
        thread.start()
        thread.join()

    def _do_checkpoint(self, start, end, processed="0", total=None):
        """checkpoint [PROCESSED [TOTAL]]: with PROCESSED as the resume point."""
        self.checkpoint(int(processed), int(total) if total else None, resume=int(processed))

    def _do_state(self, start, end, key, value):
        """state KEY VALUE: keep it as own state."""
        self.set_state(key, value)

    def _do_each(self, start, end, count, *words):
        """each COUNT [NUMBERS OPERATION …[; …]]: a row for each of COUNT items, 0 to COUNT - 1.

        Behind their row, the items with these NUMBERS, such as ``3,7``, do an operation.
        """
        rules = [rule.split(maxsplit=1) for rule in " ".join(words).split(";") if rule.strip()]
        then = {number: line for numbers, line in rules for number in numbers.split(",")}
        self.process_each(
            (
                {
                    "key": f"{start:%d %H:%M} {number}",
                    "number": number,
                    "period": (start, end),
                    "then": then.get(str(number), ""),
                }
                for number in range(int(count))
            ),
            self._do_one,
            key="key",
            name="number",
            kind="step",
            total=int(count),
        )

    def _do_one(self, data, item):
        row = self._write(*data["period"], data["number"])
        item.bind(row)
        self._obey(*data["period"], data["then"])

    def _do_export(self, start, end, key, *words):
        """export KEY [OPERATION …]: let the other side have a record with this key, and go on.

        It is there whatever becomes of the transaction. The other side is asked for it before.
        """
        with self.pool.cursor() as cr:
            env = self.env(cr=cr)
            known = [("integration", "=", self.integration_id.id), ("note", "=", f"export {key}")]
            if not env["ihub.test.ledger"].search_count(known):
                self._write(start, end, int(key), env=env, note=f"export {key}")
        self._obey(start, end, " ".join(words))

    def _do_creep(self, start, end, steps):
        """creep STEPS: one step further, and dead; without an end to the last."""
        step = self.resume_point() or 0
        if step < int(steps):
            self._write(start, end, step)
            self.checkpoint(step + 1, int(steps), resume=step + 1)
            self._do_kill(start, end)

    # --- Waiting ---

    def _do_hold(self, start, end, where="own"):
        """hold [own|working]: wait for a test to let go.

        ``working``: inside a query on the working connection.
        """
        key = (HOLD_SPACE, self.integration_id.id)
        if where == "working":
            self._say_who(self.env.cr)
            self.env.cr.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", key)
            return
        with self.pool.cursor() as cr:
            self._say_who(cr)
            cr.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", (HELD_SPACE, key[1]))
            while not self._may_go_on(cr, key):
                time.sleep(LOOK)

    def _say_who(self, cr):
        """Name the connection after the process: Odoo names those of workers after their master."""
        cr.execute("SELECT set_config('application_name', %s, true)", (str(os.getpid()),))

    def _may_go_on(self, cr, key):
        cr.execute("SELECT pg_try_advisory_xact_lock_shared(%s, %s)", key)
        return cr.fetchone()[0]

    def _do_file(self, start, end, path):
        """file PATH: say that it is there by making PATH.reached, wait until PATH is gone."""
        Path(path + ".reached").write_text(str(os.getpid()))
        while Path(path).exists():
            time.sleep(LOOK)

    # --- What integrations do with their transaction ---

    def _do_commit(self, start, end):
        self.env.cr.commit()

    def _do_rollback(self, start, end):
        self.env.cr.rollback()

    def _do_sql(self, start, end, *words):
        """sql STATEMENT: execute it on the working cursor."""
        self.env.cr.execute(" ".join(words))

    def _do_connection(self, start, end, ending):
        """connection commit|rollback: end the transaction without Odoo's cursor."""
        getattr(self.env.cr._cnx, ending)()

    def _do_progress(self, start, end):
        """progress: report it as the code of a cron does."""
        self.env["ir.cron"].sudo()._commit_progress(1)

    def _do_within(self, start, end, *words):
        """within OPERATION …: inside a savepoint."""
        with self.env.cr.savepoint():
            getattr(self, f"_do_{words[0]}")(start, end, *words[1:])

    def _do_elsewhere(self, start, end, *words):
        """elsewhere OPERATION …: with another cursor."""
        with self.pool.cursor() as cr:
            record = self.with_env(self.env(cr=cr))
            getattr(record, f"_do_{words[0]}")(start, end, *words[1:])

    def _do_apart(self, start, end, *words):
        """apart OPERATION …: in another thread, with another cursor."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self._do_elsewhere, start, end, *words).result()

    def _do_savepoint(self, start, end):
        """savepoint: write a row and undo it, write another one and keep it."""
        try:
            with self.env.cr.savepoint():
                self._write(start, end, self._next_step(start), note="undone")
                raise ValueError("undo")
        except ValueError:
            pass
        with self.env.cr.savepoint():
            self._write(start, end, self._next_step(start), note="savepoint")

    def _do_cursor(self, start, end):
        """cursor: write a row through a cursor of its own."""
        with self.pool.cursor() as cr:
            env = self.env(cr=cr)
            self._write(start, end, self._next_step(start), env=env, note="cursor")

    def _do_abort(self, start, end):
        """abort: break the transaction, and swallow the error."""
        with contextlib.suppress(psycopg2.DataError):
            self.env.cr.execute("SELECT 1 / 0", log_exceptions=False)

    def _do_hook(self, start, end, when="postcommit", kind="value"):
        """hook [WHEN [KIND]]: fail in a callback of the transaction."""

        @getattr(self.env.cr, when).add
        def hook():
            raise ERRORS[kind]("The callback of the transaction failed.")

    def _do_at(self, start, end, when, number, *words):
        """at before|after NUMBER OPERATION …: at that commit of the hub, counted from now."""
        connection = self.env.cr._cnx
        commit, left = connection.commit, [int(number)]

        def commit_and_obey():
            left[0] -= 1
            if not left[0]:
                # Once: whoever gets the connection next has nothing to do with it.
                del connection.commit
            if not left[0] and when == "before":
                self._obey(start, end, " ".join(words))
            commit()
            if not left[0] and when == "after":
                self._obey(start, end, " ".join(words))

        connection.commit = commit_and_obey

    def _do_close(self, start, end):
        """close: lose the connection."""
        self.env.cr._cnx.close()

    def _do_leave(self, start, end):
        """leave: close the cursor, which is not its own."""
        self.env.cr.close()

    def _do_terminate_backend(self, start, end, *words):
        """terminate_backend [SECRET]: lose the connection as in a restart of the database."""
        with self.pool.cursor() as cr, contextlib.suppress(psycopg2.Error):
            cr.execute("SELECT pg_terminate_backend(%s)", (self.env.cr._cnx.get_backend_pid(),))
        if words:
            raise ValueError(" ".join(words))
        self._write(start, end, self._next_step(start))

    def _do_again(self, start, end):
        """again: ask for another run of this integration."""
        self.integration_id.run_manually()

    def _do_edit(self, start, end, text="edited"):
        """edit [TEXT]: write the integration's own settings, which its user may only read."""
        self.sudo().script = f"{self.script}\n# {text}"

    # --- Failing ---

    def _do_raise(self, start, end, kind, *words):
        """raise KIND [TEXT]"""
        raise ERRORS[kind](" ".join(words))

    def _do_retryable(self, start, end, delay="0"):
        raise RetryableError("The other side is busy.", delay=float(delay) or None)

    def _do_http(self, start, end, status, after=None):
        """http STATUS [RETRY_AFTER]"""
        raise _http_error(status, **({"Retry-After": after} if after else {}))

    def _do_fetch(self, start, end, address, count="1", rate=None):
        """fetch ADDRESS [COUNT [RATE]]: a row for each of COUNT answers."""
        with RestClient(address, rate=rate) as client:
            for _each in range(int(count)):
                client.get()
                self._do_write(start, end)

    def _do_signin(self, start, end, issuer, address):
        """signin ISSUER ADDRESS: a row for an answer to which a refresh token is the key."""
        with RestClient(address, auth=OAuth2(issuer, "shop", refresh_token="first")) as client:
            client.get()
        self._do_write(start, end)

    def _do_nasty(self, start, end):
        """nasty: raise what no database stores as it is."""
        raise ValueError("NUL \x00, a lone surrogate \ud800, and <b>HTML</b> " + "x" * 1_000_000)

    def _do_conflict(self, start, end):
        """conflict: a real serialization failure."""
        key = [("integration", "=", self.integration_id.id)]
        row = self.env["ihub.test.ledger"].search(key, limit=1)
        row.note = "mine"
        with self.pool.cursor() as cr:
            cr.execute("UPDATE ihub_test_ledger SET note = 'theirs' WHERE id = %s", (row.id,))
        row.flush_recordset()

    def _do_fail(self, start, end, *words):
        """fail [REASON]"""
        self.fail(" ".join(words) or None)

    def _do_error(self, start, end, *words):
        self.ihub_error(" ".join(words), raised=True)

    def _do_swallow(self, start, end, *words):
        """swallow OPERATION …: catch what it raises."""
        with contextlib.suppress(Exception):
            getattr(self, f"_do_{words[0]}")(start, end, *words[1:])

    def _do_kill(self, start, end):
        """kill: end this very process as the kernel would."""
        os.kill(os.getpid(), signal.SIGKILL)

    def _do_terminate(self, start, end):
        """terminate: ask this process to end, and wait for it."""
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait()

import csv
import os
import socket
import tempfile
from datetime import timezone
from pathlib import Path
from unittest.mock import patch

import asyncssh
from odoo.tests import tagged

from odoo.addons.ihub.tests.common import IntegrationCase, moment
from odoo.addons.ihub.tests.conformance import ConformanceCase

from ..lib import sftp
from .sftp_server import LocalSftp

MODEL = "example.sftp"
LEVELS = [
    {"sku": "MUG-01", "name": "Mug", "quantity": "12"},
    {"sku": "TEE-03", "name": "T-shirt", "quantity": "0"},
]
BAD = {"sku": "BAG-02", "name": "Bag", "quantity": "a dozen"}


class SftpCase(IntegrationCase):
    def setUp(self):
        super().setUp()
        self.files = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.sftp = self.serve_files()

    def serve_files(self, **options):
        local = LocalSftp(self.files, **options)
        self.addCleanup(local.close)
        return local

    def settings(self):
        return {
            "host": "127.0.0.1",
            "port": self.sftp.port,
            "user_name": "odoo",
            "password": "hush",
            "host_key": self.sftp.known_host,
        }

    def put(self, name, rows, changed="2025-03-01 20:00"):
        """Put a file with these rows on the server: dictionaries, or all of it as bytes."""
        path = self.files / name
        if isinstance(rows, bytes):
            path.write_bytes(rows)
        else:
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, ("sku", "name", "quantity"))
                writer.writeheader()
                writer.writerows(rows)
        os.utime(path, (seconds_of(changed), seconds_of(changed)))


def seconds_of(when):
    """Return a moment as files have it."""
    return int(moment(when).replace(tzinfo=timezone.utc).timestamp())


@tagged("post_install", "-at_install")
class TestExampleSftp(SftpCase):
    def setUp(self):
        super().setUp()
        self.integration = self.add_with()

    def add_with(self, **values):
        values = {"retry_limit": 3, **self.settings(), **values}
        return self.add(MODEL, start="2025-03-01 03:00", **values)

    def run_night(self, integration=None, at="2025-03-02 03:10"):
        return self.run_due(integration or self.integration, at=at)

    def levels(self):
        levels = self.env["example.stock.level"].search([], order="sku")
        return {level.sku: level.quantity for level in levels}

    def test_the_files_of_a_night(self):
        self.put("stock.csv", LEVELS)
        run = self.run_night()
        self.assertEqual((run.state, run.processed), ("done", 2))
        self.assertEqual(self.levels(), {"MUG-01": 12, "TEE-03": 0})
        self.assertWindows(self.integration, [("2025-03-01 03:00", "2025-03-02 03:00")])
        self.assertNoSecret("hush")

    def test_a_file_belongs_to_the_night_after_it_was_changed(self):
        self.put("before.csv", [{**LEVELS[0], "sku": "OLD"}], "2025-03-01 02:59:59")
        self.put("first.csv", [LEVELS[0]], "2025-03-01 03:00")
        self.put("next.csv", [LEVELS[1]], "2025-03-02 03:00")
        self.run_night()
        self.assertEqual(self.levels(), {"MUG-01": 12})
        self.run_night(at="2025-03-03 03:10")
        self.assertEqual(self.levels(), {"MUG-01": 12, "TEE-03": 0})
        self.assertEqual(self.sftp.opened, ["/first.csv", "/next.csv"])

    def test_of_two_files_the_later_one_counts(self):
        self.put("a.csv", [{**LEVELS[0], "quantity": "5"}], "2025-03-01 21:00")
        self.put("b.csv", LEVELS, "2025-03-01 20:00")
        self.run_night()
        self.assertEqual(self.levels(), {"MUG-01": 5, "TEE-03": 0})

    def test_what_is_no_csv_file_is_left_alone(self):
        self.put("readme.txt", b"Hello")
        (self.files / "folder.csv").mkdir()
        (self.files / "link.csv").symlink_to(self.files / "readme.txt")
        self.assertEqual(self.run_night().state, "done")
        self.assertEqual(self.sftp.opened, [])

    def test_a_bad_line_is_left_to_be_repaired(self):
        self.put("stock.csv", [LEVELS[0], BAD, LEVELS[1]])
        self.assertEqual(self.run_night().state, "done")
        item = self.assertItem("BAG-02", state="failed")
        self.assertIn("a dozen", item.message)
        self.assertEqual(len(self.levels()), 2)
        self.correct(item, {"quantity": "12"})
        self.retry(item)
        self.assertEqual(self.levels()["BAG-02"], 12)

    def test_lines_that_are_too_short_or_too_long(self):
        self.put("stock.csv", b"sku,name,quantity\nA\nB,Bag,3,and,more\n,Nobody,4\n")
        run = self.run_night()
        self.assertEqual((run.state, self.levels()), ("done", {"B": 3}))
        self.assertEqual(len(self.items(self.integration, state="failed")), 2)

    def test_a_file_that_is_none_of_ours_fails_the_run(self):
        for content, words in (
            (b"article;amount\n1;2\n", "has no column quantity"),
            (b"", "has no column"),
            ("sku,name,quantity\n1,Bänke,2\n".encode("latin-1"), "not in UTF-8"),
            (b'sku,name,quantity\n1,"Mug,2\n2,Bag,3\n', "unexpected end of data"),
        ):
            with self.subTest(words=words), self.undone():
                self.put("stock.csv", content)
                run = self.run_night()
                self.assertEqual(run.state, "failed")
                self.assertIn(words, run.message)
                self.assertEqual(self.levels(), {})

    def test_a_file_that_is_too_large(self):
        self.put("stock.csv", LEVELS)
        with patch.object(sftp, "MAX_BYTES", 20):
            run = self.run_night()
        self.assertEqual(run.state, "failed")
        self.assertIn("stock.csv is larger", run.message)

    def test_a_name_that_leads_elsewhere_is_not_asked_for(self):
        self.put("stock.csv", LEVELS)
        self.sftp.strange_time = seconds_of("2025-03-01 20:00")
        self.sftp.strange_names = ["../secret.csv", "/etc/passwd.csv", "a/b.csv"]
        run = self.run_night()
        self.assertEqual((run.state, self.sftp.opened), ("done", ["/stock.csv"]))

    def test_a_name_in_another_encoding(self):
        self.put(os.fsdecode("Bestände.csv".encode("latin-1")), LEVELS)
        self.assertEqual(self.run_night().processed, 2)

    # --- Who the server is, and who we are ---

    def test_another_server_in_its_place_is_told_nothing(self):
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        integration = self.add_with(host_key=f"[127.0.0.1]:{self.sftp.port} {other}")
        run = self.run_night(integration)
        self.assertEqual(run.state, "failed")
        self.assertIn("another host key", run.message)
        self.assertEqual(self.sftp.passwords, [])

    def test_no_host_key_trusts_nobody(self):
        integration = self.add_with(host_key="# None yet.")
        self.assertEqual(self.run_night(integration).state, "failed")
        self.assertEqual(self.sftp.passwords, [])

    def test_a_wrong_password_fails_at_once(self):
        run = self.run_night(self.add_with(password="hash"))
        self.assertEqual(run.state, "failed")
        self.assertIn("refuses the sign-in", run.message)
        self.assertNoSecret("hash")

    def test_a_key_whose_lines_a_form_has_joined(self):
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.sftp.client_key = key.convert_to_public()
        text = key.export_private_key().decode().replace("\n", "")
        self.put("stock.csv", LEVELS)
        run = self.run_night(self.add_with(private_key=text, password=False))
        self.assertEqual((run.state, self.sftp.passwords), ("done", []))

    def test_a_key_that_is_none(self):
        run = self.run_night(self.add_with(private_key="nonsense"))
        self.assertEqual(run.state, "failed")
        self.assertIn("private key cannot be read", run.message)
        self.assertNoSecret("nonsense")

    def test_the_keys_of_the_user_as_whom_odoo_runs_are_not_offered(self):
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.sftp.client_key = key.convert_to_public()
        home = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (home / ".ssh").mkdir()
        key.write_private_key(home / ".ssh" / "id_ed25519")
        with patch.dict(os.environ, HOME=str(home)):
            run = self.run_night(self.add_with(password="hash"))
        self.assertEqual((run.state, self.sftp.passwords), ("failed", ["hash"]))

    # --- The network ---

    def assert_tried_again(self, run):
        self.assertEqual((run.state, self.levels()), ("pending", {}), run.message)

    def test_nobody_listens(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            run = self.run_night(self.add_with(port=closed.getsockname()[1]))
        self.assert_tried_again(run)
        self.assertIn("failed or was interrupted", run.message)

    def test_a_server_that_says_nothing(self):
        # On the clock of the machine: an event loop waits by it.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            integration = self.add_with(port=silent.getsockname()[1])
            with patch.object(sftp, "DEADLINE", 0.2):
                run = self.run_due(integration)
        self.assert_tried_again(run[:1])
        self.assertIn("did not respond in time", run[:1].message)

    def test_a_connection_that_breaks_off_within_a_file(self):
        self.put("stock.csv", LEVELS)
        self.sftp.breaks_off = True
        self.assert_tried_again(self.run_night())
        self.sftp.breaks_off = False
        self.assertEqual(self.run_night(at="2025-03-02 05:00").state, "done")

    def test_test_connection(self):
        self.put("stock.csv", LEVELS)
        answer = self.press_test_connection(self.integration)
        self.assertEqual(answer, ("success", "There are 1 CSV files in the folder."))
        nowhere = self.add_with(folder="/nowhere")
        kind, answer = self.press_test_connection(nowhere)
        self.assertEqual(kind, "danger")
        self.assertIn("no folder “/nowhere”", answer)


@tagged("post_install", "-at_install")
class TestConformance(SftpCase, ConformanceCase):
    model = MODEL
    speaks_http = False
    elements = LEVELS
    bad_element = BAD
    repair = {"quantity": "12"}
    free_texts = ("name", "sku")
    secrets = ("hush",)

    def serve(self, elements):
        self.put("stock.csv", elements, "2025-03-01 12:00")

    def made(self):
        return self.env["example.stock.level"].search([])

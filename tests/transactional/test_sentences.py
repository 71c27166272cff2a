"""What became of a run: in the language of the reader, and in words for people."""

import ast
import json
import re
from contextlib import suppress
from pathlib import Path

from freezegun import freeze_time
from hub_case import at
from notify_case import NotifyCase
from odoo.tools.translate import code_translations

from odoo.addons.ihub.core.sentences import Sentence
from odoo.addons.ihub.lib import rest_client
from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.lib.language import say
from odoo.addons.ihub.report import sentences
from odoo.addons.ihub.report.sentences import SENTENCES

NOW = "2025-03-01 12:30"
UNEXPECTED = "Unexpected data, or a fault in the integration's code."


def three(this, _from, _to):
    this.checkpoint(3)


def unexpected(this, _from, _to):
    return {}["customer_id"]


@freeze_time(NOW)
class TestSentences(NotifyCase):
    def setUpOnce(self):
        super().setUpOnce()
        self.env["res.lang"]._activate_lang("fr_FR")
        self.responsible = self.person("ihub_responsible")
        self.integration = self.add(window_from=at("2025-03-01 11:00"), user_id=self.responsible.id)
        self.env["mail.mail"].sudo().search([]).unlink()

    def execute(self, function):
        self.integration.start()
        with self.running_as(function):
            self.work(self.integration)
        self.env.invalidate_all()
        return self.runs(self.integration).filtered("started_at")[-1]

    def in_french(self, record):
        return record.with_context(lang="fr_FR")

    # --- In the language of the reader ---

    def test_an_outcome_is_said_in_the_language_of_the_reader(self):
        run = self.execute(three)
        self.translate_code("Done: %(count)s records.", "Terminé : %(count)s.")
        self.assertEqual(run.explanation, "Done: 3 records.")
        self.assertEqual(self.in_french(run).explanation, "Terminé : 3.")

    def test_so_is_what_the_bars_of_a_card_say(self):
        self.integration.run_manually(at("2025-01-01 00:00"), at("2025-01-02 00:00"))
        self.runs(self.integration, trigger="manual").action_cancel()
        self.translate_code("Cancelled before it started.", "Annulé avant le début.")
        self.env.invalidate_all()
        self.assertIn("Cancelled before it started.", self.integration.run_strip)
        strip = self.in_french(self.integration).run_strip.encode().decode("unicode_escape")
        self.assertIn("Annulé avant le début.", strip)

    def test_what_rest_client_says_is_said_in_the_language_of_the_reader(self):
        """Every text of it: what is kept, and read by somebody else."""
        self.env["res.lang"]._activate_lang("de_DE")
        german = code_translations.get_python_translations("ihub", "de_DE")
        tree = ast.parse(Path(rest_client.__file__).read_text("utf-8"))
        terms = [
            node.args[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_lt"
        ]
        self.assertGreater(len(terms), 20)
        for term in terms:
            inner = say(rest_client._lt("the other system"))
            values = dict.fromkeys(re.findall(r"%\((\w+)\)", term), "x")
            told = say(rest_client._lt(term), **{**values, "sentence": inner})
            kept = sentences.stored(self.integration, Sentence("kept", {"message": told}))
            kept = json.loads(json.dumps(kept))
            reader = self.integration.with_context(lang="de_DE")
            expected = german[term] % {**values, "sentence": german["the other system"]}
            self.assertIn(expected, sentences.read(reader, kept))
            self.assertIn(str(told), sentences.read(self.integration, kept))

    def test_a_server_that_is_down_is_said_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("de_DE")

        def ask(this, _from, _to):
            with rest_client.RestClient("http://127.0.0.1:9") as client:
                client.get("orders")

        self.integration.sudo().retry_limit = 0
        self.execute(ask)
        reader = self.integration.with_context(lang="de_DE")
        self.assertIn("127.0.0.1:9 does not accept connections", self.integration.problem)
        self.assertIn("127.0.0.1:9", reader.problem)
        self.assertNotIn("does not accept", reader.problem)
        for _each in range(6):
            with suppress(RetryableError):
                rest_client.RestClient("http://127.0.0.1:9").get("orders")
        run = self.execute(ask)
        self.assertEqual(run.message_code, "server_down")
        self.assertIn("does not accept connections", run.explanation)
        self.env.invalidate_all()
        texts = (
            run.with_context(lang="de_DE").explanation,
            reader.problem,
            self.env["ihub.server"].sudo().search([]).with_context(lang="de_DE").explanation,
        )
        for text in texts:
            self.assertIn("127.0.0.1:9", text)
            self.assertNotIn("does not accept", text)

    def test_what_was_stored_before_is_said_as_it_was_stored(self):
        run = self.execute(three)
        run.sudo().write({"message": "Fertig.", "message_code": False, "message_values": None})
        self.assertEqual(self.in_french(run).explanation, "Fertig.")

    def test_every_sentence_can_be_said(self):
        values = {"count": 2, "done": 1, "failed": 1, "user": "Anna", "times": 3, "message": "No"}
        values |= {"time": "2025-03-01 12:00:00", "reason": "No", "server": "shop.example"}
        values |= {"runs": 3, "usual": 56}
        values |= {"text": "%(server)s is off.", "module": "ihub", "named": {"server": "A"}}
        for code in SENTENCES:
            text = sentences.say(self.integration, code, values)
            self.assertTrue(text and "%(" not in text, code)

    def test_a_sentence_is_kept_with_its_text(self):
        kept = sentences.stored(self.integration, Sentence("stopped_by", {"user": "Anna"}))
        self.assertEqual(kept["message"], "Stopped by Anna.")
        self.assertEqual(sentences.read(self.integration, kept), "Stopped by Anna.")

    # --- What nobody wrote for people ---

    def test_what_nobody_wrote_for_people_is_said_in_words(self):
        run = self.execute(unexpected)
        self.assertEqual(run.explanation, UNEXPECTED)
        self.assertEqual(run.technical_line, "KeyError: customer_id")
        self.assertEqual(self.integration.health, "failed")
        self.assertEqual(self.integration.problem, UNEXPECTED)
        self.assertEqual(self.integration.technical_line, "KeyError: customer_id")
        self.assertIn("Send the details to its developer", self.integration.advice)

    def test_so_it_is_in_mails_with_the_technical_line_second(self):
        self.execute(unexpected)
        body = self.mails(self.responsible).body_html.replace("&#39;", "'")
        self.assertIn(UNEXPECTED, body)
        self.assertLess(body.rindex(UNEXPECTED), body.rindex("KeyError: customer_id"))

    def test_its_details_go_to_a_developer(self):
        run = self.execute(unexpected)
        action = run.with_user(self.operator).action_send_to_developer()
        composer = self.env[action["res_model"]].with_user(self.operator)
        composer = composer.with_context(**action["context"]).create({})
        self.assertIn("KeyError", composer.body)
        self.assertFalse(composer.partner_ids)

    def test_what_was_written_for_people_stays_as_it_is(self):
        def told(this, _from, _to):
            this.ihub_error(summary="Order 7 has no price.", raised=True)

        run = self.execute(told)
        self.assertEqual(run.explanation, "Order 7 has no price.")
        self.assertFalse(run.technical_line)

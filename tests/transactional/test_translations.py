"""German, French and Spanish: every text is there, is sound, and reaches those who read it."""

import functools
import html
import re
from unittest.mock import patch

import polib
import pytest
from hub_case import DEMO, HubCase
from notify_case import NotifyCase
from odoo.tools.translate import code_translations

from lib import i18n, paths
from odoo.addons.ihub.lib import language as spoken
from odoo.addons.ihub.lib.rest_client import RequestInvalid, RestClient

pytestmark = pytest.mark.slow

ADDONS = paths.addons()
LOCALES = {"de": "de_DE", "fr": "fr_FR", "es": "es_ES"}
# Terms that are named when many are wrong.
NAMED = 25
NO_ADDRESS = "The address of %(server)s cannot be used: it must begin with https:// or http://."


def listed(lines):
    more = [f"and {len(lines) - NAMED} more"] if len(lines) > NAMED else []
    return "\n  ".join(["", *lines[:NAMED], *more])


def in_each_language(test):
    """Call a test with each language and its locale."""

    @functools.wraps(test)
    def call_each(self):
        for language, locale in LOCALES.items():
            with self.subTest(language):
                test(self, language, locale)

    return call_each


class TestFiles(HubCase):
    def test_the_templates_have_the_terms_of_the_addons(self):
        """Start dev/i18n when this fails."""
        for addon in ADDONS:
            with self.subTest(addon):
                exported = i18n.export(self.env, addon)
                stored = polib.pofile(str(i18n.pot_path(addon)))
                terms, known = ({entry.msgid for entry in file} for file in (exported, stored))
                changes = [f"new: {term!r}" for term in sorted(terms - known)]
                changes += [f"gone: {term!r}" for term in sorted(known - terms)]
                self.assertFalse(changes, f"{addon}.pot is not up to date:{listed(changes)}")
                self.assertEqual(
                    i18n.pot_path(addon).read_text("utf-8"), f"{str(exported).rstrip()}\n"
                )

    def test_every_term_is_translated_into_every_language(self):
        faults = {
            i18n.po_path(addon, language).relative_to(paths.ROOT): i18n.faults(addon, language)
            for addon in ADDONS
            for language in i18n.LANGUAGES
        }
        texts = [f"{path}:{listed(lines)}" for path, lines in faults.items() if lines]
        self.assertFalse(texts, "\n".join(["", *texts]))

    def test_a_faulty_translation_is_found(self):
        for source, text, fault in [
            ("Stop", "", "missing"),
            ("Stop", "  ", "missing"),
            ("Stop", "Halt ", "other outer spaces"),
            ("%(name)s is late", "%(nom)s est en retard", "other placeholders"),
            ("%s lines", "Zeilen", "other placeholders"),
            ("%s%%", "%s %", "other placeholders"),
            ("for ${name}", "für ${nom}", "other placeholders"),
            ("a <b>very</b> good", "sehr gut", "other tags"),
            ('<i class="a" title="Stop"/>', '<i class="b" title="Halt"/>', "other tags"),
        ]:
            with self.subTest(source):
                entry = polib.POEntry(msgid=source, msgstr=text)
                self.assertEqual(i18n._faults_of(source, entry), [fault])
        for source, text in [
            ("%(a)s of %(b)s", "von %(b)s sind es %(a)s"),
            ('<i class="a" title="Stop"/>', '<i class="a" title="Halt"/>'),
            ("up to 100 % done", "jusqu'à 100 % fait"),
        ]:
            with self.subTest(source):
                entry = polib.POEntry(msgid=source, msgstr=text)
                self.assertEqual(i18n._faults_of(source, entry), [])
        self.assertEqual(i18n._faults_of("Stop", None), ["missing"])
        fuzzy = polib.POEntry(msgid="Stop", msgstr="Halt", flags=["fuzzy"])
        self.assertEqual(i18n._faults_of("Stop", fuzzy), ["fuzzy"])


class TestScreens(NotifyCase):
    """What each file says is what a reader of that language sees."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        modules = cls.env["ir.module.module"].search([("name", "in", ADDONS)])
        for locale in LOCALES.values():
            cls.env["res.lang"]._activate_lang(locale)
            modules._update_translations(locale)
        cls.files = {
            (addon, language): polib.pofile(str(i18n.po_path(addon, language)))
            for addon in ADDONS
            for language in LOCALES
        }

    def said(self, language, term, addon="ihub", **values):
        """Return what the file says for a term, which must not be the same as in English."""
        entry = self.files[addon, language].find(term)
        self.assertTrue(entry, f"{addon} has no term {term!r}: has it been changed?")
        name = i18n.LANGUAGES[language]
        self.assertNotIn(entry.msgstr, ("", term), f"{addon} has no {name} for {term!r}.")
        return entry.msgstr % values if values else entry.msgstr

    @in_each_language
    def test_labels_of_fields(self, language, locale):
        integration = self.env["ihub.integration"].with_context(lang=locale)
        label = integration.fields_get(["watermark"])["watermark"]["string"]
        self.assertEqual(label, self.said(language, "Data Complete Until"))
        demo = self.env[DEMO].with_context(lang=locale).fields_get(["fail_run", "watermark"])
        self.assertEqual(
            demo["fail_run"]["string"],
            self.said(language, "Fail on Purpose", "ihub_integration_demo"),
        )
        self.assertEqual(demo["watermark"]["string"], label)

    @in_each_language
    def test_names_of_selections(self, language, locale):
        run = self.env["ihub.run"].with_context(lang=locale)
        states = dict(run.fields_get(["state"])["state"]["selection"])
        self.assertEqual(states["interrupted"], self.said(language, "Interrupted"))

    @in_each_language
    def test_texts_of_views(self, language, locale):
        integration = self.env["ihub.integration"].with_context(lang=locale)
        arch = integration.get_view(view_type="form")["arch"]
        self.assertIn(self.said(language, "Alerts and Rights"), arch)

    @in_each_language
    def test_names_of_menus(self, language, locale):
        menu = self.env.ref("ihub.ihub_menu_runs_all").with_context(lang=locale)
        self.assertEqual(menu.name, self.said(language, "All Runs"))

    @in_each_language
    def test_what_the_browser_says(self, language, locale):
        translations, _lang = self.env["ir.http"]._get_translations_for_webclient(["ihub"], locale)
        messages = {line["id"]: line["string"] for line in translations["ihub"]["messages"]}
        term = "Several periods. Zoom in."
        self.assertEqual(messages.get(term), self.said(language, term))
        # Of a template, not of a script.
        self.assertEqual(messages.get("Legend"), self.said(language, "Legend"))

    @in_each_language
    def test_messages(self, language, locale):
        integration = self.add()
        text = integration.with_context(lang=locale).action_run_manually()["name"]
        self.assertEqual(text, self.said(language, "Run %(name)s", name="Orders"))

    @in_each_language
    def test_what_a_type_says_of_itself(self, language, locale):
        source = self.type_class().description._source
        integration = self.add().with_context(lang=locale)
        said = self.said(language, source, "ihub_integration_demo")
        words = re.sub(r"<[^>]+>", " ", said).split()
        shown = re.sub(r"<[^>]+>", " ", str(integration.type_description)).split()
        self.assertEqual(shown, words)
        title = self.said(language, "Demo Integration", "ihub_integration_demo")
        self.assertEqual(integration.type_name, title)

    @in_each_language
    def test_mails(self, language, locale):
        reader = self.person(f"ihub_{language}")
        reader.write({"lang": locale, "tz": "UTC"})
        integration = self.add(name=f"Orders {language}", user_id=reader.id)
        self.unfollow_all(integration)
        integration.sudo()._fail("No more paper")
        # The first one tells the person that the integration is theirs.
        mail = self.mails(reader)[-1]
        name = integration.name
        self.assertEqual(mail.subject, self.said(language, "%(name)s failed", name=name))
        body = html.unescape(mail.body_html)
        self.assertIn(self.said(language, "%(name)s failed:", name=f"<b>{name}</b>"), body)
        advice = "Fix the cause, then press Start to continue where it stopped."
        self.assertIn(self.said(language, advice), body)

    @in_each_language
    def test_what_a_run_says(self, language, locale):
        worker = self.person(f"ihub_worker_{language}")
        worker.lang = locale
        integration = self.add(run_as_id=worker.id)
        with self.running_as(lambda this, _from, _to: RestClient("").get("orders")):
            run = integration.run_manually()
            self.work(integration)
        server = self.said(language, "the other system")
        self.assertEqual(run.message, self.said(language, NO_ADDRESS, server=server))


class TestLanguage(HubCase):
    """In which language code without an environment speaks, whatever the files hold."""

    def setUpOnce(self):
        super().setUpOnce()
        self.env["res.lang"]._activate_lang("fr_FR")

    def translate(self, addon, source, translation):
        """Let the French of a term be this, whatever the file says."""
        known = code_translations.get_python_translations(addon, "fr_FR")
        self.patch(
            code_translations,
            "python_translations",
            {
                **code_translations.python_translations,
                (addon, "fr_FR"): {**known, source: translation},
            },
        )

    def test_a_run_speaks_the_language_of_its_user(self):
        self.translate("ihub", NO_ADDRESS, "Adresse inutilisable : %(server)s")
        self.translate("ihub", "the other system", "(aucune)")
        worker = self._user("ihub_worker", "ihub.group_user")
        worker.lang = "fr_FR"
        integration = self.add(run_as_id=worker.id)
        with self.running_as(lambda this, _from, _to: RestClient("").get("orders")):
            run = integration.run_manually()
            self.work(integration)
        self.assertEqual(run.message, "Adresse inutilisable : (aucune)")

    def test_a_click_is_answered_in_the_language_of_its_user(self):
        self.translate("ihub", NO_ADDRESS, "Adresse inutilisable : %(server)s")

        class Request:
            env = self.env(context={"lang": "fr_FR"})

        with (
            patch.object(spoken, "request", Request),
            self.assertRaisesRegex(RequestInvalid, "^Adresse inutilisable : "),
        ):
            RestClient("").get()

    def test_elsewhere_it_is_english(self):
        with self.assertRaisesRegex(RequestInvalid, "^The address of .* cannot be used: "):
            RestClient("").get()

    def test_a_description_is_translated_by_the_addon_of_its_type(self):
        self.patch(self.type_class(), "description", "<p>Paper</p>")
        self.translate("ihub_integration_demo", "<p>Paper</p>", "<p>Papier</p>")
        integration = self.add()
        self.assertEqual(integration.type_description, "<p>Paper</p>")
        french = integration.with_context(lang="fr_FR")
        self.assertEqual(french.type_description, "<p>Papier</p>")

    def test_texts_are_not_mixed_up_between_readers_of_one_transaction(self):
        self.translate("ihub", "Queued: %(count)s", "En attente : %(count)s")
        integration = self.add()
        integration.run_manually()
        self.assertEqual(integration.activity, "Queued: 1")
        self.assertEqual(integration.with_context(lang="fr_FR").activity, "En attente : 1")

    def test_what_is_wrong_with_a_schedule_is_said_in_full(self):
        integration = self.add()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ihub_integration SET tz = 'Mars/Olympus' WHERE id = %s", [integration.id]
        )
        integration.invalidate_recordset()
        self.assertEqual(
            integration.sudo()._preflight_error(),
            "The server does not know the time zone Mars/Olympus of Orders. Choose another one.",
        )

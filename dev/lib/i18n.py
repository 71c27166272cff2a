"""The translation files of the addons, as Odoo exports them.

Started by dev/i18n, within the development environment. What a database with the addons holds
is compared with, and brought into, ``i18n/ADDON.pot`` and the ``.po`` file of each language.
"""

import argparse
import contextlib
import io
import re
import sys

import polib
from lxml import html

from . import database, paths
from .console import Failure, report, say

LANGUAGES = {"de": "German", "fr": "French", "es": "Spanish"}
PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "es": "nplurals=2; plural=(n != 1);",
}
# Whose labels the hub's models inherit, and what Odoo names the labels of a field after.
INHERITED = ("base", "mail")
LABEL = re.compile(
    r"model:ir\.model\.fields(?:\.selection)?,(field_description|help|name):"
    r"\w+\.(?:field|selection_)_\w+?__(\w+)"
)
PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|%[sdif](?!\w)|\$?\{+[\w.]*\}+")
# Attributes that people read.
TEXT_ATTRIBUTES = ("alt", "aria-label", "confirm", "help", "placeholder", "string", "title")

HELP = """\
  dev/i18n           export the .pot files and merge new terms into the .po files
  dev/i18n --check   change nothing; fail when that would have changed a file, or when a term
                     is missing or not correct in a language

Translations that exist are kept, those of terms that are gone are dropped, and nothing is
guessed. A new term is empty, unless it is the label of a field that a model inherits, from
Odoo's own models or from the hub's: that is taken from where it comes from.

Demo data is in the database, so its texts are exported as well where their field can be
translated. The names of the demo's integrations, and what is told of their past, cannot: such
texts are what people type. Tests are no part of an addon.
"""


def main():
    parser = argparse.ArgumentParser(
        prog="dev/i18n",
        description="Bring the translation files up to date.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="only compare, change nothing")
    options = parser.parse_args()
    try:
        return _main(options.check)
    except Failure as failure:
        report(failure)
        return 1


def _main(check):
    databases = database.Databases({})
    # A copy, because nobody can copy a template that somebody reads.
    with databases.copied("i18n") as name, _environment(name) as env:
        files = wanted(env)
    if check:
        return _check(files)
    for path, text in files.items():
        if _read(path) != text:
            say(str(path.relative_to(paths.ROOT)))
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    return 0


def _check(files):
    """Say what is not up to date, not translated or not correct; return whether there is any."""
    lines = [f"{path}: is not up to date" for path, text in files.items() if _read(path) != text]
    for path in files:
        if path.suffix == ".po" and path.exists():
            lines += [f"{path}: {fault}" for fault in faults(path.parts[-3], path.stem)]
    for line in lines:
        print(line.removeprefix(f"{paths.ROOT}/"))
    return bool(lines)


@contextlib.contextmanager
def _environment(name):
    """Yield Odoo's environment for a database."""
    import odoo.init  # noqa: F401  Odoo's other parts expect what it sets.
    from odoo.api import SUPERUSER_ID, Environment
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", name, "--no-http", "--log-level=warn"], setup_logging=True)
    with Registry(name).cursor(readonly=True) as cr:
        yield Environment(cr, SUPERUSER_ID, {})


def _read(path):
    return path.read_text("utf-8") if path.exists() else None


# --- What the files should be ---


def wanted(env):
    """Return what each translation file should contain, as ``{path: text}``.

    :param env: Odoo's environment for a database with both addons
    """
    files = {}
    for addon in paths.addons():
        template = export(env, addon)
        files[pot_path(addon)] = str(template)
        for language in LANGUAGES:
            files[po_path(addon, language)] = str(merged(addon, language, template))
    return {path: f"{text.rstrip()}\n" for path, text in files.items()}


def pot_path(addon):
    """Return where the template of an addon's translations is."""
    return paths.ROOT / addon / "i18n" / f"{addon}.pot"


def po_path(addon, language):
    """Return where an addon's translations into a language are."""
    return paths.ROOT / addon / "i18n" / f"{language}.po"


def export(env, addon):
    """Return the terms of an addon as a :class:`polib.POFile`, without dates and versions."""
    from odoo.tools.translate import trans_export

    buffer = io.BytesIO()
    trans_export(None, [addon], buffer, "po", env)
    exported = polib.pofile(buffer.getvalue().decode())
    template = _empty(addon)
    template.extend(exported)
    return template


def merged(addon, language, template):
    """Return the translations into ``language``: those that exist, for the terms there are.

    :param template: what :func:`export` returned
    """
    # Labels that types inherit from the hub are shown as the hub translates them in any case.
    hub = _labels_of(["ihub"] if addon != "ihub" else [], language)
    odoo = _labels_of(INHERITED, language)
    path = po_path(addon, language)
    old = {entry.msgid: entry for entry in polib.pofile(str(path))} if path.exists() else {}
    result = _empty(addon, language)
    for entry in template:
        found = old.get(entry.msgid)
        kept = found.msgstr if found and not (found.obsolete or found.fuzzy) else ""
        result.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgstr=_label(entry, hub) or kept or _label(entry, odoo),
                comment=entry.comment,
                tcomment=found.tcomment if found else "",
                occurrences=entry.occurrences,
            )
        )
    return result


def _empty(addon, language=None):
    made = polib.POFile()
    made.header = (
        "Translation of Odoo Server.\n"
        "This file contains the translation of the following modules:\n"
        f"\t* {addon}\n"
    )
    made.metadata = {
        "Project-Id-Version": "Odoo Server 19.0",
        "Report-Msgid-Bugs-To": "",
        "Last-Translator": "",
        "Language-Team": LANGUAGES.get(language, ""),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS.get(language, ""),
    }
    if language:
        made.metadata["Language"] = language
    return made


def _labels_of(addons, language):
    """Return the translations of the labels of fields as ``{(term, field): translation}``."""
    from odoo.tools.misc import file_path

    known = {}
    for addon in addons:
        try:
            path = file_path(f"{addon}/i18n/{language}.po")
        except FileNotFoundError:
            continue
        for entry in polib.pofile(path):
            if entry.msgstr and not entry.obsolete and not entry.fuzzy:
                for label in _labels(entry):
                    known.setdefault((entry.msgid, label), entry.msgstr)
    return known


def _label(entry, known):
    """Return the translation of a term that is only a label of inherited fields, or nothing."""
    labels = _labels(entry)
    if len(labels) != len(entry.occurrences):
        return ""
    found = {known.get((entry.msgid, label), "") for label in labels}
    return found.pop() if len(found) == 1 else ""


def _labels(entry):
    matches = [LABEL.fullmatch(place) for place, _line in entry.occurrences]
    return [match.groups() for match in matches if match]


# --- What is wrong with a translation ---


def faults(addon, language):
    """Return one line for each term that is not, or not correctly, translated.

    :param str language: one of :data:`LANGUAGES`
    """
    terms = polib.pofile(str(pot_path(addon)))
    translations = polib.pofile(str(po_path(addon, language)))
    found = {entry.msgid: entry for entry in translations if not entry.obsolete}
    lines = [
        f"{fault}: {term.msgid!r}"
        for term in terms
        for fault in _faults_of(term.msgid, found.pop(term.msgid, None))
    ]
    return lines + [f"no term any more: {msgid!r}" for msgid in found]


def _faults_of(source, entry):
    if entry is None or not entry.msgstr.strip():
        return ["missing"]
    text = entry.msgstr
    parts = {"placeholders": _placeholders, "tags": _tags, "outer spaces": _outer_spaces}
    differing = [f"other {name}" for name, part in parts.items() if part(source) != part(text)]
    return [*(["fuzzy"] if entry.fuzzy else []), *differing]


def _placeholders(text):
    """Return what is replaced in a text; those without a name also have an order."""
    named = {found for found in PLACEHOLDER.findall(text) if not found.startswith("%s")}
    return named, text.count("%s"), text.count("%%")


def _tags(text):
    """Return the tags of a text with those of their attributes that are not texts."""
    if "<" not in text:
        return []
    root = html.fragment_fromstring(text, create_parent="div")
    return sorted(
        (node.tag, sorted((k, v) for k, v in node.attrib.items() if k not in TEXT_ATTRIBUTES))
        for node in root.iterdescendants()
    )


def _outer_spaces(text):
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


if __name__ == "__main__":
    sys.exit(main())

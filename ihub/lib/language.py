"""In which language code without an environment speaks to people."""

from odoo.http import request

from ..engine.context import current_language


def say(text):
    """Return the translation of ``text``, a term made by ``LazyTranslate``.

    It is in the language of the run that this thread executes; outside of runs in that of the
    request, such as a click on a button, else in English. It is translated at once, and so the
    same for everybody who reads it later.

    :param LazyGettext text: what to say, with its values
    :return str: the sentence
    """
    return text._translate(current_language() or _language_of_request() or "en_US")


def _language_of_request():
    env = request.env if request else None
    return env.lang if env else None

"""In which language code without an environment speaks to people."""

from typing import Any

from odoo.http import request

from ..engine.context import current_language


def say(text: Any, **values: Any) -> str:
    """Return the translation of ``text``, a term made by ``LazyTranslate``.

    It is in the language of the run that this thread executes; outside of runs in that of the
    request, such as a click on a button, else in English. It is translated at once, and so the
    same for everybody who reads it later.

    :param LazyGettext text: what to say, with its values
    :param values: those that ``text`` does not bring along
    :return str: the sentence
    """
    sentence: str = text._translate(current_language() or _language_of_request() or "en_US")
    return sentence % values if values else sentence


def _language_of_request() -> str | None:
    env = request.env if request else None
    return env.lang if env else None

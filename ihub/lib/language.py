"""In which language code without an environment speaks to people."""

from typing import Any

from odoo.http import request

from ..core.sentences import Said, Sentence, kept_values
from ..engine.context import current_language


def say(text: Any, **values: Any) -> str:
    """Return the translation of ``text``, a term made by ``LazyTranslate``.

    It is in the language of the run that this thread executes; outside of runs in that of the
    request, such as a click on a button, else in English. Where it is kept as why a run has failed,
    whoever reads it later reads it in their own language.

    :param LazyGettext text: what to say, with its values
    :param values: those that ``text`` does not bring along
    :return str: the sentence
    """
    term: str = text._translate(current_language() or _language_of_request() or "en_US")
    sentence = term % values if values else term
    if text._args:
        # Said as it is to everybody.
        return sentence
    named = {"text": text._source, "module": text._module, "named": kept_values(values)}
    return Said(sentence, Sentence("term", named))


def _language_of_request() -> str | None:
    env = request.env if request else None
    return env.lang if env else None

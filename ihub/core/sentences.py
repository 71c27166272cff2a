"""The hub's own sentences on what became of something, kept so that each reader reads their own.

A sentence that is stored is in one language for ever. So its code is stored beside it, with what it
names; :mod:`ihub.report.sentences` says it in the language of whoever reads it.
"""

from typing import Any, NamedTuple


class Sentence(NamedTuple):
    """One sentence.

    :param str code: a key of ``ihub.report.sentences.SENTENCES``
    :param dict values: what it names; JSON can carry it, moments as ISO 8601 in UTC
    """

    code: str
    values: dict[str, Any] = {}


class Said(str):
    """A sentence as text in one language, which can still be said in that of another reader.

    What is made of it, such as a part of it, is text like any other.
    """

    sentence: Sentence

    def __new__(cls, text: str, sentence: Sentence) -> "Said":
        """Return ``text``, as which ``sentence`` was said."""
        said = super().__new__(cls, text)
        said.sentence = sentence
        return said


def sentence_of(said: Any) -> Sentence | None:
    """Return the :class:`Sentence` that ``said`` is or was made of, or None for any other text."""
    return said.sentence if isinstance(said, Said) else said if isinstance(said, Sentence) else None


def kept(said: Any) -> dict[str, Any] | None:
    """Return the sentence of ``said`` as JSON can carry it, or None where there is none."""
    sentence = sentence_of(said)
    if sentence is None:
        return None
    return {"code": sentence.code, "values": kept_values(sentence.values)}


def kept_values(values: dict[str, Any]) -> dict[str, Any]:
    """Return what a sentence names as JSON can carry it, other sentences as well."""
    return {name: kept(value) or value for name, value in values.items()}

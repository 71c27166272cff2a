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

"""Alerts: who is told in how many messages, and when a row of failures is over."""

from collections.abc import Iterable
from typing import NamedTuple


class Reader(NamedTuple):
    """Somebody who is told, and how the message must be written.

    :param int partner_id: whom
    :param str lang: a language's code
    :param str tz: name of a time zone
    """

    partner_id: int
    lang: str
    tz: str


def has_recovered(failures: int, state: str, trigger: str, schedule_has_failed: bool) -> bool:
    """Return whether a run that has worked ends a row of failures.

    :param int failures: how many there were since it last worked
    :param str state: the integration's, after the run
    :param str trigger: what had queued the run
    :param bool schedule_has_failed: whether the window of the schedule is one that has failed
    """
    if not failures or state == "failed":
        return False
    return trigger == "schedule" or not schedule_has_failed


def notices(
    notifications: Iterable[tuple[Reader, int]],
) -> dict[tuple[str, str, tuple[int, ...]], list[int]]:
    """Group what is told so that nobody gets two messages where one does.

    :param notifications: pairs of a :class:`Reader` and an id of what to tell about
    :return: ``{(lang, tz, ids): partner ids}``, ids and partner ids sorted
    """
    by_reader: dict[Reader, set[int]] = {}
    for reader, item in notifications:
        by_reader.setdefault(reader, set()).add(item)
    grouped: dict[tuple[str, str, tuple[int, ...]], set[int]] = {}
    for reader, items in by_reader.items():
        key = (reader.lang, reader.tz, tuple(sorted(items)))
        grouped.setdefault(key, set()).add(reader.partner_id)
    return {key: sorted(partners) for key, partners in grouped.items()}

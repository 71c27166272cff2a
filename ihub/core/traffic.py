"""Requests to a server: how often they are sent, and when it is down. Retries: ``retry.py``.

The processes take turns, and share what they know, by ``engine/server_state.py``.
"""

import re
from datetime import datetime, timedelta

# After so many failures in a row a server is down.
DOWN_AFTER = 5
# Seconds after which an earlier failure is none of the same row any more.
ROW = 900.0
# Seconds between two probes of a server that is down: the longer it is, the longer they are.
_PROBES = (30.0, 300.0)

# What says that nothing behind the server's front door answers.
_GATEWAY = (502, 503, 504)

_RATE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*/\s*([a-z]+)\s*", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
    **dict.fromkeys(("d", "day"), 86400.0),
}


def interval_of(rate: str) -> float:
    """Return the seconds between two requests at a rate such as ``2/s``, ``100/min``, ``5000/h``.

    :raise ValueError: it is no rate
    """
    found = _RATE.fullmatch(rate)
    unit = _UNITS.get(found[2].lower()) if found else None
    if not found or not unit or not float(found[1]):
        raise ValueError(rate)
    return unit / float(found[1])


# --- A server that is down ---


def is_servers_fault(status: int | None) -> bool:
    """Return whether a failure is the server's own, and not that of what was asked.

    :param status: the HTTP status; None: the network has failed
    """
    return status is None or status >= 500


def is_outage(status: int | None) -> bool:
    """Return whether a failure would meet every request, and so is none of this one.

    A server that answers 500 may only dislike what it was sent: who sends that has failed.
    """
    return status is None or status in _GATEWAY


def next_probe(since: datetime, now: datetime) -> datetime:
    """Return when to try a server again that is down, naive UTC in whole seconds.

    :param datetime since: when the first of its failures in a row was, naive UTC
    :param datetime now: naive UTC
    """
    shortest, longest = _PROBES
    wait = min(max((now - since).total_seconds() / 4, shortest), longest)
    return now.replace(microsecond=0) + timedelta(seconds=round(wait))

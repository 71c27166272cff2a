"""Whether an attempt at a window got further than those before it."""

import hashlib
import json

# How many points are remembered: so many attempts can have moved on.
POINTS_LIMIT = 1_000


def moved_on(reached, processed, point):
    """Return whether an attempt got further, and what to remember of it for the next ones.

    Where an attempt ended counts, not each of its checkpoints: one that begins at the beginning
    again passes all of them once more. It got further if it has processed more than any attempt
    before it, or ended at a resume point at which none of them did.

    :param dict reached: what the attempts before have reached, as returned; None for none
    :param int processed: records done since the start of the window
    :param point: the resume point, a JSON value; None for none
    :return: whether it moved on; what has been reached, a JSON value
    """
    most = reached["processed"] if reached else 0
    points = reached["points"] if reached else []
    mark = None if point is None else _mark(point)
    is_new = mark is not None and mark not in points
    if is_new:
        points = [*points, mark][-POINTS_LIMIT:]
    return processed > most or is_new, {"processed": max(processed, most), "points": points}


def _mark(point):
    text = json.dumps(point, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

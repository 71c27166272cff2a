"""Kills at random points. ``dev/soak`` does the same for as many rounds as wanted."""

import random

import pytest
from soak import Soak

# Of each of five integrations, a minute long.
WINDOWS = 20


@pytest.mark.parametrize(
    ("workers", "kills", "seed"),
    [
        ((0,), 2, 2),
        ((0, 0), 4, 3),
        # A threaded one beside one with workers.
        ((0, 1), 4, 4),
    ],
)
def test_every_window_is_done_once(hub, tmp_path, workers, kills, seed):
    report = Soak(hub, tmp_path, workers, random.Random(seed), WINDOWS).run(1, kills)
    assert report.windows >= 5 * WINDOWS
    assert report.kills == kills
    assert not report.problems(), report

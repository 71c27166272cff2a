"""Kills at random points. ``dev/soak`` does the same for as many rounds as wanted."""

import random

import pytest
from soak import Soak


@pytest.mark.parametrize(
    ("workers", "kills", "seed"),
    [
        # An hour of minute windows of five integrations on two servers, undisturbed.
        ((0, 0), 0, 1),
        ((0,), 2, 2),
        ((0, 0), 4, 3),
        # A threaded one beside one with workers.
        ((0, 1), 4, 4),
    ],
)
def test_every_window_is_done_once(hub, tmp_path, workers, kills, seed):
    report = Soak(hub, tmp_path, workers, random.Random(seed)).run(1, kills)
    assert report.windows >= 5 * 60
    assert not report.problems(), report

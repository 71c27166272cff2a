"""The alarm: it rings when something is due, and is called again when the next thing is."""

import pytest
from pure_ihub.engine.alarm import LONGEST_SLEEP, Alarm


class Clock(Alarm):
    """Moments at which something becomes due, and those at which it was rung."""

    def __init__(self):
        super().__init__("some database")
        self.now = 0.0
        self.moments = []
        self.rung = []
        self.wakes = []
        self.is_gone = False

    def look(self):
        if self.is_gone:
            return None
        ahead = [moment - self.now for moment in self.moments if moment > self.now]
        return len(ahead) < len(self.moments), min(ahead, default=None)

    def ring(self):
        self.rung.append(self.now)

    def call_in(self, seconds):
        self.wakes.append(self.now + seconds)

    def run(self, until, work=True):
        """Let time pass, with workers who do what is due when it is rung, or without."""
        while self.wakes and self.wakes[0] <= until:
            self.now = self.wakes.pop(0)
            self.on_time()
            if work and self.rung and self.rung[-1] == self.now:
                self.moments = [moment for moment in self.moments if moment > self.now]
        self.now = until


@pytest.fixture
def clock():
    made = Clock()
    made.wakes = [0.0]
    return made


def test_it_rings_at_each_moment(clock):
    clock.moments = [3.0, 3.5, 200.0]
    clock.run(300)
    assert clock.rung == [3.0, 3.5, 200.0]


def test_it_rings_at_once_for_what_was_missed(clock):
    clock.moments = [-500.0]
    clock.run(10)
    assert clock.rung == [0.0]


def test_without_anything_it_looks_once_a_minute(clock):
    clock.run(59)
    assert clock.wakes == [60.0]


def test_it_rings_again_after_longer_and_longer_while_nobody_works(clock):
    clock.moments = [0.0]
    clock.run(100, work=False)
    assert clock.rung == [0, 1, 3, 7, 15, 31, 63]
    clock.moments.append(110.0)
    clock.wakes = [100.0]
    clock.run(111, work=False)
    # On time all the same for what becomes due meanwhile.
    assert 110.0 in clock.rung


def test_the_first_pause_is_short_again_once_all_is_done(clock):
    clock.moments = [0.0]
    clock.run(20, work=False)
    clock.run(40)
    clock.rung.clear()
    clock.moments = [100.0]
    clock.run(102, work=False)
    assert clock.rung == [100.0, 101.0]


def test_a_database_that_does_not_answer_is_asked_a_minute_later(clock):
    def broken():
        raise OSError("no database")

    clock.look = broken
    clock.run(1)
    assert clock.wakes == [LONGEST_SLEEP]


def test_a_database_that_is_gone_is_forgotten(clock):
    clock.is_gone = True
    clock.run(100)
    assert clock.wakes == []

"""Live messages: one a second of all integrations, and the last state is always said."""

import pytest
from pure_ihub.engine.live import PAUSE, Changes


class Line(Changes):
    """A clock, the messages that were sent, and when the next is asked for."""

    def __init__(self):
        super().__init__("some database")
        self.now = 100.0
        self.sent = []
        self.due = []

    def clock(self):
        return self.now

    def send(self, ids):
        self.sent.append((self.now, ids))

    def call_in(self, seconds):
        self.due.append(self.now + seconds)

    def run(self, until):
        """Let time pass, and the thread do its work."""
        while self.due and min(self.due) <= until:
            self.now = max(self.now, min(self.due))
            self.due = [moment for moment in self.due if moment > self.now]
            self.on_time()
        self.now = until


@pytest.fixture
def line():
    return Line()


def test_the_first_change_is_said_at_once(line):
    line.add([1])
    line.run(100.0)
    assert line.sent == [(100.0, [1])]


def test_a_thousand_changes_in_two_seconds_are_three_messages(line):
    for number in range(1000):
        line.add([1])
        line.run(100.0 + number / 500)
    line.run(110.0)
    assert [ids for _moment, ids in line.sent] == [[1]] * 3
    moments = [moment for moment, _ids in line.sent]
    assert all(b - a >= PAUSE for a, b in zip(moments, moments[1:], strict=False))


def test_the_last_change_is_said(line):
    line.add([1])
    line.run(100.0)
    line.add([1])
    line.run(100.5)
    assert len(line.sent) == 1
    line.run(105.0)
    assert line.sent[1:] == [(101.0, [1])]


def test_what_changes_within_the_second_is_said_together(line):
    line.add([1])
    line.run(100.2)
    line.add([1, 2])
    line.run(100.6)
    line.add([3])
    line.run(105.0)
    assert line.sent == [(100.0, [1]), (101.0, [1, 2, 3])]


def test_many_that_change_together_are_one_message(line):
    line.add([3, 1])
    line.add([2])
    line.run(100.0)
    assert line.sent == [(100.0, [1, 2, 3])]


def test_a_message_that_fails_does_not_hold_up_the_next(line):
    def broken(ids):
        line.sent.append(ids)
        raise OSError("no database")

    line.send = broken
    for moment in (100.0, 102.0):
        line.run(moment)
        line.add([1])
        line.run(moment)
    assert line.sent == [[1], [1]]

"""What is made once in a session, and lives on from file to file: servers and browsers."""

from contextlib import ExitStack, contextmanager


class Kept:
    """What is made when it is first asked for.

    At the end of a class of Odoo's own tests Odoo ends all processes that pytest has started.
    So they are ended before such a class begins, and made again for whoever asks after it.

    :param make: returns a context manager of it
    """

    # The latest last: it may use those before it.
    alive = []

    def __init__(self, make):
        self.make = make
        self.stack = ExitStack()
        self.value = None

    def get(self):
        """Return it."""
        if self.value is None:
            self.value = self.stack.enter_context(self.make())
            self.alive.append(self)
        return self.value

    @classmethod
    def end(cls):
        """End all that there are."""
        while cls.alive:
            kept = cls.alive.pop()
            kept.value = None
            kept.stack.close()


@contextmanager
def kept(make):
    """Yield what keeps what ``make`` returns; at the end there is none any more."""
    keeper = Kept(make)
    yield keeper
    Kept.end()

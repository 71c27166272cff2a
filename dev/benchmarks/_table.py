"""Measuring, and the table of what was demanded and what was measured."""

import statistics
import time


def seconds(function, repeat=1):
    """Return the median time of ``repeat`` calls, in seconds."""
    return seconds_in_turns([function], repeat)[0]


def seconds_in_turns(functions, repeat=1):
    """Return the median time of each function, in seconds.

    They are called in turns: what else the machine does meets all of them.
    """
    times = [[] for __ in functions]
    for __ in range(repeat):
        for function, own in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            own.append(time.perf_counter() - start)
    return [statistics.median(own) for own in times]


def _number(value):
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{2 if value < 100 else 0}f}"


class Table:
    """Rows of what was measured against what."""

    HEAD = ("what", "against", "demanded", "measured", "ratio", "")

    def __init__(self):
        self.rows = []
        self.failed = False

    def at_least(self, what, against, factor, measured, baseline, unit="/s"):
        """``measured`` must be at least ``factor`` times ``baseline``."""
        self._add(what, against, f"≥ {factor:g}", factor <= measured / baseline,
                  measured, baseline, unit)  # fmt: skip

    def at_most(self, what, against, factor, measured, baseline, unit):
        """``measured`` must be at most ``factor`` times ``baseline``."""
        text = f"≤ 1/{1 / factor:.0f}" if factor < 0.5 else f"≤ {factor:g}"
        self._add(what, against, text, measured / baseline <= factor, measured, baseline, unit)

    def beside(self, what, against, measured, baseline, unit):
        """Nothing is demanded of ``measured``: it is seen beside ``baseline``."""
        self._add(what, against, "", True, measured, baseline, unit)

    def _add(self, what, against, demanded, is_met, measured, baseline, unit):
        ratio = measured / baseline
        shown = f"{ratio:.2f}" if ratio >= 0.1 else f"1/{1 / ratio:.0f}"
        numbers = f"{_number(measured)} vs {_number(baseline)} {unit}"
        verdict = ("ok" if is_met else "MISSED") if demanded else ""
        self.rows.append((what, against, demanded, numbers, shown, verdict))
        self.failed |= not is_met

    def text(self):
        """Return the table as Markdown."""
        lines = [self.HEAD, tuple("---" for __ in self.HEAD), *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.HEAD))]
        return "\n".join(_line(line, widths) for line in lines)


def _line(cells, widths):
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"

"""Figures for those who watch, as Prometheus reads them: its text format, version 0.0.4."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Metric(NamedTuple):
    """What one figure is.

    :param str name: with its unit, such as ``ihub_watermark_age_seconds``
    :param str help: what it says, on one line
    """

    name: str
    help: str


class Sample(NamedTuple):
    """One figure at this moment.

    :param Metric metric: of what
    :param float value: in the unit of its name
    :param labels: what it is of, such as ``{"integration": "Web shop"}``
    """

    metric: Metric
    value: float
    labels: Mapping[str, str] = {}


def exposition(samples: Iterable[Sample]) -> str:
    """Return ``samples`` as text; those of one metric stand together."""
    by_metric: dict[Metric, list[Sample]] = {}
    for sample in samples:
        by_metric.setdefault(sample.metric, []).append(sample)
    lines = []
    for metric, those in by_metric.items():
        lines += [f"# HELP {metric.name} {_escaped(metric.help)}", f"# TYPE {metric.name} gauge"]
        lines += map(_line, those)
    return "".join(f"{line}\n" for line in lines)


def _line(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_quoted(text)}"' for name, text in sample.labels.items())
    return f"{sample.metric.name}{labels and f'{{{labels}}}'} {sample.value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")

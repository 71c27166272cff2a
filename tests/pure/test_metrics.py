"""Figures as Prometheus reads them."""

from pure_ihub.core.metrics import Metric, Sample, exposition

AGE = Metric("ihub_age_seconds", "How old")
COUNT = Metric("ihub_count", "How many")


def test_samples_of_one_metric_stand_together():
    samples = [
        Sample(AGE, 1.5, {"id": "1"}),
        Sample(COUNT, 2),
        Sample(AGE, 3600, {"id": "2", "kind": "x"}),
    ]
    assert exposition(samples).splitlines() == [
        "# HELP ihub_age_seconds How old",
        "# TYPE ihub_age_seconds gauge",
        'ihub_age_seconds{id="1"} 1.5',
        'ihub_age_seconds{id="2",kind="x"} 3600',
        "# HELP ihub_count How many",
        "# TYPE ihub_count gauge",
        "ihub_count 2",
    ]


def test_no_name_breaks_out_of_its_quotes():
    text = exposition([Sample(COUNT, 1, {"name": 'a"b\\c\nd 1'})])
    assert text.splitlines()[-1] == r'ihub_count{name="a\"b\\c\nd 1"} 1'


def test_nothing_is_no_text():
    assert exposition([]) == ""


def test_large_numbers_keep_their_digits():
    assert exposition([Sample(COUNT, 123456789012)]).endswith("ihub_count 123456789012\n")

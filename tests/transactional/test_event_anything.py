"""Whatever is passed: every call returns, and every event is there."""

import datetime
import decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from odoo.tests import tagged
from test_event_log import EventCase

pytestmark = pytest.mark.slow


class Hostile:
    """Raises whatever is asked of it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __str__(self):
        raise RuntimeError

    __repr__ = __len__ = __bool__ = __hash__ = __eq__ = __iter__ = __str__


class HalfARecord:
    _name = "res.partner"
    _ids = (1, "x", None)
    env = None


TEXTS = st.text() | st.sampled_from(
    ["\x00", "\ud800", "\x1b[0m", "a\tb\\n\\.\r\n", "\\N", "<b>x</b>", "\u202eabc", "%s %(x)s {}"]
)
SINGLE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | st.binary()
    | st.decimals()
    | st.datetimes()
    | st.builds(Hostile)
    | st.builds(HalfARecord)
    | st.builds(ValueError, TEXTS)
    | st.builds(object)
    | st.sampled_from([Hostile, int, etree.fromstring("<a/>"), decimal, datetime.date.max, ...])
)
ANYTHING = st.recursive(
    SINGLE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(TEXTS | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)
RECORDS = ("empty", "one", "many", "new", "deleted", "transient", "abstract", "integration")
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "summary": ANYTHING,
        "details": ANYTHING,
        "related": ANYTHING | st.sampled_from(RECORDS),
        "integration": ANYTHING | st.sampled_from(RECORDS),
        "surprise": ANYTHING,
    },
)


@tagged("standard", "post_install", "-at_install")
class TestAnything(EventCase):
    def setUp(self):
        super().setUp()
        Partner = self.env["res.partner"]
        deleted = Partner.create({"name": "x"})
        deleted.unlink()
        self.records = {
            "empty": Partner,
            "one": self.partner,
            "many": self.partner + Partner.create({"name": "Paul"}),
            "new": Partner.new({}),
            "deleted": deleted,
            "transient": self.env["base.module.upgrade"].create({}),
            "abstract": self.env["ihub.abstract_integration"],
            "integration": self.demo,
        }

    def value(self, name):
        return self.records[name] if isinstance(name, str) and name in self.records else name

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.sampled_from(["info", "warning", "error"]), ARGUMENTS)))
    def test_every_call_returns_and_every_event_is_there(self, calls):
        before = self.Event.search([], limit=1).id or 0
        for level, arguments in calls:
            for name in ("related", "integration"):
                if name in arguments:
                    arguments[name] = self.value(arguments[name])
            getattr(self.demo, f"ihub_{level}")(**arguments)
        events = self.Event.search([("id", ">", before)], order="id")
        self.assertEqual(events.mapped("level"), [level for level, __ in calls])
        self.assertTrue(all(events.mapped("summary")))
        events.web_read({name: {} for name in events._fields})

    def test_ten_megabytes(self):
        self.demo.ihub_info("big", "x" * 10_000_000)
        event = self.event()
        self.assertTrue(event.is_cut)
        self.assertEqual(len(event.details), 64 * 1024)
        attachment = self.env["ir.attachment"].search(
            [("res_model", "=", "ihub.event"), ("res_id", "=", event.id)]
        )
        self.assertEqual(attachment.raw, b"x" * 10_000_000)
        self.assertEqual(attachment.mimetype, "text/plain")

    def test_large_structure_is_an_attachment_of_json(self):
        self.demo.ihub_info("big", [{"number": n, "token": "abc"} for n in range(20_000)])
        attachment = self.env["ir.attachment"].search(
            [("res_model", "=", "ihub.event"), ("res_id", "=", self.event().id)]
        )
        self.assertEqual(attachment.mimetype, "application/json")
        self.assertNotIn(b"abc", attachment.raw)

    def test_cut_does_not_split_a_character(self):
        self.demo.ihub_info("big", "a" + "é" * 40_000)
        self.assertTrue(self.event().is_cut)
        self.assertEqual(set(self.event().details), {"a", "é"})

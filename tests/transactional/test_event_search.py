"""A search in summaries finds what contains the text, all of it and nothing else."""

from unittest.mock import patch

import pytest
from freezegun import freeze_time
from lxml import etree
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval
from test_event_log import EventCase

from odoo.addons.ihub.models.ihub_event import IhubEvent, pieces_of

SUMMARIES = (
    "Imported order S395950 of customer 7",
    "imported ORDER s395950",
    "Imported order S395 and 5950",
    "Order 395950",
    "order S-395-950",
    "Größe 395950 geändert",
    "GRÖSSE 395950 GEÄNDERT",
    "100% of order S395950 done",
    "a_b order S395950",
    "back\\slash order S395950",
    "S395",
    "395950395950",
)
PATTERNS = (
    "S395950", "order S395950", "ORDER s395950", "imported order", "395950", "95395", "S395",
    "5950 of cust", "order s395950 done", "größe 395950", "geändert", "100% of order", "a_b order",
    "order%395950", "back\\\\slash order", "S395 and 5950", "nothing like it 123456", "", " ",
)  # fmt: skip


@pytest.mark.slow
@tagged("standard", "post_install", "-at_install")
class TestSearchInSummaries(EventCase):
    def test_pieces(self):
        self.assertEqual(pieces_of("S395950"), ["S39", "595", "950"])
        self.assertEqual(pieces_of("S39595"), ["S39", "595"])
        self.assertEqual(pieces_of("Order 395"), ["395", "Ord", "der"])
        self.assertEqual(pieces_of("a_bc%de 12"), [])
        self.assertEqual(pieces_of("Größe 12345"), [])

    def test_they_are_few(self):
        text = " ".join(str(number) for number in range(1000, 2000))
        self.assertLessEqual(len(pieces_of(text)), 6)

    def test_finds_what_the_pattern_finds(self):
        for summary in SUMMARIES:
            self.demo.ihub_info(summary)
        self.assertEqual(len(self.events()), len(SUMMARIES))
        for operator in ("ilike", "not ilike"):
            for pattern in PATTERNS:
                domain = ("summary", operator, pattern)
                with patch.object(IhubEvent, "_is_rare", lambda *__: False):
                    plain = self.events(domain)
                with patch.object(IhubEvent, "_is_rare", lambda *__: True):
                    self.assertEqual(self.events(domain), plain, domain)
                    self.assertEqual(self.events("!", domain), self.events() - plain, domain)

    def test_only_what_is_rare_is_looked_up_piece_by_piece(self):
        self.env.cr.execute(
            "INSERT INTO ihub_event (level, summary, create_date, company_id)"
            " SELECT 'info', 'Order S' || n * 7919, now(), %s FROM generate_series(1, 20000) n",
            [self.operator.company_id.id],
        )
        # What autovacuum does when there are many new rows.
        self.env.cr.execute("SELECT gin_clean_pending_list('ihub_event__summary_index')")
        self.env.cr.execute("ANALYZE ihub_event")
        Event = self.Event.with_user(self.operator)
        rare, frequent = f"order S{777 * 7919}", "order"
        sql = self.sql_of(Event, rare)
        self.assertIn("'%S61%'", sql)
        self.assertLess(sql.index("'%S61%'"), sql.index(f"'%{rare}%'"))
        self.assertNotIn("'%ord%'", self.sql_of(Event, frequent))
        found = Event.search([("summary", "ilike", rare)])
        self.assertTrue(found)
        self.assertTrue(all(f"S{777 * 7919}" in event.summary for event in found))
        self.assertEqual(len(Event.search([("summary", "ilike", frequent)], limit=80)), 80)

    def sql_of(self, Event, pattern):
        query = Event._search([("summary", "ilike", pattern)]).select()
        return self.env.cr._obj.mogrify(query.code, query.params).decode()


@tagged("standard", "post_install", "-at_install")
class TestSearchView(EventCase):
    def domains(self, text):
        """Return ``{field: domain}`` of what people may search for by typing ``text``."""
        arch = etree.fromstring(self.Event.get_view(view_type="search")["arch"])
        fields = {node.get("name"): node.get("filter_domain") for node in arch.findall("field")}
        return {
            name: safe_eval(domain, {"self": text}) if domain else [(name, "ilike", text)]
            for name, domain in fields.items()
        }

    def test_text_without_index_is_sought_among_the_newest_only(self):
        """At five million events it would take seconds otherwise."""
        domains = self.domains("x")
        fields = {name: self.Event._fields[name] for name in domains}
        texts = [name for name, field in fields.items() if field.type in ("char", "text")]
        self.assertIn("details", texts)
        for name in texts:
            bounds = [part[0] for part in domains[name] if part[0] == "create_date"]
            self.assertTrue(fields[name].index or bounds, name)

    def test_nobody_is_offered_what_only_the_hub_reads(self):
        self.assertNotIn("related_name", self.domains("x"))

    def test_text_is_found_among_the_newest(self):
        self.demo.ihub_info("one", details="Order S395950", related=self.partner)
        self.demo.ihub_info("two", details="Order S395950", related=self.partner)
        old, new = self.events()
        self.env.cr.execute(
            "UPDATE ihub_event SET create_date = now() - interval '8 days' WHERE id = %s", [old.id]
        )
        for name, text in (("details", "s395950"), ("about", "peter")):
            self.assertEqual(self.events(*self.domains(text)[name]), new)

    def test_what_is_typed_is_sought_in_the_summary_and_in_the_name(self):
        self.demo.ihub_info("Peter is new")
        self.demo.ihub_info("Taken over", related=self.partner)
        self.demo.ihub_info("Nothing of it")
        first = next(iter(self.domains("peter").items()))
        self.assertEqual(first[0], "summary")
        found = self.events(*first[1]).mapped("summary")
        self.assertEqual(set(found), {"Peter is new", "Taken over"})

    def test_days(self):
        arch = etree.fromstring(self.Event.get_view(view_type="search")["arch"])
        # A Wednesday; of weeks that begin on Sunday.
        moments = ("2025-03-05 09:00", "2025-03-04 23:59", "2025-03-02 00:00", "2025-03-01 23:59")
        with freeze_time("2025-03-05 12:00"):
            for moment in moments:
                self.demo.ihub_info(moment)
            for event in self.events():
                self.env.cr.execute(
                    "UPDATE ihub_event SET create_date = %s WHERE id = %s",
                    [event.summary, event.id],
                )
            self.env.invalidate_all()
            # The operator's clocks show UTC.
            self.Event = self.Event.with_user(self.operator)
            found = {}
            for node in arch.iter("filter"):
                if "create_date" in (node.get("domain") or ""):
                    events = self.events(*safe_eval(node.get("domain")))
                    found[node.get("name")] = set(events.mapped("summary"))
        self.assertEqual(found["today"], {moments[0]})
        self.assertEqual(found["yesterday"], {moments[1]})
        self.assertEqual(found["this_week"], set(moments[:3]))
        self.assertEqual(found["last_seven_days"], set(moments))

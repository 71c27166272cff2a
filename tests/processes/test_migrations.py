"""A database of each version before is upgraded, and what people had in it is still there.

The dumps in ``tests/data/versions`` were made with the version in their name: the demo, with values
that were allowed then and are not any more, and an integration whose company had been deleted.
"""

import lzma
import os
import subprocess
from contextlib import contextmanager
from itertools import count

import hub_database
import psycopg2
import pytest
from hub_driver import ROOT
from odoo_process import run

from lib import postgres

# What somebody has saved in the version before.
SAVED = """
    INSERT INTO ir_filters (name, model_id, domain, context, sort, active)
    VALUES ('Fine', 'ihub.integration', %s, '{}', %s, TRUE),
           ('Theirs', 'ihub.run', %s, '{}', '[]', TRUE),
           ('Late', 'ihub.integration', %s, '{}', '[]', TRUE),
           ('Other', 'res.partner', %s, '{}', '[]', TRUE)
"""
# In words that are not used any more, and in those of today.
OLD_DOMAINS = (
    "['&', ('user_id', '=', uid), ('condition', 'in', ['well', 'unserved'])]",
    "[('integration_id.condition', '=', 'well')]",
    "[('is_late', '!=', False)]",
    "[('name', '=', 'condition')]",
)
NEW_DOMAINS = (
    "['&', ('user_id', '=', uid), ('health', 'in', ['ok', 'no_worker'])]",
    "[('integration_id.health', '=', 'ok')]",
    "[('health_group', '=', 'late')]",
    "[('name', '=', 'condition')]",
)
# What people have been told of.
LATE = """
    UPDATE ihub_integration SET late_since = now(), notify_late = id % 2 = 0
     WHERE id IN (SELECT id FROM ihub_integration ORDER BY id LIMIT 4)
"""
RENAMED = "19.0.1.2.0"
VERSIONS = sorted((ROOT / "tests" / "data" / "versions").glob("*.sql.xz"))
NUMBER = count(1)


class Restored:
    """The database of a dump."""

    def __init__(self, name):
        self.name = name

    def rows(self, query, *arguments):
        with psycopg2.connect(dbname=self.name) as connection, connection.cursor() as cursor:
            cursor.execute(query, arguments)
            return cursor.fetchall()

    def upgrade(self):
        return hub_database.upgrade(self.name, "ihub,ihub_integration_demo")


class Upgraded(Restored):
    """A restored database, before and after its upgrade."""

    def __init__(self, name, version):
        super().__init__(name)
        is_old = version < RENAMED
        first, *others = OLD_DOMAINS if is_old else NEW_DOMAINS
        sort = f'["{"condition" if is_old else "health"} desc", "name"]'
        with psycopg2.connect(dbname=name) as connection, connection.cursor() as cursor:
            cursor.execute(SAVED, [first, sort, *others])
            cursor.execute(LATE)
        self.before = self.look()
        self.output = self.upgrade()
        self.after = self.look()

    def look(self):
        """Return what must not change."""
        return {
            "integrations": self.rows(
                "SELECT id, name, integration_type, state, tz, catch_up, interval_number,"
                " interval_type, schedule_anchor, run_as_id FROM ihub_integration ORDER BY id"
            ),
            "runs": self.rows(
                "SELECT id, integration_id, state, trigger, window_from, window_to, due,"
                " started_at, ended_at, attempt, processed, total, resume::text, message,"
                " COALESCE(to_jsonb(r) ->> 'crash_count', to_jsonb(r) ->> 'deaths')"
                " FROM ihub_run r ORDER BY id"
            ),
            "events": self.rows(
                "SELECT id, level, summary, details, integration_id, run_id, undone"
                " FROM ihub_event ORDER BY id"
            ),
        }


@contextmanager
def restored(version):
    """Yield the name of a database with the dump of a version, which is dropped at the end."""
    client = postgres.Client({})
    name = f"ihub_migration_{os.getpid()}_{next(NUMBER)}"
    client.query(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
    try:
        subprocess.run(
            ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", name],
            input=lzma.decompress(version.read_bytes()),
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=120,
        )
        yield name
    finally:
        client.drop(name)


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda path: path.name)
def version(request):
    return request.param


@pytest.fixture(scope="module")
def dumped(version):
    """The name of the database of a version before."""
    with restored(version) as name:
        yield name


@pytest.fixture(scope="module")
def copy(dumped):
    with postgres.Client({}).copied(dumped, "neutralized") as name:
        yield Restored(name)


@pytest.fixture(scope="module")
def upgraded(version, dumped, copy):
    """It is upgraded when there is a copy of it."""
    return Upgraded(dumped, version.name.removesuffix(".sql.xz"))


def texts_that_no_upgrade_changes(database):
    """Return the texts of the hub's own records that people may change, by external id."""
    known = Restored(database)
    texts = {}
    for name, table, res_id in known.rows(
        "SELECT name, replace(replace(model, '.', '_'), 'ir_actions_', 'ir_act_'), res_id"
        " FROM ir_model_data WHERE module = 'ihub' AND noupdate"
    ):
        columns = known.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
            " AND data_type IN ('character varying', 'text', 'jsonb')",
            table,
        )
        ((row,),) = known.rows(f'SELECT to_jsonb(t) FROM "{table}" t WHERE id = %s', res_id)
        said = {column: row[column] for (column,) in columns}
        texts[name] = {
            column: value.get("en_US") if isinstance(value, dict) else value
            for column, value in said.items()
        }
    return texts


def test_there_is_a_version_before():
    assert VERSIONS


def test_nothing_that_people_had_is_lost(upgraded):
    assert all(upgraded.before.values())
    for what, before in upgraded.before.items():
        # A version may bring more of them.
        known = {row[0] for row in before}
        assert [row for row in upgraded.after[what] if row[0] in known] == before, what


def test_the_server_has_nothing_to_complain_of(upgraded):
    lines = upgraded.output.splitlines()
    assert not [line for line in lines if " WARNING " in line or " ERROR " in line]


def test_every_constraint_is_there(upgraded):
    """Odoo leaves out, with a line in its log, what the rows do not fulfil."""
    wanted = upgraded.rows(
        "SELECT c.name FROM ir_model_constraint c JOIN ir_model m ON m.id = c.model"
        " WHERE m.model LIKE 'ihub.%%' AND c.type = 'u'"
    )
    found = {name for (name,) in upgraded.rows("SELECT conname FROM pg_constraint")}
    assert len(wanted) > 5
    assert not [name for (name,) in wanted if name not in found]


def test_numbers_are_within_their_bounds(upgraded):
    numbers = upgraded.rows(
        "SELECT retry_limit, retry_delay, retry_growth, retry_maximum, hang_limit, keep_days_info,"
        " COALESCE(keep_days_error, 0) FROM ihub_integration WHERE id IN (1, 2, 4) ORDER BY id"
    )
    assert [row[:2] for row in numbers] == [(1000, 525600), (3, 5), (3, 5)]
    assert [row[2:4] for row in numbers] == [(2.0, 1440), (1000.0, 525600), (1000.0, 1440)]
    assert numbers[2][4:] == (525600, 36525, 0)


def test_scheduled_actions_call_what_there_is(upgraded):
    codes = upgraded.rows("SELECT code FROM ir_act_server WHERE code LIKE 'model._cron%%'")
    assert ("model._cron_notify_late()",) in codes
    assert ("model._cron_tell_late()",) not in codes


def test_records_have_the_names_of_a_new_database(upgraded, template):
    texts = texts_that_no_upgrade_changes(template)
    assert texts
    assert texts_that_no_upgrade_changes(upgraded.name) == texts


def test_no_company_does_not_come_to_mean_all(upgraded):
    lost = upgraded.rows(
        "SELECT serves_all_companies FROM ihub_integration"
        " WHERE company_id IS NULL AND integration_type = 'ihub.integration.demo.unreachable'"
    )
    assert lost == [(False,)]


def test_who_was_told_that_it_is_late_is_told_when_it_is_not(upgraded):
    told = "SELECT id, notify_late FROM ihub_integration WHERE late_since IS NOT NULL"
    late = upgraded.rows(f"{told} ORDER BY id")
    assert {notify_late for _id, notify_late in late} == {True, False}
    assert upgraded.rows(f"{told} AND late_told = notify_late ORDER BY id") == late


def test_saved_searches_find_what_has_another_name_now(upgraded):
    saved = upgraded.rows("SELECT name, domain, sort FROM ir_filters WHERE name = ANY(%s)",
                          ["Fine", "Theirs", "Late", "Other"])  # fmt: skip
    assert {name: rest for name, *rest in saved} == {
        "Fine": [
            "['&', ('user_id', '=', uid), ('health', 'in', ['ok', 'no_worker'])]",
            '["health desc", "name"]',
        ],
        "Theirs": ["[('integration_id.health', '=', 'ok')]", "[]"],
        "Late": ["[('health', 'in', ['no_worker', 'stuck', 'late'])]", "[]"],
        "Other": ["[('name', '=', 'condition')]", "[]"],
    }


def test_a_copy_is_neutralized_before_it_is_upgraded(version, copy):
    """Each is neutralized; the first is upgraded after that, by all migrations that there are."""
    states = "SELECT id, state FROM ihub_integration ORDER BY id"
    was = dict(copy.rows(states))
    assert "running" in was.values()
    assert copy.rows(
        "UPDATE ihub_run SET state = CASE trigger WHEN 'schedule' THEN 'running' ELSE 'pending'"
        " END WHERE state = 'pending' OR trigger <> 'schedule' RETURNING id"
    )
    done = run("neutralize", "-d", copy.name)
    assert done.returncode == 0 and " ERROR " not in done.stdout, done.stdout[-3000:]
    off = {id_: "stopped" if state == "running" else state for id_, state in was.items()}
    assert dict(copy.rows(states)) == off
    if version == VERSIONS[0]:
        copy.upgrade()
    assert off.items() <= dict(copy.rows(states)).items()
    assert not copy.rows(
        "SELECT id, state FROM ihub_run WHERE state = 'running'"
        " OR state = 'pending' AND trigger <> 'schedule'"
    )
    assert not copy.rows(
        "SELECT cron_name FROM ir_cron c JOIN ir_act_server a ON a.id = ir_actions_server_id"
        " WHERE c.active AND code LIKE '%%_cron_lane%%'"
    )

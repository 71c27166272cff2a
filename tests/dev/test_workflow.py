"""The workflow for GitHub calls the same as everybody else does, and nothing that is not there."""

import re

import pytest
import yaml

from lib import paths

WORKFLOW = paths.ROOT / ".github" / "workflows" / "test.yml"


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(WORKFLOW.read_text())


@pytest.fixture(scope="module")
def steps(workflow):
    (job,) = workflow["jobs"].values()
    return job["steps"]


def test_pushes_and_pull_requests_are_tested(workflow):
    # YAML 1.1 reads the word "on" as True.
    assert set(workflow[True]) == {"push", "pull_request"}


def test_it_may_only_read(workflow):
    assert workflow["permissions"] == {"contents": "read"}


def test_the_tests_are_those_of_ci(steps):
    commands = [step["run"] for step in steps if step.get("name") == "Test"]
    assert commands == [".ci/run"]
    assert (paths.ROOT / commands[0]).stat().st_mode & 0o111


def test_all_actions_are_of_github_itself(steps):
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[\w-]+@v\d+", name)] == []


def test_what_is_kept_is_what_takes_long_to_fetch(steps):
    (cache,) = (step["with"] for step in steps if step.get("uses", "").startswith("actions/cache@"))
    kept = {paths.ROOT / path for path in cache["path"].split()}
    assert kept == {
        paths.ROOT / ".dev" / name for name in ("cache", "chromium", "odoo", "pgbouncer")
    }
    patterns = re.findall(r"'([^']+)'", cache["key"])
    assert {"requirements*.txt", "dev/lib/*.py"} <= set(patterns)
    assert [one for one in patterns if not list(paths.ROOT.glob(one))] == []


def test_it_runs_where_odoo_can_be_fetched(workflow):
    """Odoo is a package of Debian's: other systems have no mirror of it."""
    (job,) = workflow["jobs"].values()
    assert job["container"]["image"].startswith("debian:")

"""docker-compose.yml serves the same addons with the same configuration as dev/run."""

import configparser
import json
import re

import pytest
import yaml

from lib import paths


@pytest.fixture
def services():
    return yaml.safe_load((paths.ROOT / "docker-compose.yml").read_text())["services"]


def test_both_addons_and_the_configuration_are_mounted(services):
    mounted = {volume.split(":")[0]: volume.split(":")[1] for volume in services["odoo"]["volumes"]}
    for addon in paths.ADDONS:
        assert mounted[f"./{addon}"] == f"/mnt/extra-addons/{addon}"
    assert mounted["./odoo.conf"] == "/etc/odoo/odoo.conf"
    assert "--addons-path=/mnt/extra-addons" in services["odoo"]["command"]


def test_the_same_database_is_made_with_demo_data(services):
    command = services["odoo"]["command"]
    assert "--database=ihub_demo" in command
    assert f"--init={','.join(paths.ADDONS)}" in command
    assert "--with-demo" in command


def test_newer_files_are_an_upgrade(services):
    """Of both: the second addon depends on the first."""
    assert "--update=ihub" in services["odoo"]["command"]


def test_more_servers_only_execute_what_is_due(services):
    more, first = services["cron"], services["odoo"]
    assert more["profiles"] == ["scale"]
    assert "profiles" not in first
    assert {"--no-http", "--database=ihub_demo"} < set(more["command"])
    # Two servers that upgrade one database at the same time would be in each other's way.
    assert not [each for each in more["command"] if re.match("--(init|update)", each)]
    assert more["depends_on"]["odoo"]["condition"] == "service_healthy"
    assert "ports" not in more
    for same in ("image", "environment", "volumes"):
        assert more[same] == first[same]


def test_odoo_waits_for_a_healthy_database(services):
    assert services["odoo"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["database"]["healthcheck"]["test"]
    assert services["odoo"]["image"] == "odoo:19.0"
    assert services["database"]["image"] == "postgres:17"


def test_the_data_outlives_the_containers(services):
    volumes = yaml.safe_load((paths.ROOT / "docker-compose.yml").read_text())["volumes"]
    for service, path in (("odoo", "/var/lib/odoo"), ("database", "/var/lib/postgresql/data")):
        assert f"{service}:{path}" in services[service]["volumes"]
        assert service in volumes


def test_the_configuration_has_no_secret():
    text = (paths.ROOT / "odoo.conf").read_text()
    options = configparser.ConfigParser()
    options.read_string(text)
    assert not [name for name in options["options"] if re.search("passw|token|secret", name)]


def test_the_lock_file_names_no_registry():
    packages = json.loads((paths.ROOT / "dev/node/package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    pinned = json.loads((paths.ROOT / "dev/node/package.json").read_text())["devDependencies"]
    for name, version in pinned.items():
        assert packages[f"node_modules/{name}"]["version"] == version

"""The addons as packages for pip: a README made of its fragments, and a wheel.

Started by dev/package, within the development environment.
"""

import argparse
import ast
import sys

from . import paths
from .console import Failure, report, say
from .shell import run

DIST = paths.ROOT / "dist"
# Files of an addon's folder readme/, where they are there, and the headings they get.
FRAGMENTS = {
    "DESCRIPTION": None,
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "ROADMAP": "Known issues",
    "HISTORY": "Changelog",
}
NOTE = ".. Made by dev/package: change the files in readme/ instead."
FACTS = {"Status": "development_status", "License": "license", "Source": "website"}


def readme(addon):
    """Return the README of an addon: its name, facts of its manifest, and its fragments.

    :param addon: the folder of the addon
    """
    manifest = ast.literal_eval((addon / "__manifest__.py").read_text())
    name = manifest["name"]
    rule = "=" * len(name)
    facts = "\n".join(f":{fact}: {manifest[key]}" for fact, key in FACTS.items())
    parts = [f"{rule}\n{name}\n{rule}", NOTE, facts]
    for fragment, heading in FRAGMENTS.items():
        path = addon / "readme" / f"{fragment}.rst"
        if path.exists():
            parts += [f"{heading}\n{'=' * len(heading)}"] if heading else []
            parts.append(path.read_text().strip())
    return "\n\n".join(parts) + "\n"


def build(folder):
    """Build the wheel of each addon into ``folder``; return their paths.

    A wheel has the files that git knows; without git, all that are there.
    """
    addons = [paths.ROOT / name for name in paths.addons()]
    # What builds them is in requirements-dev.txt: nothing is fetched.
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(
        [*pip, "--wheel-dir", folder, *addons],
        "The wheels cannot be built.",
        log=paths.LOG / "package.log",
        cwd=paths.ROOT,
    )
    return sorted(folder.glob("*.whl"))


def main():
    parser = argparse.ArgumentParser(
        prog="dev/package", description="Make each addon's README, and its wheel in dist/."
    )
    parser.parse_args()
    for name in paths.addons():
        addon = paths.ROOT / name
        (addon / "README.rst").write_text(readme(addon))
    try:
        paths.remove(DIST)
        for wheel in build(DIST):
            say(f"{wheel} is ready.")
    except Failure as failure:
        report(failure)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

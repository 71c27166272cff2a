"""The folders of addons that a developer hands to ``dev/run --addons``."""

import ast
import re
from pathlib import Path

from . import paths
from .console import Failure


def find(folders):
    """Return the folders of the installable addons in ``folders`` that depend on the hub.

    :raises Failure: when a folder has none.
    """
    manifests = {}
    for folder in folders:
        found = {path.parent: _read(path) for path in sorted(folder.glob("*/__manifest__.py"))}
        if not found:
            inside = (folder / "__manifest__.py").exists()
            way_out = f"Pass {folder.parent}" if inside else "Pass a folder that holds addons"
            raise Failure(f"There are no addons in {folder}. {way_out} to --addons.")
        manifests.update(found)
    wanted = _dependents(manifests)
    for folder in folders:
        if not any(addon.parent == folder for addon in wanted):
            raise Failure(
                f"No installable addon in {folder} depends on ihub. Add it to one's manifest."
            )
    return wanted


def _read(manifest):
    try:
        return ast.literal_eval(manifest.read_text("utf-8"))
    except (ValueError, SyntaxError) as error:
        raise Failure(f"{manifest} cannot be read: {error}") from error


def _dependents(manifests):
    """Return those that depend on the hub, be it through others."""
    known, wanted = set(paths.addons()), []
    while more := [
        addon
        for addon, manifest in manifests.items()
        if addon not in wanted
        and manifest.get("installable", True)
        and known.intersection(manifest.get("depends", ()))
    ]:
        wanted += more
        known.update(addon.name for addon in more)
    return wanted


def place(folder, name):
    """Return where an addon of a name is to be made in ``folder``.

    :raises Failure: when Odoo would not take the name, or it is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise Failure(f"{name} cannot be an addon's name. Use lower case and _: my_shop.")
    if (folder / name).exists() or name in paths.ADDONS:
        raise Failure(f"There is an addon {name} already. Choose another name.")
    return folder / name


def folder(text):
    """Return the path of a folder that was named as an option."""
    path = Path(text).expanduser().resolve()
    paths.check(path)
    return path

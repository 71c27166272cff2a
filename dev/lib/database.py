"""The databases: a base, the template for the tests, the one to play with.

A database carries as its comment what it was made from. The comment is written last,
so a database without one is half made and is made again.
"""

import contextlib
import hashlib
import os
import re

from . import odoo, paths
from .console import Failure, say
from .postgres import Client

DEMO = "ihub_demo"
KEPT_TEMPLATES = 3
IGNORED = ("__pycache__",)
BUNDLES = "env['ir.qweb']._pregenerate_assets_bundles(); env.cr.commit()\n"


def content_hash(folders):
    """Return a hash over the names and contents of all files in ``folders``."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not set(path.parts) & set(IGNORED):
                digest.update(f"{path.relative_to(folder.parent)}\0".encode())
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def short(text):
    """Return a short hash of a text, for names."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


class Databases:
    """Make and keep the project's databases on one server.

    :param env: the variables of the development environment.
    :param own: the folders of a developer's own addons, for a database to play with of their own.
    """

    def __init__(self, env, own=()):
        self.client = Client(env)
        self.env = env
        self.addons = {name: paths.ROOT / name for name in paths.addons()}
        self.addons |= {folder.name: folder for folder in own}
        self.demo_name = f"{DEMO}_with_x{short(' '.join(map(str, own)))}" if own else DEMO

    def release(self):
        """Return what the database to play with depends on: Odoo's release."""
        return short(odoo.release())

    def base_version(self):
        """Return what the databases for tests depend on: this very Odoo."""
        return short(f"{odoo.home()} {self.release()}")

    def addons_version(self):
        """Return what the addons depend on: what is in them."""
        return short(content_hash(self.addons.values()))

    def base(self):
        """Return a database with Odoo's own modules and demo data."""
        name = f"ihub_base_{self.base_version()}"
        if not self.client.note(name):
            with paths.locked("base"):
                if not self.client.note(name):
                    self._create_base(name)
        return name

    def _create_base(self, name):
        self._forget("ihub_base_", 0)
        self.client.drop(name)
        say("Creating the database with Odoo's own modules ...")
        self._odoo(name, "-i", "base,mail")
        self.client.set_note(name, "complete")

    def template(self, bundles=True):
        """Return a database with the addons, to be copied by tests.

        :param bundles: with what browsers load, too
        """
        name = f"ihub_template_{short(self.base_version() + self.addons_version())}"
        wanted = ("complete",) if bundles else ("complete", "installed")
        if self.client.note(name) not in wanted:
            base = self.base()
            with paths.locked("template"):
                self._create_template(name, base, bundles)
        return name

    @contextlib.contextmanager
    def copied(self, purpose, bundles=True):
        """Yield the name of a copy of the template, which is dropped at the end."""
        template = self.template(bundles)
        with contextlib.ExitStack() as stack:
            # Another start may be building the bundles in it, and what is in use cannot be copied.
            with paths.locked("template"):
                name = stack.enter_context(self.client.copied(template, purpose))
            yield name

    def _create_template(self, name, base, bundles):
        note = self.client.note(name)
        if not note:
            self._forget("ihub_template_", KEPT_TEMPLATES - 1)
            self.client.copy(base, name)
            self._install(name)
            self.client.set_note(name, "installed")
        if bundles and note != "complete":
            say("Building the browser's bundles ...")
            self._shell(name, BUNDLES)
            self.client.set_note(name, "complete")

    def demo(self, fresh=False):
        """Return the database to play with: new, upgraded or as it was."""
        name = self.demo_name
        note = None if fresh else self.client.note(name)
        if not note or note.split()[0] != self.release():
            self._create_demo(name, replaced=bool(note))
        elif note.split()[1] != self.addons_version():
            self._upgrade_demo(name, note)
        return name

    def _create_demo(self, name, replaced):
        if replaced:
            say(f"The database {name} is of another release of Odoo and is made again ...")
        base = self.base()
        self.client.copy(base, name)
        self._install(name)
        self._note_demo(name)

    def _upgrade_demo(self, name, note):
        installed = [addon for addon in note.split()[2:] if addon in self.addons]
        added = [addon for addon in self.addons if addon not in installed]
        arguments = []
        if installed:
            arguments += ["-u", ",".join(installed)]
        if added:
            arguments += ["-i", ",".join(added)]
        say(f"Upgrading the changed addons in {name} ...")
        self._odoo(name, *arguments)
        self._note_demo(name)

    def _note_demo(self, name):
        self.client.set_note(name, " ".join([self.release(), self.addons_version(), *self.addons]))

    def _install(self, name):
        """Install the addons, with their demo data."""
        if self.addons:
            say(f"Installing {' and '.join(self.addons)} in {name} ...")
            self._odoo(name, "-i", ",".join(self.addons))

    def _odoo(self, name, *arguments):
        """Run an install or upgrade; an error that Odoo only logs counts too."""
        log = paths.LOG / f"{name}.log"
        output = odoo.call(
            ["-d", name, *arguments, "--with-demo", "--stop-after-init", "--no-http",
             "--max-cron-threads=0"],
            f"Odoo cannot prepare the database {name}.",
            env=self.env,
            log=log,
        )  # fmt: skip
        errors = re.findall(r"^\S+ \S+ \d+ (?:ERROR|CRITICAL) .*", output, re.M)
        if errors:
            raise Failure(f"Odoo logged errors for the database {name}:\n{errors[0]}\nIn {log}")

    def _shell(self, name, script):
        odoo.call(
            ["shell", "-d", name, "--no-http", "--log-level=warn"],
            f"Odoo cannot prepare the database {name}.",
            env=self.env,
            log=paths.LOG / f"{name}-shell.log",
            input=script,
        )

    def forget_abandoned(self):
        """Drop the copies of test runs that were killed."""
        names = self.client.query(
            r"SELECT datname FROM pg_database WHERE datname ~ '^ihub_[a-z_]+_\d+(_|$)'"
            r" AND datname !~ '^ihub_(base|template)_'"
        ).split()
        for name in names:
            if not _is_alive(int(re.search(r"\d+", name).group())):
                self.client.drop(name)

    def _forget(self, prefix, keep):
        """Drop all but the newest ``keep`` databases that begin with ``prefix``."""
        names = self.client.query(
            f"SELECT datname FROM pg_database WHERE datname LIKE '{prefix}%' ORDER BY oid DESC"
        ).split()
        for name in names[keep:]:
            self.client.drop(name)


def _is_alive(pid):
    """Tell whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""PostgreSQL: the project's own server on a socket, or one that is already there."""

import contextlib
import fcntl
import hashlib
import itertools
import os
import pwd
import shutil
import stat
import subprocess

from . import paths, python
from .console import Failure, say
from .shell import run

ROLE = "odoo"
SUPERUSER = "postgres"
# As root the server needs a user of its own: PostgreSQL refuses to run as root.
SYSTEM_USER = "embedded_postgres"
SOCKET_NAME = ".s.PGSQL.5432"
# A development server: its databases can be made again, so speed before safety
# against a power failure.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "jit": "off",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}
# How clients find a server: in their variables, and in the options --db-*.
CONNECTION = ("host", "port", "user", "password")
CLEARED = (*(f"PG{name.upper()}" for name in CONNECTION), "PGHOSTADDR", "PGDATABASE", "PGSERVICE")
DATA = paths.POSTGRES / "data"
NUMBERS = itertools.count(1)
# How long a client that was told to go may take, in milliseconds.
GONE_AFTER_MS = 10_000


def binaries():
    """Return the folder of the embedded PostgreSQL's programs."""
    return python.site_packages() / "embedded_postgres" / "pginstall" / "bin"


class External:
    """A PostgreSQL server that somebody else runs."""

    def __init__(self, settings):
        self.settings = settings

    def env(self):
        """Return the variables with which every client finds the server."""
        return {**dict.fromkeys(CLEARED), **self.settings}

    @contextlib.contextmanager
    def running(self):
        """Check that the server can be used, and leave it as it is."""
        if self.settings.get("PGUSER", ROLE) == SUPERUSER:
            raise Failure(
                "Odoo refuses to work as the database user postgres. Create another one "
                "(createuser --createdb odoo) and name it with --db-user."
            )
        Client(self.env()).query(
            # An error for those who may not create databases.
            "SELECT 1 / (rolcreatedb OR rolsuper)::int FROM pg_roles WHERE rolname = current_user",
            "The PostgreSQL server cannot be used, or the user may not create databases there. "
            "Check the --db-* options.",
        )
        yield self


class Embedded:
    """The project's own server: sockets only, data below ``.dev``."""

    def env(self):
        """Return the variables with which every client finds the server."""
        return {**dict.fromkeys(CLEARED), "PGHOST": self.socket_folder(), "PGUSER": ROLE}

    @contextlib.contextmanager
    def running(self):
        """Keep the server up; the last one who needs it stops it.

        Everyone holds a shared lock for as long as the server is needed; whoever can
        turn it into an exclusive one is the last. A killed process gives its lock back.
        """
        paths.POSTGRES.mkdir(parents=True, exist_ok=True)
        with open(paths.DEV / "postgres.users", "w") as users:
            with paths.locked("postgres"):
                self._start()
                fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield self
            finally:
                with paths.locked("postgres"):
                    self._stop_if_last(users)

    def _stop_if_last(self, users):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        self._ctl("-m", "fast", "-w", "stop", otherwise="PostgreSQL does not stop.")
        paths.remove(self.socket_folder())

    def socket_folder(self):
        """Return the folder of the socket, whose path the system limits to 107 bytes.

        PostgreSQL also reads a comma in it as two folders: so it is not in the project.
        """
        place = f"{paths.POSTGRES}\0{os.geteuid()}"
        name = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
        return paths.TEMPORARY / f"ihub-{name}"

    def _start(self):
        """Start the server unless it runs, making its data folder first."""
        self._hand_over(paths.POSTGRES)
        if self._is_up():
            if (self.socket_folder() / SOCKET_NAME).exists():
                return
            # Somebody has tidied up the temporary files: nobody finds it any more.
            self._ctl("-m", "fast", "-w", "stop", otherwise="PostgreSQL does not stop.")
        if not DATA.exists():
            self._create()
        self._prepare_socket_folder()
        options = [f"-c {name}='{value}'" for name, value in SETTINGS.items()]
        options.append(f"-c unix_socket_directories='{self.socket_folder()}'")
        self._ctl(
            "-w", "-l", paths.POSTGRES / "server.log", "-o", " ".join(options), "start",
            otherwise=f"PostgreSQL does not start; see {paths.POSTGRES / 'server.log'}. If its "
            f"data is damaged, remove {paths.POSTGRES} and start again.",
        )  # fmt: skip
        self._ensure_role()

    def _create(self):
        """Make the data folder; it gets its name when it is complete."""
        say("Creating the PostgreSQL server ...")
        scratch = DATA.with_name("data.part")
        paths.remove(scratch)
        run(
            [
                *self._as_user(), binaries() / "initdb", "--auth=trust", "--encoding=UTF8",
                "--locale=C.UTF-8", "--no-sync", "--username", SUPERUSER, "-D", scratch,
            ],
            "The PostgreSQL server cannot be created.",
            log=paths.LOG / "postgres.log",
            cwd="/",
        )  # fmt: skip
        scratch.rename(DATA)

    def _is_up(self):
        command = [*self._as_user(), binaries() / "pg_ctl", "-D", DATA, "status"]
        return subprocess.run(command, capture_output=True, cwd="/").returncode == 0

    def _ensure_role(self):
        client = Client({**self.env(), "PGUSER": SUPERUSER})
        if not client.query(
            f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'", database="postgres"
        ):
            client.query(f"CREATE ROLE {ROLE} LOGIN CREATEDB", database="postgres")

    def _prepare_socket_folder(self):
        folder = self.socket_folder()
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), self._uid()):
            raise Failure(f"{folder} belongs to somebody else. Remove it and start again.")
        self._hand_over(folder)

    def _hand_over(self, folder):
        """Give a folder to the server's user and close it to the others."""
        if os.geteuid() == 0:
            os.chown(folder, self._uid(), -1)
        folder.chmod(0o700)

    def _ctl(self, *arguments, otherwise):
        # A server inherits the pipe of its output, so nothing may wait for its end.
        log = paths.POSTGRES / "pg_ctl.log"
        with open(log, "w") as output:
            done = subprocess.run(
                [*self._as_user(), binaries() / "pg_ctl", "-D", DATA, *arguments],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if done.returncode:
            raise Failure(otherwise)

    def _uid(self):
        return _system_user().pw_uid if os.geteuid() == 0 else os.geteuid()

    def _as_user(self):
        """Return what a command begins with to run as the server's user.

        Root's home and temporary folders are closed to that user. Opening them would change what
        is not the project's, so the server keeps one of root's rights: to enter closed folders.
        """
        if os.geteuid() != 0:
            return []
        user = _system_user()
        command = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        if not (_open_to_others(binaries()) and _open_to_others(paths.POSTGRES.parent)):
            # As its user's own: access(), with which it looks for its programs, would deny others.
            command += ["--securebits=+no_setuid_fixup", "--inh-caps=-all,+dac_override"]
            command += ["--ambient-caps=+dac_override"]
        return command


def _system_user():
    """Return the server's system user, creating it if need be."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    say(f"Creating the system user {SYSTEM_USER}: PostgreSQL refuses to run as root ...")
    run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
        f"As root PostgreSQL needs a system user, and {SYSTEM_USER} cannot be created. Start "
        "again as another user, or use your own server with --db-host.",
    )
    return pwd.getpwnam(SYSTEM_USER)


def _open_to_others(path):
    """Tell whether every folder down to ``path`` can be entered by anybody."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


class Client:
    """Ask a server, through the command-line programs.

    :param variables: the variables that say where it is and who asks; empty when the
        environment already does.
    """

    def __init__(self, variables):
        self.variables = variables

    def query(self, sql, otherwise="The database server refused a command.", database=None):
        """Run one statement and return its result as text."""
        return run(
            [binaries() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
             "-d", database or "postgres", "-c", sql],
            otherwise,
            env=self.variables,
        ).strip()  # fmt: skip

    def note(self, database):
        """Return the comment of a database, or None when there is no such database."""
        sql = (
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') || '!' "
            f"FROM pg_database WHERE datname = '{database}'"
        )
        found = self.query(sql)
        return found[:-1] if found else None

    def set_note(self, database, text):
        """Set the comment of a database."""
        self.query(f"COMMENT ON DATABASE \"{database}\" IS '{text}'")

    def drop(self, database):
        """Drop a database with its filestore, whoever is connected.

        Not by ``WITH (FORCE)``: that is refused while the server itself vacuums the
        database, whereas a plain ``DROP DATABASE`` ends the vacuum.
        """
        # One whose dropping was broken off can only be dropped.
        is_whole = f"SELECT 1 FROM pg_database WHERE datname = '{database}' AND datconnlimit <> -2"
        if self.query(is_whole):
            self.query(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
            self.query(
                f"SELECT pg_terminate_backend(pid, {GONE_AFTER_MS}) FROM pg_stat_activity "
                f"WHERE datname = '{database}' AND backend_type = 'client backend'"
            )
        self.query(f'DROP DATABASE IF EXISTS "{database}"')
        paths.remove(filestore(database))

    def copy(self, source, target):
        """Make ``target`` a copy of ``source``, with its filestore."""
        self.drop(target)
        self.query(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
        copy_filestore(source, target)

    @contextlib.contextmanager
    def copied(self, source, purpose):
        """Yield the name of a copy of a database, which is dropped at the end."""
        # By the process others see later whether it has been left behind.
        name = f"ihub_{purpose}_{os.getpid()}_{next(NUMBERS)}"
        try:
            self.copy(source, name)
            yield name
        finally:
            self.drop(name)


def filestore(database):
    """Return the folder of a database's files."""
    return paths.DATA / "filestore" / database


def copy_filestore(source, target):
    """Give the database ``target`` the files of ``source``."""
    if filestore(source).exists():
        # Odoo never changes a stored file, so both may be the same file.
        shutil.copytree(filestore(source), filestore(target), copy_function=os.link)

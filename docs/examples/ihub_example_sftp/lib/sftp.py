"""A folder of an SFTP server: its files, read within a bounded time, and errors in words.

Nothing is written on this machine, so no name that a server gives leads anywhere here.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timezone

import asyncssh
from odoo.tools import LazyTranslate

from odoo.addons.ihub.lib.exceptions import IntegrationError, RetryableError, SettingsError
from odoo.addons.ihub.lib.language import say

_lt = LazyTranslate(__name__)

# It tells each step of each connection, which the server's log need not have.
asyncssh.set_log_level("WARNING")
# Seconds for all that is asked at a time, and bytes of a file.
DEADLINE = 120
MAX_BYTES = 50_000_000
# What a form has made of a key whose lines it has joined.
_KEY = re.compile(r"\s*(-----BEGIN [^-]+-----)(.+?)(-----END [^-]+-----)\s*", re.DOTALL)

# What people are told, and which kind of error it is: the first that fits.
_ERRORS = {
    asyncssh.HostKeyNotVerifiable: (
        SettingsError,
        _lt(
            "The server %(server)s has another host key than the settings say, so nothing was "
            "sent to it. Ask whoever runs it whether its key has changed."
        ),
    ),
    asyncssh.PermissionDenied: (
        SettingsError,
        _lt("The server %(server)s refuses the sign-in. Check the user, the password and the key."),
    ),
    (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPPermissionDenied): (
        SettingsError,
        _lt("The server %(server)s has no folder “%(folder)s” that this user may read."),
    ),
    (asyncssh.KeyImportError, asyncssh.KeyEncryptionError): (
        SettingsError,
        _lt("The private key cannot be read. Enter all of it, and one without a password."),
    ),
    TimeoutError: (RetryableError, _lt("The server %(server)s did not respond in time.")),
    asyncio.TimeoutError: (RetryableError, _lt("The server %(server)s did not respond in time.")),
    (asyncssh.Error, OSError): (
        RetryableError,
        _lt("The connection to the server %(server)s failed or was interrupted."),
    ),
}


@dataclass(frozen=True, order=True)
class File:
    """A file as its folder lists it; ``changed`` is naive UTC."""

    changed: datetime
    name: str
    path: bytes


class Folder:
    """A folder of a server.

    :param str host_key: lines as in ``known_hosts``
    """

    def __init__(self, host, port, path, user, host_key, password=None, private_key=None):
        self._server, self._path = host, path
        self._private_key = private_key
        self._options = {
            "host": host,
            "port": port,
            "username": user,
            "password": password or None,
            # Not None, which would trust everybody.
            "known_hosts": asyncssh.import_known_hosts(host_key or ""),
            # Nothing of the system's user as whom Odoo runs.
            "config": None,
            "agent_path": None,
        }

    def files(self):
        """Return the CSV files in it, the oldest first."""
        return self._do(self._list)

    def contents(self, start, end):
        """Return ``[(File, bytes)]`` of those that were changed in ``[start, end)``, naive UTC."""
        return self._do(self._contents, start, end)

    def _do(self, work, *args):
        """Do something with a connection; return what it returns, or raise one in words."""
        try:
            return asyncio.run(asyncio.wait_for(self._connected(work, *args), DEADLINE))
        except tuple(_flat(_ERRORS)) as error:
            fits = (value for kinds, value in _ERRORS.items() if isinstance(error, kinds))
            kind, text = next(fits)
            raise kind(say(text, server=self._server, folder=self._path)) from error

    async def _connected(self, work, *args):
        async with (
            asyncssh.connect(**self._options, client_keys=self._keys()) as connection,
            connection.start_sftp_client() as sftp,
        ):
            return await work(sftp, *args)

    def _keys(self):
        key = self._private_key
        return [asyncssh.import_private_key(_in_lines(key))] if key else None

    async def _list(self, sftp):
        # As bytes: not every server has its names in UTF-8.
        folder = self._path.encode()
        entries = [entry async for entry in sftp.scandir(folder)]
        return sorted(_file(folder, entry) for entry in entries if _is_wanted(entry))

    async def _contents(self, sftp, start, end):
        files = [file for file in await self._list(sftp) if start <= file.changed < end]
        return [(file, await self._content(sftp, file)) for file in files]

    async def _content(self, sftp, file):
        # One request at a time: of a connection that breaks off, each of many would fill the log.
        async with sftp.open(file.path, "rb", max_requests=1) as opened:
            content = await opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            text = _lt("The file %(name)s is larger than %(size)s MB, so it was not imported.")
            raise IntegrationError(say(text, name=file.name, size=MAX_BYTES // 1_000_000))
        return content


def _flat(kinds):
    for one in kinds:
        yield from one if isinstance(one, tuple) else (one,)


def _is_wanted(entry):
    # No link, which may lead elsewhere, and no name that does.
    is_file = entry.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
    return is_file and b"/" not in entry.filename and entry.filename.lower().endswith(b".csv")


def _file(folder, entry):
    changed = datetime.fromtimestamp(entry.attrs.mtime, timezone.utc).replace(tzinfo=None)
    path = folder.rstrip(b"/") + b"/" + entry.filename
    return File(changed, entry.filename.decode(errors="replace"), path)


def _in_lines(key):
    """Return a private key in lines, which an input on a form has joined."""
    found = _KEY.fullmatch(key)
    return "\n".join(found.groups()) if found else key

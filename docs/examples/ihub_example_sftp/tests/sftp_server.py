"""A real SFTP server on this machine, for the length of a test."""

import asyncio
import os
import stat
import threading

import asyncssh

PATIENCE = 30  # seconds that anything of it may take


class LocalSftp:
    """Serves a folder on 127.0.0.1 to one user, from a thread.

    :param str folder: what its visitors see as /
    :param str user: with ``password``, or the private key to ``client_key`` (a public one)
    """

    def __init__(self, folder, user="odoo", password="hush", client_key=None):
        self.user, self.password, self.client_key = user, password, client_key
        # What visitors have told: passwords, and paths of files.
        self.passwords, self.opened = [], []
        # Names in the listing of the folder that are no files in it, and their time.
        self.strange_names = []
        self.strange_time = 0
        self.breaks_off = False
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._wait_for(self._listen(folder))
        self.port = self._server.get_port()

    @property
    def known_host(self):
        """The line that ``ssh-keyscan`` would print."""
        return f"[127.0.0.1]:{self.port} {self._key.export_public_key().decode()}"

    def close(self):
        """End it, with all that visitors have open."""
        self._wait_for(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _wait_for(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _listen(self, folder):
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self._key],
            server_factory=lambda: _Visitors(self),
            sftp_factory=lambda channel: _Files(self, channel, folder),
        )

    async def _end(self):
        self._server.close()
        await self._server.wait_closed()


class _Visitors(asyncssh.SSHServer):
    def __init__(self, local):
        self._local = local

    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        self._local.passwords.append(password)
        return (username, password) == (self._local.user, self._local.password)

    def public_key_auth_supported(self):
        return True

    def validate_public_key(self, username, key):
        return username == self._local.user and key == self._local.client_key


class _Files(asyncssh.SFTPServer):
    def __init__(self, local, channel, folder):
        super().__init__(channel, chroot=os.fsencode(folder))
        self._local = local
        self._channel = channel

    async def scandir(self, path):
        async for entry in super().scandir(path):
            yield entry
        for name in self._local.strange_names:
            attrs = asyncssh.SFTPAttrs(
                permissions=stat.S_IFREG | 0o644, mtime=self._local.strange_time
            )
            yield asyncssh.SFTPName(name.encode(), attrs=attrs)

    def open(self, path, pflags, attrs):
        self._local.opened.append(path.decode(errors="replace"))
        return super().open(path, pflags, attrs)

    def read(self, file_obj, offset, size):
        if self._local.breaks_off:
            self._channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("It is gone.")
        return super().read(file_obj, offset, size)

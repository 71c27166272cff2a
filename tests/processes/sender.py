"""Another system that sends messages to a hub, as fast as it is told, and again until answered."""

import http.client
import json
import random
import threading
import time
from contextlib import suppress
from datetime import datetime, timezone

from odoo.addons.ihub.core.webhook import StandardWebhooks

VERIFY = StandardWebhooks()
# About so many things the messages are.
KEYS = 50


def signed(data, secret, message_id, now=None):
    """Return body and headers of a message."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    now = now or datetime.now(timezone.utc).replace(tzinfo=None)
    return body, VERIFY.sign(body, secret, now, message_id)


def post(port, path, body, headers, timeout=30):
    """Send one request; return status and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Sender:
    """Sends a message each ``1 / rate`` seconds, from several threads, in the body of a ``with``.

    :param list ports: of servers; each message goes to any of them
    :param str path: the address of the webhook
    :ivar int sent: how many were tried
    :ivar set acknowledged: the numbers of messages that were answered with 202
    :ivar dict begun_at: by number, when it was sent first
    :ivar dict ended_at: when it was acknowledged
    """

    def __init__(self, ports, path, secret, rate, threads=16, seed=1):
        self.ports, self.path, self.secret, self.rate = ports, path, secret, rate
        self.acknowledged = set()
        self.begun_at, self.ended_at = {}, {}
        self._threads = threads
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self.sent = 0

    def __enter__(self):
        self._begun, self._is_over = time.monotonic(), threading.Event()
        self._workers = [threading.Thread(target=self._work) for _each in range(self._threads)]
        for one in self._workers:
            one.start()
        return self

    def __exit__(self, *_error):
        self._is_over.set()
        for one in self._workers:
            one.join()

    def _work(self):
        while not self._is_over.is_set():
            with self._lock:
                number = self.sent
                self.sent += 1
            time.sleep(max(0.0, self._begun + number / self.rate - time.monotonic()))
            self._deliver(number)

    def _deliver(self, number):
        """Send a message, and as others do, again where there was no answer; then give up."""
        self.begun_at[number] = time.monotonic()
        for _attempt in range(3):
            data = {"key": number % KEYS, "step": number}
            body, headers = signed(data, self.secret, f"msg_{number}")
            port = self._rng.choice(self.ports)
            with suppress(OSError, http.client.HTTPException):
                status, _body = post(port, self.path, body, headers)
                if status == 202:
                    self.ended_at[number] = time.monotonic()
                    self.acknowledged.add(number)
                    return
            time.sleep(0.05)

    def is_order_kept(self, numbers):
        """Return whether none was done before one that was acknowledged when it was sent."""
        never = float("inf")
        ended = [self.ended_at.get(number, never) for number in numbers]
        return all(
            self.begun_at[number] < min(ended[place + 1 :], default=never)
            for place, number in enumerate(numbers)
        )

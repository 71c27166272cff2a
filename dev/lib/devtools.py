"""Chromium by remote control, for pictures and for journeys against a real server."""

import base64
import itertools
import json
import resource
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

from . import paths

SECONDS = 30
# Asked in the page itself, so that nothing is missed between two looks.
WAIT = """
new Promise((resolve, reject) => {
    const end = Date.now() + %(milliseconds)d;
    const look = () => {
        let found;
        try { found = %(expression)s; } catch { found = false; }
        if (found) { resolve(true); }
        else if (Date.now() > end) { resolve(false); }
        else { setTimeout(look, 50); }
    };
    look();
})
"""

# Of each key its number, and what it writes.
KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Space": (32, " "),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
}


def _without_memory_limit():
    """Take back the limit that Odoo sets: Chromium reserves far more addresses than it uses."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


class Timeout(Exception):
    """The page did not become what was waited for."""


class Browser:
    """A Chromium without a window, with one page; a context manager.

    :param int width: of the page, in CSS pixels
    :param int height: of the page, in CSS pixels
    :param bool phone: whether to behave like a phone (touch, no hovering)
    """

    def __init__(self, width=1366, height=768, phone=False):
        self.size = (width, height, phone)
        self.console = []
        self.errors = []
        self._ids = itertools.count(1)

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="ihub-chromium-")
        self.log = Path(self.profile, "output.log")
        self.process = subprocess.Popen(
            [
                paths.BIN / "chromium", "--headless", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0",
                "--remote-allow-origins=*", f"--user-data-dir={self.profile}", "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("wb"),
            preexec_fn=_without_memory_limit,
        )  # fmt: skip
        self.socket = websocket.create_connection(self._page_address(), timeout=SECONDS * 4)
        self._prepare()
        return self

    def __exit__(self, *_error):
        self.socket.close()
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _page_address(self):
        note = Path(self.profile, "DevToolsActivePort")
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            if note.exists() and len(note.read_text().split()) == 2:
                port, _path = note.read_text().split()
                return self._first_page(port)
            time.sleep(0.05)
        raise Timeout(f"Chromium did not start. {self.log.read_text(errors='replace')}")

    def _first_page(self, port):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = json.load(answer)
        return next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")

    def _prepare(self):
        width, height, phone = self.size
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=phone,
        )  # fmt: skip
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)
        # Nothing fades in: what is there can be seen.
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.send("Emulation.setEmulatedMedia", features=[calm])

    # --- The protocol ---

    def send(self, method, **params):
        """Call a method of the protocol, and return its result."""
        number = next(self._ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, message):
        params = message.get("params", {})
        if message.get("method") == "Runtime.consoleAPICalled":
            text = " ".join(str(arg.get("value", arg.get("description"))) for arg in params["args"])
            self.console.append(text)
            if params["type"] == "error":
                self.errors.append(text)
        elif message.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            thrown = details.get("exception", {}).get("description")
            self.errors.append(thrown or details["text"])

    def listen(self, condition, seconds=SECONDS):
        """Take in what the page says until ``condition()`` is true.

        :raise Timeout: when it does not become true
        """
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout(f"Nothing more was said. Last: {self.console[-5:]}")
            self.socket.settimeout(left)
            try:
                self._note(json.loads(self.socket.recv()))
            except websocket.WebSocketTimeoutException:
                continue
            finally:
                self.socket.settimeout(SECONDS * 4)

    # --- What people do ---

    def evaluate(self, expression):
        """Return the value of an expression in the page; promises are waited for."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_for(self, expression, seconds=SECONDS):
        """Wait until an expression is true in the page.

        :raise Timeout: when it does not become true
        """
        query = WAIT % {"milliseconds": seconds * 1000, "expression": expression}
        if not self.evaluate(query):
            raise Timeout(f"{expression} did not become true. Errors: {self.errors}")

    def wait(self, selector, seconds=SECONDS):
        """Wait until something is on the page."""
        self.wait_for(f"document.querySelector({json.dumps(selector)})", seconds)

    def click(self, selector):
        """Click on the first element that matches, as soon as it is there."""
        self.wait(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def press(self, *names):
        """Press keys, one after the other, whatever has the focus."""
        for name in names:
            code, text = KEYS[name]
            key = {"key": " " if name == "Space" else name, "code": name}
            key["windowsVirtualKeyCode"] = code
            self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **key)
            self.send("Input.dispatchKeyEvent", type="keyUp", **key)

    def open(self, url):
        """Go to an address and wait until it is loaded."""
        self.send("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def log_in(self, url, database, login, password):
        """Begin a session of Odoo."""
        self.open(f"{url}/web/login")
        params = {"db": database, "login": login, "password": password}
        body = json.dumps(json.dumps({"jsonrpc": "2.0", "params": params}))
        answer = self.evaluate(
            "fetch('/web/session/authenticate', {method: 'POST', "
            f"headers: {{'Content-Type': 'application/json'}}, body: {body}}}).then(r => r.json())"
        )
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["message"])

    def picture(self, path):
        """Write what the page shows as a PNG."""
        self.wait_for("[...document.images].every(image => image.complete)")
        data = self.send("Page.captureScreenshot", format="png")["data"]
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(base64.b64decode(data))

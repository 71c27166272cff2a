"""Answers of a real server, recorded once, and played to the tests from then on.

Tests ask for them with ``recording`` in ``common.py``, where their assertions are, too.
"""

import json

import requests

from ..core.masking import mask

# What an answer means; the rest says where it came from, and to whom.
_HEADERS = ("Content-Type", "ETag", "Last-Modified", "Link", "Retry-After")
# Odoo's tests put another in its place, which lets no request out.
_send = requests.Session.send


class Unrecorded(AssertionError):
    """A request that is not in the recording."""


class Recording:
    """The answers in one file, by method, address and body of the request: texts, all masked.

    :param path: of the file
    :param bool is_new: whether to ask the real server, and write what it answers
    :param secrets: values that must not be written, beside what masking finds by itself
    """

    def __init__(self, path, is_new, secrets=()):
        self.path = path
        self.is_new = is_new
        self.missing = []
        self._secrets = secrets
        self._asked = []
        self._entries = [] if is_new else json.loads(path.read_text("utf-8"))

    def send(self, session, request, **options):
        """Return the answer to a request, in place of ``requests.Session.send``.

        :raise Unrecorded: it is not in the recording
        """
        asked = {
            "method": request.method,
            "url": self._masked(request.url),
            "body": self._masked(request.body),
        }
        self._asked.append(asked)
        if not self.is_new:
            return _response(request, self._recorded(asked))
        response = _send(session, request, **options)
        self._entries.append({"asked": asked, "answer": self._kept(response)})
        return response

    def save(self):
        """Write what was recorded."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._entries, indent=2, ensure_ascii=False)
        self.path.write_text(f"{text}\n", "utf-8")

    def _recorded(self, asked):
        """Return what was answered, the n-th time to the n-th; then the last one for ever."""
        answers = [entry["answer"] for entry in self._entries if entry["asked"] == asked]
        if not answers:
            self.missing.append(f"{asked['method']} {asked['url']}")
            raise Unrecorded(f"{self.missing[-1]} is not in {self.path.name}.")
        return answers[min(self._asked.count(asked), len(answers)) - 1]

    def _kept(self, response):
        names = [name for name in _HEADERS if name in response.headers]
        return {
            "status": response.status_code,
            "headers": {name: self._masked(response.headers[name]) for name in names},
            "body": self._masked(response.text),
        }

    def _masked(self, text):
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        for secret in self._secrets:
            text = text and text.replace(secret, "***")
        return mask(text) if text else ""


def _response(request, answer):
    response = requests.Response()
    response.request, response.url = request, request.url
    response.status_code = answer["status"]
    response.headers.update(answer["headers"])
    response.encoding = "utf-8"
    response._content = answer["body"].encode()
    return response

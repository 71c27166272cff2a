"""The names of secrets: one judgement, for keys of structures and for names in text.

A name is taken apart into words first, so that ``accessToken``, ``X-Access-Token`` and
``access.token`` are the same name, while a ``monkey`` holds no key and a ``secretary`` no secret.
"""

import enum
import re
from collections.abc import Iterable
from functools import lru_cache

# Wherever they are in a name: dbPassword, password2, credentials.
ANYWHERE = (
    "authorisation",
    "authorization",
    "contrasena",
    "contraseña",
    "credential",
    "kennwort",
    "motdepasse",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "wachtwoord",
)
# At the end of a word: csrftoken, clientsecret, cookies.
ENDINGS = ("cookie", "creds", "jwt", "pwd", "secret", "signature", "token")
# A word by themselves.
WORDS = ("bearer", "csrf", "cvc", "cvv", "otp", "pass", "pw", "senha", "totp", "xsrf")
# Before "key": what such a key opens. Other keys are those of dictionaries, tables and keyboards.
KEYS = (
    "access", "account", "admin", "api", "app", "application", "auth", "consumer", "crypto",
    "decryption", "deploy", "dev", "developer", "encryption", "functions", "hmac", "licence",
    "license", "master", "private", "secret", "security", "session", "shared", "signing", "ssh",
    "storage", "subscription", "webhook",
)  # fmt: skip
# Before "code".
CODES = ("access", "auth", "authorization", "backup", "otp", "recovery", "security", "verification")
# What may be a secret: only what looks like one is.
UNCLEAR = ("auth", "key", "session", "sid", "sig")
# After "?" or "&", the value of these is secret whatever it looks like.
PARAMETERS = ("auth", "code", "key", "sid", "sig")

# In a pair of name and value, the keys of either.
NAMES = frozenset(
    [
        "name",
        "Name",
        "key",
        "Key",
        "field",
        "header",
        "id",
        "param",
        "parameter",
        "property",
        "variable",
        "k",
        "n",
    ]
)
VALUES = frozenset(
    ["value", "Value", "values", "val", "content", "contents", "data", "text", "default", "v"]
)

# Words that make a name one of a number, a date or an address about a secret: token_count.
_ABOUT = frozenset(
    [
        "age",
        "at",
        "attempts",
        "changed",
        "count",
        "counts",
        "date",
        "days",
        "enabled",
        "endpoint",
        "exp",
        "expire",
        "expired",
        "expires",
        "expiration",
        "expiry",
        "has",
        "in",
        "index",
        "is",
        "len",
        "length",
        "lifetime",
        "limit",
        "limits",
        "max",
        "maximum",
        "min",
        "minimum",
        "minutes",
        "num",
        "number",
        "per",
        "policy",
        "rate",
        "remaining",
        "required",
        "seconds",
        "size",
        "time",
        "total",
        "ttl",
        "uri",
        "url",
        "usage",
        "used",
        "valid",
        "version",
    ]
)
_FACT = re.compile(r"[-+]?\d[\d.,:/TZ+\- ]*|https?://.*", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
_NOTHING = frozenset(("", "null", "none", "nil", "undefined", "true", "false", "***"))
# Long, and both letters and digits in one piece.
_RANDOM = re.compile(r"(?=[\w+=~-]{20,})[\w+=~-]*?(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}")
_SHORT = 200
_LONG = 10**12


class Kind(enum.Enum):
    """The verdict of a name on its value."""

    SECRET = "secret"
    COUNTED = "counted"  # secret, unless it is a small number: pass
    PLURAL = "plural"  # secret, unless it is a number: tokens
    ABOUT = "about"  # secret, unless it is a number, a date or an address: token_count
    UNCLEAR = "unclear"  # secret if it looks like one: key


def _pattern() -> re.Pattern[str]:
    def any_of(names: Iterable[str]) -> str:
        return "|".join(map(re.escape, names))

    return re.compile(
        rf"(?P<ending>(?:{any_of(ENDINGS)})(?:s|_?(?:key|value|string))?(?:_|\d|\Z))"
        rf"|(?P<word>(?:_|\A)(?:{any_of(WORDS)})\d?(?:_|\Z))"
        rf"|(?P<key>(?:{any_of(KEYS)})_?keys?(?:_|\d|\Z))"
        rf"|(?P<code>(?:{any_of(CODES)})_?codes?(?:_|\d|\Z))"
        r"|(?P<session>sess(?:ion)?_?id(?:_|\d|\Z))"
    )


_SECRET = _pattern()
_WORDS_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
_registered: set[str] = set()


def register(name: str) -> str:
    """Let names that contain ``name`` be those of secrets too, in this process.

    :param str name: part of a name, in any case
    :return: a piece that each of these names contains, in lower case
    """
    words = _words(name) or [name.lower()]
    _registered.add("".join(words))
    judge.cache_clear()
    return max(words, key=len)


@lru_cache(maxsize=8192)
def judge(name: str) -> Kind | None:
    """Return the :class:`Kind` of a name, or None where it has nothing to do with secrets."""
    words = _words(name)
    joined = "".join(words)
    if any(part in joined for part in (*ANYWHERE, *_registered)):
        kind = Kind.SECRET
    elif found := _SECRET.search("_".join(words)):
        kind = Kind.COUNTED if found.lastgroup == "word" else Kind.SECRET
    else:
        return Kind.UNCLEAR if words and words[-1].rstrip("s") in UNCLEAR else None
    if _ABOUT.intersection(words):
        return Kind.ABOUT
    is_plural = words[-1].endswith("s") and not words[-1].endswith("ss")
    return Kind.PLURAL if is_plural else kind


def is_parameter(name: str) -> bool:
    """Return whether ``name`` is that of a secret after "?" or "&" of an address."""
    return name.lower() in PARAMETERS


def hides(kind: Kind | None, value: str) -> bool:
    """Return whether ``value``, written as text, is a secret if its name is of ``kind``."""
    if kind is None:
        return False
    value = value[:_SHORT].strip()
    if value.lower() in _NOTHING:
        return False
    match kind:
        case Kind.COUNTED:
            return not (len(value) < 4 and _NUMBER.fullmatch(value))
        case Kind.PLURAL:
            return not _NUMBER.fullmatch(value)
        case Kind.ABOUT:
            return not _FACT.fullmatch(value)
        case Kind.UNCLEAR:
            return bool(_RANDOM.match(value))
    return True


def is_secret(name: str, value: object) -> bool:
    """Return whether ``value``, anything that stands under ``name`` in a structure, is a secret."""
    kind = judge(name[:_SHORT])
    if kind is None or value is None or isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        value = str(value) if abs(value) < _LONG else str(_LONG)
    if isinstance(value, str):
        return hides(kind, value)
    if kind is Kind.UNCLEAR:
        # requests' auth=(user, password)
        return name.lower() == "auth" and isinstance(value, (tuple, list))
    return kind is not Kind.ABOUT


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS_END.split(name) if word]

"""Take secrets out of text before it is stored, shown or logged.

What is masked, whatever stands around it (JSON, Python, XML, YAML, HTTP headers, forms, addresses,
command lines, plain text, exception texts), and however often it was escaped:

- the value of whatever has the name of a secret, see :func:`judge`
- the rest of the line after ``Authorization:``, ``Cookie:`` and the like
- what shows by its form that it is a secret, see :data:`_FORMS`
- what is known to be one, see :func:`know`

Add names with :func:`register`. Structures are masked by their keys before they become text, by
:mod:`.text`, which asks the same :func:`judge`.

No text is run through one large regular expression. Pieces of names and forms are looked up with
``str.find`` first, for many texts at once (:func:`screen`), which costs next to nothing where there
are no secrets. At each place that is found, one of two things happens: a bounded number of
characters is read and left alone, or what was read is masked and never looked at again. So the time
is proportional to the length of a text, whatever is in it.
"""

import base64
import heapq
import html
import json
import re
import string
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from re import Pattern
from urllib.parse import quote, quote_plus

MASK = "***"

# --- Names: the same for keys of structures and for text ---

# Wherever they are in a name, words joined: dbPassword, password2, credentials.
_anywhere = [
    "authorisation", "authorization", "contrasena", "contraseña", "credential", "kennwort",
    "motdepasse", "passcode", "passphrase", "passwd", "password", "passwort", "wachtwoord",
]  # fmt: skip
# At the end of a word: csrftoken, clientsecret, cookies.
_ENDINGS = "cookie|creds|jwt|pwd|secret|signature|token"
# A word by themselves.
_WORDS = "bearer|csrf|cvc|cvv|otp|pass|pw|senha|totp|xsrf"
# Before "key": what such a key opens. Other keys are those of dictionaries, tables and keyboards.
_KEYS = (
    "access|account|admin|api|app|application|auth|consumer|crypto|decryption|deploy|dev|developer|"
    "encryption|functions|hmac|licence|license|master|private|secret|security|session|shared|"
    "signing|ssh|storage|subscription|webhook"
)
# Before "code".
_CODES = "access|auth|authorization|backup|otp|recovery|security|verification"
_SECRET = re.compile(
    rf"(?:(?:{_ENDINGS})(?:s|_?(?:key|value|string))?|(?:{_KEYS})_?keys?|(?:{_CODES})_?codes?"
    rf"|sess(?:ion)?_?id)(?:_|\d|\Z)|(?P<word>(?:_|\A)(?:{_WORDS})\d?(?:_|\Z))"
)
# Words that make a name one of a number, a date or an address about a secret: token_count.
_ABOUT = re.compile(
    r"(?:_|\A)(?:age|at|attempts|changed|counts?|date|days|enabled|endpoint|exp|expire[ds]?|"
    r"expiration|expiry|has|in|index|is|len|length|lifetime|limits?|max|maximum|min|minimum|"
    r"minutes|num|number|per|policy|rate|remaining|required|seconds|size|time|total|ttl|uri|url|"
    r"usage|used|valid|version)(?:_|\Z)"
)
# What may be a secret: only what looks like one is.
_UNCLEAR = re.compile(r"(?:_|\A)(?:auth|key|session|sid|sig)s*\Z")
# After "?" or "&", the value of these is secret whatever it looks like.
_PARAMETERS = ("auth", "code", "key", "sid", "sig")
# By this a server knows a request again.
_KNOWN_HEADERS = ("idempotency-key",)
# As few pieces as possible such that each name of a secret contains one of them.
_pieces = {
    "auth", "bearer", "code", "contrase", "cookie", "cred", "cv", "jwt", "kennwort", "key", "otp",
    "pass", "pw", "secret", "senha", "sess", "sid", "sig", "srf", "token", "wachtwoord",
}  # fmt: skip
_WORDS_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")

# Values that are no secrets, for each kind of name.
_NOTHING = r"(?:null|none|nil|undefined|true|false|\*\*\*)?"
_NUMBER = r"[-+]?\d+(?:[.,]\d+)?"
# Long, and both letters and digits in one piece.
_RANDOM = (
    r"(?=[\w+=~-]{20})[\w+=~-]{0,200}?(?=[A-Za-z]{0,200}\d)(?=\d{0,200}[A-Za-z])[A-Za-z0-9]{16}"
)
_OF_SECRET = re.compile(_NOTHING, re.I)
_OF_WORD = re.compile(rf"{_NOTHING}|(?=.{{1,3}}\Z){_NUMBER}", re.I)
_OF_PLURAL = re.compile(rf"{_NOTHING}|{_NUMBER}", re.I)
_OF_ABOUT = re.compile(rf"{_NOTHING}|[-+]?\d[\d.,:/TZ+\- ]*|https?://.*", re.I | re.S)
_OF_UNCLEAR = re.compile(rf"(?!{_RANDOM}).*", re.S)

# Characters of a name or value that are looked at, and a number that is none any more.
_SHORT = 200
_LONG = 10**12
# In a pair of name and value, the keys of either.
_PAIR_NAMES = frozenset(
    ("name", "Name", "key", "Key", "field", "header", "id", "param", "parameter", "property",
     "variable", "k", "n")
)  # fmt: skip
_PAIR_VALUES = frozenset(
    ("value", "Value", "values", "val", "content", "contents", "data", "text", "default", "v")
)


@lru_cache(maxsize=8192)
def judge(name: str) -> Pattern[str] | None:
    """Return a pattern of the values that are no secrets under ``name``; None: all are none.

    A name is taken apart into words first, so that ``accessToken``, ``X-Access-Token`` and
    ``access.token`` are the same name, while a ``monkey`` holds no key and a ``secretary`` no
    secret.
    """
    words = _WORDS_END.sub("_", name).lower().strip("_")
    joined = words.replace("_", "")
    anywhere = any(part in joined for part in _anywhere)
    found = _SECRET.search(words)
    if not anywhere and not found:
        return _OF_UNCLEAR if _UNCLEAR.search(words) else None
    if _ABOUT.search(words):
        return _OF_ABOUT
    if words.endswith("s") and not words.endswith("ss"):
        return _OF_PLURAL
    return _OF_WORD if found and found["word"] and not anywhere else _OF_SECRET


def is_secret(name: str, value: object) -> bool:
    """Return whether ``value``, anything that stands under ``name`` in a structure, is a secret."""
    harmless = judge(name[:_SHORT])
    if harmless is None or value is None or isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        value = str(value) if abs(value) < _LONG else str(_LONG)
    if isinstance(value, str):
        return _hides(harmless, value)
    if harmless is _OF_UNCLEAR:
        # requests' auth=(user, password)
        return name.lower() == "auth" and isinstance(value, (tuple, list))
    return harmless is not _OF_ABOUT


def is_secret_header(name: str, value: str) -> bool:
    """Return whether an HTTP header is a secret: there, also a plain ``X-Auth`` is one."""
    harmless = judge(name[:_SHORT])
    if harmless is None or name.lower() in _KNOWN_HEADERS:
        return False
    return harmless is _OF_UNCLEAR or _hides(harmless, value)


def mask_pair(structure: dict[str, object]) -> None:
    """Mask what is a secret in ``{"name": "X-Api-Key", "value": "…"}``."""
    for name in [structure[key] for key in _PAIR_NAMES & structure.keys()]:
        if isinstance(name, str) and judge(name[:_SHORT]):
            for key in _PAIR_VALUES & structure.keys():
                if is_secret(name, structure[key]):
                    structure[key] = MASK


def register(*names: str | None) -> None:
    """Mask the values of these names too, in this process.

    :param str names: parts of names, in any case
    """
    for name in names:
        if name and isinstance(name, str):
            words = _WORDS_END.sub(" ", name).lower().split() or [name.lower()]
            _anywhere.append("".join(words))
            _pieces.add(max(words, key=len))
    judge.cache_clear()


def _hides(harmless: Pattern[str], value: str) -> bool:
    return not harmless.fullmatch(value[:_SHORT].strip())


# --- Values: what is known to be a secret, whatever stands around it ---


class _Value(str):
    """A way in which a secret may be written, among the pieces that are looked up."""

    __slots__ = ()


# Shorter ones would mask numbers and words that have nothing to do with them ...
_SHORTEST = 4
# ... and these only count where they stand alone.
_SHORT_VALUE = 8
# Lines of a longer secret, such as a key in PEM, may be shown one by one.
_LINE_OF_VALUE = 16
# A process that sees ever new ones forgets what was not read for longest.
_MOST_VALUES = 5_000
_values: OrderedDict[_Value, Pattern[str]] = OrderedDict()
_learning = threading.Lock()


def know(value: str) -> None:
    """Mask ``value`` from now on in this process, in whatever text and however it is written."""
    lines = [line for line in value.splitlines() if len(line) >= _LINE_OF_VALUE]
    ways = {way for part in (value, value.strip()) for way in _ways(part)}
    # There may be many of them.
    ways |= {way for line in lines for way in _usual_ways(line)}
    with _learning:
        for way in map(_Value, ways):
            if len(way) >= _SHORTEST:
                if way not in _values:
                    _values[way] = re.compile(_pattern(way))
                # In one step: those that mask meanwhile do not wait for the lock.
                _values.move_to_end(way)
        while len(_values) > _MOST_VALUES:
            _values.popitem(last=False)


def mask_those(text: str, values: Iterable[str]) -> str:
    """Return ``text`` without ``values``, which need not be secrets of anything else."""
    ways = {way for value in values for way in _ways(value) if len(way) >= _SHORTEST}
    # The longest first, which may contain others.
    patterns = [_pattern(way) for way in sorted(ways, key=len, reverse=True) if way in text]
    return re.sub("|".join(patterns), MASK, text) if patterns else text


def _pattern(way: str) -> str:
    escaped = re.escape(way)
    return rf"(?<!\w){escaped}(?!\w)" if len(way) < _SHORT_VALUE else escaped


def forget() -> None:
    """Forget all values: what is a secret of one test is a word of the next."""
    _values.clear()


# What some write otherwise in JSON than has to be, and how: Go, Django, Jinja, Gson, Newtonsoft,
# PHP twice, what is like .NET, and .NET.
_IN_JSON = tuple(
    {sign: "\\/" if sign == "/" else number % ord(sign) for sign in signs}
    for signs, number in (
        ("<>&", r"\u%04x"), ("<>&", r"\u%04X"), ("<>&'", r"\u%04x"), ("<>&'=", r"\u%04x"),
        ("<>&'\"", r"\u%04x"), ("/", ""), ("<>&'\"/", r"\u%04X"), ("<>&'\"+`", r"\u%04x"),
        ("<>&'\"+`", r"\u%04X"),
    )
)  # fmt: skip
_NUMBER_IN_JSON = re.compile(r"(?<=\\u)[0-9a-f]{4}")
# What HTML and XML may have for each of the two quotes, beside what Python writes.
_QUOTES_IN_HTML = (
    ("&quot;", "&#39;"), ("&quot;", "&#039;"), ("&quot;", "&apos;"), ("&#34;", "&#39;"),
    ("&quot;", "'"), ('"', "'"),
)  # fmt: skip
_PERCENT = re.compile("%[0-9A-F]{2}")


def _ways(value: str) -> Iterator[str]:
    """Yield ``value`` as it stands in JSON, Python, addresses, HTML and headers."""
    yield from _usual_ways(value)
    yield from _ways_in_json(value)
    text = html.escape(value, quote=False)
    yield from (text.replace('"', double).replace("'", one) for double, one in _QUOTES_IN_HTML)
    raw = value.encode("utf-8", "surrogatepass")
    whole = quote(raw, safe="")
    # The second is JavaScript's.
    for way in (whole, quote(raw, safe="!*'()"), quote(raw), quote_plus(raw)):
        yield from (way, _in_small_letters(way))
    yield from (quote(whole), quote(_in_small_letters(whole)))


def _usual_ways(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogatepass")
    inner = json.dumps(value)[1:-1]
    yield from (value, inner, json.dumps(inner)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    yield from (repr(value)[1:-1], html.escape(value))
    yield from (quote(raw), quote(raw, safe=""), quote_plus(raw))
    yield from (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("="))


def _ways_in_json(value: str) -> Iterator[str]:
    for is_ascii in (True, False):
        ways = [inner := json.dumps(value, ensure_ascii=is_ascii)[1:-1]]
        for written in _IN_JSON:
            way = inner
            for sign, instead in written.items():
                way = way.replace('\\"' if sign == '"' else sign, instead)
            ways.append(way)
        # .NET has capitals in all numbers, not only in those of signs.
        ways.append(_NUMBER_IN_JSON.sub(lambda found: found[0].upper(), ways[-1]))
        for way in dict.fromkeys(ways):
            # The others: in JSON once more, and as Python shows it.
            yield from (way, json.dumps(way)[1:-1], repr(way)[1:-1])


def _in_small_letters(way: str) -> str:
    return _PERCENT.sub(lambda found: found[0].lower(), way)


def values_in(texts: Iterable[str]) -> list[str]:
    """Return the ways of known secrets that occur in any of ``texts``, for :func:`mask`."""
    # A copy: other threads get to know more meanwhile.
    known = list(_values)
    joined = "\n".join(texts) if known else ""
    return [value for value in known if value in joined]


# --- What shows by its form that it is a secret, by what is looked up: the last group is masked ---

# What tokens begin with that are known by it. One pattern is faster here than to find each.
_BEGINNING = re.compile(
    r"A(?:KIA|SIA|Iza)|dop_v1_|g(?:h[oprsu]_|ithub_pat_|lpat-)|h(?:f_|ooks\.slack\.com/services/)"
    r"|LS0tLS1CRUdJTi|npm_|pypi-|rk_live_|SG\.|s(?:hp(?:at|ss)_|k-|k_(?:live|test)_)|whsec_"
    r"|xox[abps]-|ya29\."
)
# Stands for these among the pieces.
_TOKENS = "A token"
_AUTHORITY = r"[^\s/?#\\\"'<>"
# "Basic information" is no secret.
_SCHEME = (
    r"(?i:bearer|basic|negotiate|ntlm)(?:\s|%20|\+){1,4}(?=[\w.~+/=\-]{8})"
    r"(?=[\w.~+/\-]{0,199}?(?:[\d=]|[a-z][A-Z]))([\w.~+/=\-]*)"
)
_USERINFO = (
    rf"(?://|\\/\\/)(?:{_AUTHORITY}:]{{0,1000}}:({_AUTHORITY}]{{0,1000}})@"
    # What is not allowed in a password, but is in some.
    rf"|{_AUTHORITY}:@]{{0,1000}}:(?!\d)([^\s\"'<>@]{{0,300}})@"
    rf"|(?:(?<=://)|(?<=:\\/\\/))({_AUTHORITY}]{{0,1000}})@)"
)
_PATTERNS = {
    **dict.fromkeys(("bearer", "basic", "negotiate", "ntlm"), _SCHEME),
    **dict.fromkeys(("//", "\\/\\/"), _USERINFO),
    "%2f%2f": r"(?i:%2f%2f(?:[\w.\-]|%(?!3a)){0,200}%3a)([^\s/?#&\"'<>]{0,500}?)%40",
    # Only at the beginning of a word, or a long one would be read again and again.
    "eyj": r"(?<![\w\-])([\w\-]{5,}\.(?:eyJ|[\w\-]{5,}\.)[\w\-.]*)",
    "-----begin": r"(?i:-----begin)[\w ]{0,40}PRIVATE KEY[\w ]{0,20}-----(.*?)(?:-----END|\Z)",
    "private-lines:": r"(?i:private-lines:)(.*)",
    "cookie": r"(?<=<)(?i:cookie)\s{1,4}[^=<>\s]{1,200}=([^<>\s]*)",
    "-u": r"(?:(?<= )-u|(?<= -)-user)[ =]{1,4}[\"']?[^\s:\"']{1,200}:([^\s\"']*)",
    # PostgreSQL shows the whole row that breaks a constraint, without the columns' names.
    "failing row contains (": r"(?i:failing row contains )\((.*?)(?:\)\.(?:[\r\n]|\\n)|\Z)",
    # A quote before a letter is part of the value, and so is a doubled one.
    "identified by ": (
        r"(?i:identified by )(\\?[\"'])((?:(?!\1(?![^\W_]))(?:[^\"'\\]+|\\.|.)|\1\1)*)"
    ),
    _TOKENS: rf"(?<!\w)((?:{_BEGINNING.pattern})[\w.~+/=\-]{{8,}})",
}
_FORMS = {piece: re.compile(pattern, re.S) for piece, pattern in _PATTERNS.items()}

# --- What stands around a name in a text ---

_IN_NAMES = f"{string.ascii_letters}{string.digits}_-."
# Characters: of a name on each side of a piece of it; before a name; of what may stand between
# name and value.
_REACH = 40
_BEFORE = 120
_AROUND = 400

# A quote, also one that was escaped for JSON in JSON, HTML, an address, CSV or .NET's JSON.
_QUOTE = (
    r"(?:\\{0,15}\"\"\"|\\{0,15}'''|\"\"|''|\\{0,15}[\"'`]|\\{1,15}u002[27]"
    r"|&(?:amp;){0,3}(?:quot|apos|#0{0,3}3[49]|#[xX]0{0,3}2[27]);|%(?:25){0,3}2[27])"
)
_PREFIX = r"(?:[bBrRuUfFnN]{1,2}(?=[\"']))?"
_BLANKS = r"(?:[^\S\n]|\n(?=[^\S\n]|[\"'{\[])|\\[nt]|%(?:25){0,3}20|\+(?=%)){0,20}"
_BREAK = r"(?:\r?\n|\\r\\n|\\n)"
_NAME = r"[\w.\-\[\]]{0,40}"
_KEY = rf"{_BLANKS}{_PREFIX}{_QUOTE}{_NAME}{_QUOTE}?\s{{0,40}}[=:]"

_REST = re.compile(_NAME)
# Of \n and the like, in a text inside JSON.
_ESCAPE = re.compile(r"(?<=\\)(?:[nrt]|u[0-9a-fA-F]{4})|(?<=%)(?:25){0,3}[0-9a-fA-F]{2}")
# After the name of a secret.
_BETWEEN = re.compile(
    rf"(?P<closing>{_QUOTE})?(?:"
    # name: value, "name": "value", name=value
    r"(?:\]|%(?:25){0,3}5[dD])?\s{0,40}"
    r"(?:=>|:=|={1,3}|:|(?P<encoded>%(?:25){0,3}3[dDaA])|\\{1,7}u003[dD]|&(?:amp;){0,3}#61;)"
    rf"{_BLANKS}(?P<assigned>)"
    # ("name", "value"), unless that is the next name; PHP's "name";s:5:"value"
    rf"|(?(closing)(?:;s:\d{{1,9}}:|\s{{0,40}},(?!{_KEY}){_BLANKS})|(?!))(?P<listed>))"
    # Key (login, password)=(…), as PostgreSQL says it.
    r"|(?:,[^()\n]{0,200})?\)=(?=\()(?P<columns>)"
    # --name value, PASSWORD 'value'
    r"|(?:[ \t]{1,20}(?![\-,\]\s])|\s{1,4}(?=[\"']))(?P<blank>)"
)
# Before one whose value stands elsewhere.
_PLACE = re.compile(
    # {"name": "X-Api-Key", "value": "…"}
    r"(?:(?P<called>(?<![^\W_])(?i:name|key|field|header|param|parameter|property|setting|variable"
    rf"|id|n|k)(?:{_QUOTE})?\s{{0,9}}(?:=>|[=:])\s{{0,9}}{_PREFIX}(?:{_QUOTE})?)"
    # <password>…, <password value="…"/>
    r"|(?P<tag><(?:[\w.\-]{1,40}:)?)|(?P<escaped_tag>&(?:amp;){0,3}lt;(?:[\w.\-]{1,40}:)?)"
    # <key>password</key><string>…
    r"|(?P<element><[\w:.\-]{1,40}(?:\s[^<>]{0,80})?>\s{0,20}))\Z"
)
# What its last character may be: all but a few places are told by that.
_PLACE_ENDS = "=:<>;\"'`27"
_VALUE = (
    r"(?<![\w\-])(?i:values?|val|contents?|data|text|v)"
    rf"(?:{_QUOTE})?\s{{0,9}}(?:=>|[=:]){_BLANKS}"
)
_VALUE_BEFORE = re.compile(_VALUE)
_VALUE_AFTER = rf"(?:{_QUOTE})?[\s,;](?:[^{{}}<>]{{0,{_AROUND}}}?[^\w{{}}<>])?{_VALUE}"
# Of a tag that is escaped: what follows it has no < or > at which a search would stop.
_END_OF_TAG = r"(?:>|&(?:amp;){0,3}gt;)"
_AFTER_PLACE = {
    "called": re.compile(
        # name="password"; other="y"\r\nHeader: z\r\n\r\n
        rf"\\?\"[^\r\n\\]{{0,200}}{_BREAK}(?:[^\r\n\\]{{1,200}}{_BREAK}){{0,3}}{_BREAK}(?P<form>)"
        # <entry name="password">…
        rf"|[\"'][^<>]{{0,{_AROUND}}}(?<!/)>(?P<open>)|{_VALUE_AFTER}(?P<value>)"
    ),
    "tag": re.compile(rf"(?:\s[^<>]{{0,{_AROUND}}})?(?<!/)>(?P<open>)|{_VALUE_AFTER}(?P<value>)"),
    "escaped_tag": re.compile(
        rf"(?:\s(?:(?!{_END_OF_TAG})[^<]){{0,{_AROUND}}})?(?<!/){_END_OF_TAG}(?P<escaped>)"
        rf"|{_VALUE_AFTER}(?P<value>)"
    ),
    "element": re.compile(
        r"\s{0,20}</[\w:.\-]{1,40}>\s{0,40}<[\w:.\-]{1,40}(?:\s[^<>]{0,200})?(?<!/)>(?P<open>)"
    ),
}
_BEGINS_LINE = re.compile(
    r"(?:\A|[\r\n]|\\n)[ \t]*(?:[-*#>] |export |set |\$env:)?\Z", re.IGNORECASE
)
_IN_ADDRESS = re.compile(r"(?:[?&]|&(?:amp;){1,3}|%(?:25){0,3}(?:26|3[fF])|\\{1,7}u0026)\Z")

# --- Values: none of these can fail, so none of them can go back and try again ---

_MASKED = re.compile(r"\*\*\*(?![^\W_])")
_OPENING = re.compile(rf"(?:string\(\d{{1,9}}\) )?{_PREFIX}(?P<quote>{_QUOTE})")
_PLAIN = re.compile(
    r"(?:(?:bearer|basic|digest|token|negotiate|ntlm|apikey)[ +]{1,4})?"
    r"(?:[^\s\"'&<>;,\\)\]}]+|\\(?![\"'nrtu\\]))*",
    re.IGNORECASE,
)
_PLAIN_ENCODED = re.compile(
    r"(?:[^\s\"'&<>;,\\)\]}%]+|%(?!(?:25){0,3}(?:2[267cC]|3[bB]|5[dD]|7[dD])))*"
)
_BLOCK = re.compile(r"[|>][-+\d]{0,3}[ \t]{0,20}\n")
_INDENTED = re.compile(r"([ \t]*)[^\n]*\n?")
_LINE = re.compile(r"(?:[^\r\n\\]+|\\(?!r\\n|n))*")
# By what stands before its name: inside quotes, as on a command line, a header ends where they do.
_HEADER = {
    quote: re.compile(rf"(?:[^\r\n\\{quote}]+|\\(?!r\\n|n))*(?:\r?\n[ \t]+[^\r\n{quote}]+){{0,20}}")
    for quote in ("", '"', "'")
}
_STRUCTURE = re.compile(r"\\.|[\[\](){}\"']", re.DOTALL)
_TAG = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<(?P<kind>[/!?]?)[^>]*>?", re.DOTALL)
_TO_TAG = re.compile(r"[^<]*")
_TO_ESCAPED_TAG = re.compile(r"(?:[^&]+|&(?!(?:amp;){0,3}lt;))*")


def screen(texts: Iterable[str]) -> list[str]:
    """Return the pieces that occur in any of ``texts``, for :func:`mask`."""
    joined = "\n".join(texts)
    lowered = joined.lower()
    found = [piece for piece in (*_pieces, *_FORMS) if piece in lowered]
    found += values_in([joined])
    return [*found, _TOKENS] if _BEGINNING.search(joined) else found


def mask_values(text: str) -> str:
    """Return ``text`` without the secrets that are known by value, whatever else it has."""
    return mask(text, values_in([text]))


def mask(text: str, among: Sequence[str] | None = None) -> str:
    """Return ``text`` with the secrets that are recognised in it replaced by ``***``.

    :param str text: the text
    :param among: what :func:`screen` returned for this text and others
    """
    if among is None:
        among = screen([text])
    return _read(text, among).replaced() if among else text


def hidden_in(text: str) -> list[str]:
    """Return what :func:`mask` takes out of ``text``, as it stands there, in its order."""
    return [text[start:end] for start, end in sorted(_read(text, screen([text])).spans)]


def _read(text: str, among: Sequence[str]) -> "_Scan":
    # The one letter that is longer in lower case would move what follows.
    lowered = text.replace("İ", "i").lower()
    scan = _Scan(text, lowered)
    # Most of what is in other texts is not in this one.
    scan.look_for([piece for piece in among if _is_in(piece, text, lowered)])
    return scan


def _is_in(piece: str, text: str, lowered: str) -> bool:
    return piece in text if isinstance(piece, _Value) else piece in lowered or piece is _TOKENS


class _Scan:
    """One text, read from left to right."""

    def __init__(self, text: str, lowered: str):
        self.text = text
        self.lowered = lowered
        self.spans: list[tuple[int, int]] = []
        self.reached = 0  # what is before is masked or was looked at for good
        self.spare = 4 * len(text) + 10_000  # characters that may be read in vain
        self.left = self.right = 0  # begin and end of the last name that was looked at
        self.harmless = _OF_SECRET  # what is no secret under it

    def look_for(self, pieces: Sequence[str]) -> None:
        """Note where there are secrets, by the pieces that are in this text."""
        values = [piece for piece in pieces if isinstance(piece, _Value)]
        places = [
            (start, piece)
            for piece in pieces
            if not isinstance(piece, _Value) and (start := self._find(piece, 0)) >= 0
        ]
        heapq.heapify(places)
        while places:
            start, piece = places[0]
            form = _FORMS.get(piece)
            if form and start >= self.reached and (found := form.match(self.text, start)):
                self._hide(*found.span(found.lastindex or 0))
            if piece in _pieces and start >= max(self.reached, self.right):
                self._read_name(start, start + len(piece))
            following = self._find(piece, max(start + 1, self.reached))
            if following < 0:
                heapq.heappop(places)
            else:
                heapq.heapreplace(places, (following, piece))
        for value in values:
            # Gone where another thread has just forgotten it: then it is masked as it is.
            pattern = _values.get(value) or re.compile(re.escape(value))
            self.spans += [found.span() for found in pattern.finditer(self.text)]

    def _find(self, piece: str, at: int) -> int:
        if piece is not _TOKENS:
            return self.lowered.find(piece, at)
        found = _BEGINNING.search(self.text, at)
        return found.start() if found else -1

    def _hide(self, start: int, end: int) -> None:
        if end > start:
            self.spans.append((start, end))
        self.reached = max(self.reached, end)

    def _waste(self, count: int) -> bool:
        """Note that ``count`` characters were read in vain; return whether that may go on."""
        self.spare -= count
        return self.spare > 0

    def replaced(self) -> str:
        """Return the text without them."""
        if not self.spans:
            return self.text
        parts: list[str] = []
        reached = 0
        for start, end in sorted(self.spans):
            if start >= reached:
                parts += (self.text[reached:start], MASK)
            reached = max(reached, end)
        return "".join((*parts, self.text[reached:]))

    def _before(self, count: int) -> str:
        return self.text[max(0, self.left - count) : self.left]

    # --- Names ---

    def _read_name(self, start: int, end: int) -> None:
        """Mask what belongs to the name around ``start``, if that is one of a secret."""
        window = self.text[max(0, start - _REACH) : start]
        self.left = start - len(window) + len(window.rstrip(_IN_NAMES))
        self.left = min(_end(_ESCAPE, self.text, self.left), start)
        self.right = _end(_REST, self.text, end)
        name = self.text[self.left : self.right]
        harmless = self._judge(name)
        if harmless is None:
            return
        self.harmless = harmless
        found = _BETWEEN.match(self.text, self.right)
        how = found.lastgroup if found else None
        if how != "assigned" and self._read_elsewhere(is_listed=how == "listed"):
            return
        if found and (how != "blank" or self._has_value_after(name, found.end())):
            self._hide_value(found.end(), found["closing"], bool(found["encoded"]))

    def _has_value_after(self, name: str, at: int) -> bool:
        is_quoted = self.text.startswith(('"', "'"), at)
        return name.startswith("--") or is_quoted and "pass" in name.lower()

    def _judge(self, name: str) -> Pattern[str] | None:
        harmless = judge(name)
        if harmless is not None and harmless is not _OF_UNCLEAR:
            return harmless
        if name.lower() in _PARAMETERS and _IN_ADDRESS.search(self._before(12)):
            return _OF_SECRET
        if harmless and self.text.startswith(" ", self.left - 1):
            # "API key: …"
            words = self._before(_REACH).rstrip()
            harmless = judge(f"{words[len(words.rstrip(_IN_NAMES)) :]}_{name}")
        return harmless

    def _read_elsewhere(self, is_listed: bool) -> bool:
        """Mask the value of a name that does not stand right after it; return whether it is one."""
        before = self._before(_BEFORE)
        place = _PLACE.search(before) if before.rstrip()[-1:] in _PLACE_ENDS else None
        where = place and place.lastgroup
        if not where or is_listed and where != "called":
            return False
        found = _AFTER_PLACE[where].match(self.text, self.right)
        if not found:
            if where == "called":
                self._hide_value_before()
            return where != "element"
        if found.lastgroup == "value":
            self._hide_value(found.end())
        elif found.lastgroup == "form":
            self._hide_secret(found.end(), _end(_LINE, self.text, found.end()))
        elif found.lastgroup == "escaped":
            self._hide_attribute(found.end())
            self._hide_secret(found.end(), _end(_TO_ESCAPED_TAG, self.text, found.end()))
        else:
            self._hide_attribute(found.end())
            self._hide_content(found.end())
        return True

    # --- Values ---

    def _hide_value(self, at: int, closing: str | None = None, encoded: bool = False) -> None:
        if not _MASKED.match(self.text, at):
            self._hide_secret(*self._value(at, closing, encoded))

    def _hide_value_before(self) -> None:
        window = self._before(_AROUND)
        window = window[max(window.rfind(mark) for mark in "{}<>") + 1 :]
        for found in _VALUE_BEFORE.finditer(window):
            start, end = self._value(self.left - len(window) + found.end(), '"')
            if end <= self.left:
                self._hide_secret(start, end)
            elif not self._waste(end - start):
                self._hide(self.left, len(self.text))

    def _hide_attribute(self, before: int) -> None:
        """Mask the value that an element has in the tag that ends at ``before``."""
        if found := _VALUE_BEFORE.search(self.text, self.right, before):
            start, end = self._value(found.end(), '"')
            if end < before:
                self._hide_secret(start, end)
            elif not self._waste(end - start):
                self._hide(start, len(self.text))

    def _hide_content(self, at: int) -> None:
        """Mask the content that begins at ``at`` of an element of XML."""
        end = _end(_TO_TAG, self.text, at)
        if end < len(self.text) and not self.text.startswith("</", end):
            end = self._end_of_element(end) or end
        if self.text[at:end].strip():
            self._hide_secret(at, end)

    def _hide_secret(self, start: int, end: int) -> None:
        is_pair = (
            # requests' auth=("user", "password")
            self.text.startswith(("(", "["), start)
            and self.text[self.left : self.right].lower() == "auth"
        )
        if is_pair or _hides(self.harmless, self.text[start : min(end, start + _AROUND)]):
            self._hide(start, end)
        elif not self._waste(end - start):
            # So much was read in vain that the rest is not worth the time.
            self._hide(start, len(self.text))

    def _value(self, at: int, closing: str | None, encoded: bool = False) -> tuple[int, int]:
        """Return start and end of the value that begins at ``at``."""
        text = self.text
        if opening := _OPENING.match(text, at):
            return opening.end(), _end_of_quoted(text, opening.end(), opening["quote"], closing)
        if text.startswith(("{", "[", "("), at):
            return at, _end_of_structure(text, at)
        if block := _BLOCK.match(text, at):
            return at, self._end_of_block(block.end())
        if not closing:
            name = text[self.left : self.right].lower()
            if "authorization" in name or "cookie" in name:
                return at, _end(_HEADER.get(text[self.left - 1 : self.left], _HEADER[""]), text, at)
            if end := self._end_of_line(at):
                return at, end
        return at, _end(_PLAIN_ENCODED, text, at) if encoded else self._end_of_plain(at)

    def _end_of_block(self, at: int) -> int:
        """Return where the lines end that are indented more than the line of the name."""
        line = self._before(_REACH).rpartition("\n")[2]
        indent = len(line) - len(line.lstrip())
        for following in _INDENTED.finditer(self.text, at):
            if len(following[1]) <= indent and following[0].strip():
                return following.start() - 1
        return len(self.text)

    def _end_of_plain(self, at: int) -> int:
        end = _end(_PLAIN, self.text, at)
        call = self.text.find("(", at, end)
        if call < 0:
            return end
        # SecretStr("…")
        inner = _end_of_structure(self.text, call)
        if inner == len(self.text) and self.text[-1] != ")" and self._waste(inner - call):
            return end
        return inner

    def _end_of_line(self, at: int) -> int | None:
        """Return the end of a line that has nothing but this name and value, or None."""
        if not _BEGINS_LINE.search(self._before(_REACH)):
            return None
        end = _end(_LINE, self.text, at)
        marks = ("=", ": ", "&", '"', "<")
        return None if any(self.text.find(mark, at, end) >= 0 for mark in marks) else end

    def _end_of_element(self, at: int) -> int | None:
        """Return where the closing tag begins of the element whose content is at ``at``."""
        depth = 0
        for tag in _TAG.finditer(self.text, at):
            if tag["kind"] == "/":
                if not depth:
                    return tag.start()
                depth -= 1
            elif tag["kind"] == "" and not tag[0].endswith("/>"):
                depth += 1
            elif tag["kind"] is None and tag.end() == len(self.text):
                return tag.end()
        return None if self._waste(len(self.text) - at) else len(self.text)


def _end(pattern: Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _end_of_quoted(text: str, start: int, quote: str, closing: str | None) -> int:
    if quote in ('""', "''") and quote != closing:
        return start
    mark = quote[-1]
    if mark not in "\"'`" or len(quote.lstrip("\\")) > 1:
        end = text.find(quote, start)
        return end if end >= 0 else len(text)
    # Backslashes before the opening one: 1 for JSON in JSON, 3 for JSON in that.
    level = len(quote) - 1
    position = text.find(mark, start)
    while position >= 0:
        window = text[max(start, position - 64) : position]
        count = len(window) - len(window.rstrip("\\"))
        if count < level or count % (2 * level + 2) == level:
            after = text[position + 1 : position + 2]
            if not level and after == mark:
                position += 1  # doubled, as in SQL
            elif not after.isalnum():
                return position - min(count, level)
        position = text.find(mark, position + 1)
    return len(text)


def _end_of_structure(text: str, at: int) -> int:
    depth, quote = 0, None
    for found in _STRUCTURE.finditer(text, at):
        mark = found[0]
        if quote:
            quote = None if mark == quote else quote
        elif mark in "\"'":
            quote = mark
        elif mark in "[{(":
            depth += 1
        elif mark in ")]}":
            depth -= 1
            if not depth:
                return found.end()
    return len(text)

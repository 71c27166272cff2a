"""Take secrets out of text before it is stored, shown or logged.

What is masked, whatever stands around it (JSON, Python, XML, HTTP headers, forms, URLs, plain
text, exception texts):

- the value of anything whose name contains one of :data:`SECRET_NAMES` (``x_api_key: …``,
  ``"accessToken": "…"``, ``<ns:Password>…</ns:Password>``, ``client_secret=…``)
- the rest of the line after ``Authorization:``, ``Cookie:`` and the like (:data:`HEADER_NAMES`)
- in URLs: the password of ``scheme://user:password@host``, and the parameters of
  :data:`URL_PARAMETERS`
- ``Bearer …`` and ``Basic …``, JSON web tokens, PEM private keys

Add names with :func:`register`.

No text is run through one large regular expression. The names are looked up with ``str.find``
first, for many texts at once (:func:`screen`), which costs next to nothing where there are no
secrets, and makes the time for any text proportional to its length.
"""

import re

MASK = "***"

# The rest of the line is secret.
HEADER_NAMES = {"authorization", "cookie"}

# The value is secret. Parts of names: "token" covers access_token, csrfToken and X-Auth-Token.
SECRET_NAMES = {
    "accesskey",
    "access_key",
    "access-key",
    "apikey",
    "api_key",
    "api-key",
    "credential",
    "kennwort",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "privatekey",
    "private_key",
    "private-key",
    "pwd",
    "secret",
    "sessionid",
    "session_id",
    "session-id",
    "signature",
    "subscription-key",
    "token",
}

# The value is secret when it follows "?" or "&" and this name.
URL_PARAMETERS = {"auth", "code", "key", "sid", "sig"}

# The rest of a name, its closing quote, the separator. A comma only after a quoted name, as in a
# list of pairs.
_ASSIGN = re.compile(
    r"[\w.\-\[\]]{0,40}(?:(?P<quoted>\\{0,7}[\"'])\s{0,4}(?:=>|[=:,])|\s{0,4}(?:=>|[=:]|%3[dDaA]))"
    r"(?:[^\S\n]|\n(?=[^\S\n])){0,10}(?P<opened>\\{0,7}[\"'])?"
)
# <name attribute="x">
_TAG_END = re.compile(r"[\w.\-]{0,40}(?:\s[^<>]{0,500})?>(?:<!\[CDATA\[)?")
# name="x"; other="y"\r\nHeader: z\r\n\r\n
_FORM_PART = re.compile(
    r"[\w.\-\[\]]{0,40}\\?\"[^\r\n]{0,200}\r?\n(?:[^\r\n]{1,200}\r?\n){0,3}\r?\n"
)

# Values. None of these can fail, so none of them can go back and try again.
_PLAIN = re.compile(r"(?:(?:bearer|basic|digest|token)[ +]+)?[^\s\"'&<>;,\\)\]}]*", re.IGNORECASE)
_IN_DOUBLE = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_IN_SINGLE = re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL)
_IN_ESCAPED = re.compile(r"""(?:[^"'\\]|\\\\(?:\\.)?)*""", re.DOTALL)
_IN_BRACKETS = {"{": re.compile(r"[^}]*\}?"), "[": re.compile(r"[^\]]*\]?")}
_IN_TAG = re.compile(r"[^<]*")
_IN_CDATA = re.compile(r"[^\]]*")
_LINE = re.compile(r"[^\r\n]*(?:\r?\n[ \t]+[^\r\n]+){0,20}")
_TO_DOUBLE = re.compile(r'[^"\r\n]*')
_TO_SINGLE = re.compile(r"[^'\r\n]*")

_SCHEME = re.compile(r"(?:\s|%20|\+){1,4}(?P<value>[\w.~+/=\-]{8,})")
_USERINFO = re.compile(r"(?P<user>[^\s/?#@:\"'<>]{0,200})(?P<value>:[^\s/?#\"'<>]{0,500})?@")
_JWT = re.compile(r"[\w\-]{5,}\.[\w\-]{5,}\.[\w\-]*")
_PEM = re.compile(r"[\w ]{0,40}-----(?P<value>[^-]*)")
_JUST_A_NUMBER = re.compile(r"s[\"']?\s{0,4}[:=]\s{0,4}\d")

# What many names have in common is looked for once.
_HINTS = ("key", "pass", "sess", "token", "secret")
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def register(*names):
    """Mask the values of these names too, in this process.

    :param str names: parts of names, in any case
    """
    for name in names:
        if name and isinstance(name, str):
            _add(name.lower(), _named)


def screen(texts):
    """Return the parts of names that occur in any of ``texts``, for :func:`mask`."""
    lowered = "\n".join(texts).lower()
    return [
        part
        for hint, parts in list(_groups.items())
        if hint in lowered
        for part in parts
        if part in lowered
    ]


def mask(text, among=None):
    """Return ``text`` with the secrets that are recognised in it replaced by ``***``.

    :param str text: the text
    :param among: what :func:`screen` returned for this text and others
    """
    if among is None:
        among = screen([text])
    spans = _spans(text, among) if among else None
    return _replaced(text, spans) if spans else text


def _spans(text, among):
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text.translate(_ASCII_LOWER)  # the case of some letters has another length
    spans = []
    for part in among:
        if part in lowered:
            spans.extend(_finders[part](text, lowered, part))
    return spans


def _positions(lowered, part):
    position = lowered.find(part)
    while position >= 0:
        yield position
        position = lowered.find(part, position + len(part))


def _named(text, lowered, name):
    is_header = name in HEADER_NAMES
    reached = 0
    for start in _positions(lowered, name):
        # What is masked already is not looked at again: the time stays linear.
        span = start >= reached and _value_after(text, start, start + len(name), is_header)
        if span:
            reached = span[1]
            yield span


def _value_after(text, start, end, is_header):
    assign = _ASSIGN.match(text, end)
    if assign and not _JUST_A_NUMBER.match(text, end):
        return _assigned(text, start, assign, is_header)
    tag = _TAG_END.match(text, end)
    if tag and _opens_tag(text, start) and text[tag.end() - 2] != "/":
        value = _IN_CDATA if tag.group().endswith("[CDATA[") else _IN_TAG
        return value.match(text, tag.end()).span()
    part = _FORM_PART.match(text, end)
    if part and 'name="' in text[max(0, start - 80) : start]:
        return _LINE.match(text, part.end()).span()
    return None


def _assigned(text, start, assign, is_header):
    if not assign["quoted"] and assign.group().endswith(","):
        return None
    return _value_pattern(text, start, assign, is_header).match(text, assign.end()).span()


def _value_pattern(text, start, assign, is_header):
    if opened := assign["opened"]:
        if len(opened) > 1:
            return _IN_ESCAPED
        return _IN_DOUBLE if opened == '"' else _IN_SINGLE
    bracket = _IN_BRACKETS.get(text[assign.end() : assign.end() + 1])
    if bracket:
        return bracket
    if is_header and not assign["quoted"]:
        return _line_pattern(text, start)
    return _PLAIN


def _line_pattern(text, start):
    """A header inside quotes, as on a command line, ends where they do."""
    before = text[max(0, start - 40) : start]
    name = re.search(r"[\w\-]*$", before).start()
    return {'"': _TO_DOUBLE, "'": _TO_SINGLE}.get(before[name - 1 : name], _LINE)


def _opens_tag(text, start):
    opening = text.rfind("<", max(0, start - 80), start)
    return opening >= 0 and re.fullmatch(r"[\w:.\-]*", text[opening + 1 : start])


def _schemes(text, lowered, mark):
    for start in _positions(lowered, mark):
        found = _SCHEME.match(text, start + len(mark))
        # "Basic information" is no secret.
        if found and re.search(r"[\d=]|[a-z][A-Z]", found["value"]):
            yield found.span("value")


def _userinfos(text, lowered, mark):
    for start in _positions(lowered, mark):
        found = _USERINFO.match(text, start + len(mark))
        if found and found["value"]:
            yield found.start("value") + 1, found.end("value")
        elif found:
            yield found.span("user")


def _web_tokens(text, lowered, mark):
    for start in _positions(lowered, mark):
        # Only at the beginning of a word, or a long one would be read again and again.
        found = not _is_in_word(text, start) and _JWT.match(text, start)
        if found:
            yield found.span()


def _is_in_word(text, start):
    before = text[start - 1 : start]
    return before.isalnum() or before in ("_", "-")


def _private_keys(text, lowered, mark):
    for start in _positions(lowered, mark):
        found = _PEM.match(text, start + len(mark))
        if found and "PRIVATE KEY" in found.group():
            yield found.span("value")


def _parameters(text, lowered, mark):
    for start in _positions(lowered, mark):
        if text[start - 1 : start] in ("?", "&"):
            yield _PLAIN.match(text, start + len(mark)).span()


def _add(part, find):
    _finders[part] = find
    hint = next((hint for hint in _HINTS if hint in part), part)
    parts = _groups.setdefault(hint, [])
    if part not in parts:
        parts.append(part)


def _replaced(text, spans):
    parts, reached = [], 0
    for start, end in sorted(spans):
        if end <= max(start, reached):
            continue
        if start >= reached:
            parts += (text[reached:start], MASK)
        reached = end
    parts.append(text[reached:])
    return "".join(parts)


# Part of a name, or mark, to the function that finds the values.
_finders = {}
_groups = {}

for _part in sorted(HEADER_NAMES | SECRET_NAMES):
    _add(_part, _named)
for _part in sorted(URL_PARAMETERS):
    _add(f"{_part}=", _parameters)
for _part, _find in {
    "bearer": _schemes,
    "basic": _schemes,
    "://": _userinfos,
    "eyj": _web_tokens,
    "-----begin": _private_keys,
}.items():
    _add(_part, _find)

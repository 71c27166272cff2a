"""Take secrets out of text before it is stored, shown or logged.

What is masked, whatever stands around it (JSON, Python, XML, YAML, HTTP headers, forms, addresses,
command lines, plain text, exception texts), and however often it was escaped:

- the value of whatever has the name of a secret: see :mod:`.secret_names`
- the rest of the line after ``Authorization:``, ``Cookie:`` and the like
- in addresses: the password of ``scheme://user:password@host``
- what shows by its form that it is one: ``Bearer …``, web tokens, private keys, :data:`BEGINNINGS`

Add names with :func:`register`. Structures are masked by their keys before they become text, by
:mod:`.serialize`, which asks the same :mod:`.secret_names`.

No text is run through one large regular expression. Pieces of names and the like are looked up with
``str.find`` first, for many texts at once (:func:`screen`), which costs next to nothing where there
are no secrets. At each place that is found, one of two things happens: a bounded number of
characters is read and left alone, or what was read is masked and never looked at again. So the time
is proportional to the length of a text, whatever is in it.
"""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from . import secret_names
from .secret_names import Kind, hides, is_parameter, judge

MASK = "***"

# What tokens begin with that are known by it.
BEGINNINGS = (
    "AKIA", "ASIA", "AIza", "dop_v1_", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_",
    "glpat-", "hf_", "LS0tLS1CRUdJTi", "npm_", "pypi-", "rk_live_", "SG.", "shpat_", "shpss_",
    "sk-", "sk_live_", "sk_test_", "whsec_", "xoxa-", "xoxb-", "xoxp-", "xoxs-", "ya29.",
    "hooks.slack.com/services/",
)  # fmt: skip

_HEADERS = ("authorization", "cookie")
_IN_NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
# Characters: of a name on each side of a piece of it; of what may stand between name and value.
_REACH = 40
_AROUND = 400

# A quote, also one that was escaped for JSON in JSON, HTML, an address, CSV or .NET's JSON.
_QUOTE = (
    r"(?:\\{0,15}\"\"\"|\\{0,15}'''|\"\"|''|\\{0,15}[\"'`]|\\{1,15}u002[27]"
    r"|&(?:amp;){0,3}(?:quot|apos|#0{0,3}3[49]|#[xX]0{0,3}2[27]);|%(?:25){0,3}2[27])"
)
_PREFIX = r"(?:[bBrRuUfFnN]{1,2}(?=[\"']))?"
_BLANKS = r"(?:[^\S\n]|\n(?=[^\S\n]|[\"'{\[])|\\[nt]|%(?:25){0,3}20|\+(?=%)){0,20}"
_BREAK = r"(?:\r?\n|\\r\\n|\\n)"

# --- What stands between the end of a name and its value ---

_REST = re.compile(r"[\w.\-\[\]]{0,40}")
_ASSIGN = re.compile(
    rf"(?P<closing>{_QUOTE})?(?:\]|%(?:25){{0,3}}5[dD])?\s{{0,40}}"
    r"(?:=>|:=|={1,3}|:|(?P<encoded>%(?:25){0,3}3[dDaA])|\\{1,7}u003[dD]|&(?:amp;){0,3}#61;)"
    rf"{_BLANKS}"
)
_COMMA = re.compile(rf"(?P<closing>{_QUOTE})\s{{0,40}},{_BLANKS}")
_SERIALIZED = re.compile(r"(?P<closing>\\?\");s:\d{1,9}:")
_OPTION = re.compile(r"(?:[ \t]{1,20}|(?P<closing>[\"']),\s{0,40})(?![\-,\]\s])")
_SAID = re.compile(r"\s{1,4}(?=[\"'])")
# Key (login, password)=(…), as PostgreSQL says it.
_COLUMN = re.compile(r"(?:,[^()\n]{0,200})?\)=(?=\()")
_TAG = re.compile(rf"(?:\s[^<>]{{0,{_AROUND}}})?(?:(?<!/)>|(?P<escaped>&(?:amp;){{0,3}}gt;))")
# <key>password</key><string>…
_NEXT_TAG = re.compile(
    r"\s{0,20}</[\w:.\-]{1,40}>\s{0,40}<[\w:.\-]{1,40}(?:\s[^<>]{0,200})?(?<!/)>"
)
# <entry name="password">…
_NAMED_TAG = re.compile(rf"[\"'][^<>]{{0,{_AROUND}}}(?<!/)>")
# name="password"; other="y"\r\nHeader: z\r\n\r\n
_FORM_PART = re.compile(
    rf"\\?\"[^\r\n\\]{{0,200}}{_BREAK}(?:[^\r\n\\]{{1,200}}{_BREAK}){{0,3}}{_BREAK}"
)
# {"name": "X-Api-Key", "value": "…"}
_CALLED = re.compile(
    r"(?<![^\W_])(?:name|key|field|header|param|parameter|property|setting|variable|id|n|k)"
    rf"(?:{_QUOTE})?\s{{0,9}}(?:=>|[=:])\s{{0,9}}{_PREFIX}(?:{_QUOTE})?\Z",
    re.IGNORECASE,
)
_VALUE = (
    r"(?<![\w\-])(?:values?|val|contents?|data|text|v)"
    rf"(?:{_QUOTE})?\s{{0,9}}(?:=>|[=:]){_BLANKS}"
)
_VALUE_AFTER = re.compile(
    rf"(?:{_QUOTE})?[\s,;](?:[^{{}}<>]{{0,{_AROUND}}}?[^\w{{}}<>])?{_VALUE}", re.IGNORECASE
)
_VALUE_BEFORE = re.compile(_VALUE, re.IGNORECASE)

# --- What stands before a name ---

_BEGINS_LINE = re.compile(
    r"(?:\A|[\r\n]|\\n)[ \t]*(?:[-*#>] |export |set |\$env:)?\Z", re.IGNORECASE
)
_BEGINS_TAG = re.compile(r"(?:<|&(?:amp;){0,3}lt;)(?:[\w.\-]{1,40}:)?\Z")
_ENDS_TAG = re.compile(r"<[\w:.\-]{1,40}(?:\s[^<>]{0,80})?>\s{0,20}\Z")
_IN_ADDRESS = re.compile(r"(?:[?&]|&(?:amp;){1,3}|%(?:25){0,3}(?:26|3[fF])|\\{1,7}u0026)\Z")
_ESCAPE = re.compile(r"(?:25){0,3}[0-9a-fA-F]{2}")

# --- Values: none of these can fail, so none of them can go back and try again ---

_OPENING = re.compile(rf"(?:string\(\d{{1,9}}\) )?{_PREFIX}(?P<quote>{_QUOTE})")
_PLAIN = re.compile(
    r"(?:(?:bearer|basic|digest|token|negotiate|ntlm|apikey)[ +]{1,4})?"
    r"(?:[^\s\"'&<>;,\\)\]}]|\\(?![\"'nrtu\\]))*",
    re.IGNORECASE,
)
_PLAIN_ENCODED = re.compile(
    r"(?:[^\s\"'&<>;,\\)\]}%]|%(?!(?:25){0,3}(?:2[267cC]|3[bB]|5[dD]|7[dD])))*"
)
_BLOCK = re.compile(r"[|>][-+\d]{0,3}[ \t]{0,20}\n")
_INDENTED = re.compile(r"([ \t]*)[^\n]*\n?")
_IN_TAG = re.compile(r"[^<]*")
_IN_ESCAPED_TAG = re.compile(r"(?:[^&]|&(?!(?:amp;){0,3}lt;))*")
_HEADER_LINE = re.compile(r"(?:[^\r\n\\]|\\(?![rn]))*(?:\r?\n[ \t]+[^\r\n]+){0,20}")
_LINE = re.compile(r"(?:[^\r\n\\]|\\(?!n))*")
_FORM_VALUE = re.compile(r"(?:[^\r\n\\]|\\(?!r\\n|n))*")
_TO_DOUBLE = re.compile(r'(?:[^"\r\n\\]|\\(?![rn]))*')
_TO_SINGLE = re.compile(r"(?:[^'\r\n\\]|\\(?![rn]))*")
_STRUCTURE = re.compile(r"\\.|[\[\](){}\"']", re.DOTALL)
_OPAQUE = re.compile(r"[\w.~+/=\-]*")

# --- What shows by its form that it is a secret ---

_SCHEME = re.compile(r"(?:\s|%20|\+){1,4}(?P<value>[\w.~+/=\-]{8,200})")
_LOOKS_SECRET = re.compile(r"[\d=]|[a-z][A-Z]")
_AUTHORITY = re.compile(r"[^\s/?#\\\"'<>]{0,1000}")
_TO_AT = re.compile(r"[^\s\"'<>@]{0,300}@")
_ENCODED_USERINFO = re.compile(r"[\w.\-%]{0,200}?%3[aA](?P<value>[^\s/?#&\"'<>]{0,500}?)%40")
_JWT = re.compile(r"[\w\-]{5,}\.(?:eyJ|[\w\-]{5,}\.)[\w\-.]*")
_PEM = re.compile(r"[\w ]{0,40}PRIVATE KEY[\w ]{0,20}-----")
_COOKIE = re.compile(r"\s{1,4}[^=<>\s]{1,200}=(?P<value>[^<>\s]*)")
_LOGIN = re.compile(r"[ =]{1,4}[\"']?[^\s:\"']{1,200}:(?P<value>[^\s\"']*)")
_TOKEN = re.compile(r"[\w.~+/=\-]{8,}")
_END_OF_ROW = re.compile(r"\)\.(?:[\r\n]|\\n)")


def _read(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    """Return the match of one of the above at ``at``."""
    found = pattern.match(text, at)
    assert found is not None, pattern.pattern
    return found


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def register(*names: str) -> None:
    """Mask the values of these names too, in this process.

    :param str names: parts of names, in any case
    """
    for name in names:
        if name and isinstance(name, str):
            piece = secret_names.register(name)
            _finders.setdefault(piece, (_named,))


def screen(texts: Iterable[str]) -> list[str]:
    """Return the pieces that occur in any of ``texts``, for :func:`mask`."""
    lowered = "\n".join(texts).lower()
    return [piece for piece in list(_finders) if piece in lowered]


def mask(text: str, among: Sequence[str] | None = None) -> str:
    """Return ``text`` with the secrets that are recognised in it replaced by ``***``.

    :param str text: the text
    :param among: what :func:`screen` returned for this text and others
    """
    if among is None:
        among = screen([text])
    return _Scan(text).masked(among) if among else text


Finder = Callable[["_Scan", int, int], None]


class _Scan:
    """One text, read from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: list[tuple[int, int]] = []
        self.reached = 0  # what is before is masked or was looked at for good
        self.named = 0  # where the last name that was looked at ends
        self.spare = 4 * len(text) + 10_000  # characters that may be read in vain

    def masked(self, among: Sequence[str]) -> str:
        lowered = self.text.lower()
        if len(lowered) != len(self.text):
            # The case of some letters has another length.
            lowered = self.text.translate(_ASCII_LOWER)
        places = heapq.merge(*(_places(lowered, piece) for piece in among if piece in lowered))
        for start, piece in places:
            for find in _finders[piece]:
                if start >= self.reached:
                    find(self, start, start + len(piece))
        return self._replaced() if self.spans else self.text

    def hide(self, start: int, end: int) -> None:
        """Mask from ``start`` to ``end``."""
        if end > start:
            self.spans.append((start, end))
        self.reached = max(self.reached, end)

    def waste(self, count: int) -> bool:
        """Note that ``count`` characters were read in vain; return whether that may go on."""
        self.spare -= count
        return self.spare > 0

    def before(self, position: int, count: int) -> str:
        return self.text[max(0, position - count) : position]

    def _replaced(self) -> str:
        parts: list[str] = []
        reached = 0
        for start, end in sorted(self.spans):
            if start >= reached:
                parts += (self.text[reached:start], MASK)
            reached = max(reached, end)
        parts.append(self.text[reached:])
        return "".join(parts)


def _places(lowered: str, piece: str) -> Iterator[tuple[int, str]]:
    position = lowered.find(piece)
    while position >= 0:
        yield position, piece
        position = lowered.find(piece, position + len(piece))


# --- Names ---


def _named(scan: _Scan, start: int, end: int) -> None:
    """Mask what belongs to the name around ``start``, if that is one of a secret."""
    if start < scan.named:
        return
    text = scan.text
    left = _left_end(scan, start)
    right = scan.named = _read(_REST, text, end).end()
    kind = _kind(scan, left, right)
    if kind is None:
        return
    name = _Name(scan, left, right, kind)
    for read in (name.assigned, name.called, name.listed, name.tagged, name.said):
        if read():
            return


def _left_end(scan: _Scan, start: int) -> int:
    """Return where the name begins that goes on at ``start``."""
    window = scan.before(start, _REACH)
    left = start - len(window) + len(window.rstrip(_IN_NAMES))
    before = scan.text[left - 1 : left] if left else ""
    if before == "\\":
        # \n and the like, of a text inside JSON.
        left += 5 if scan.text[left] == "u" else scan.text[left] in "nrt"
    elif before == "%" and (escape := _ESCAPE.match(scan.text, left)):
        left = escape.end()
    return min(left, start)


def _kind(scan: _Scan, left: int, right: int) -> Kind | None:
    name = scan.text[left:right]
    if is_parameter(name) and _IN_ADDRESS.search(scan.before(left, 12)):
        return Kind.SECRET
    kind = judge(name)
    if kind is Kind.UNCLEAR and scan.text[left - 1 : left] == " ":
        # "API key: …"
        words = scan.before(left, _REACH)
        word = words.rstrip()[len(words.rstrip().rstrip(_IN_NAMES)) :]
        kind = judge(f"{word}_{name}")
    return kind


class _Name:
    """The name of a secret in a text. Each method looks for its value in one way."""

    def __init__(self, scan: _Scan, left: int, right: int, kind: Kind) -> None:
        self.scan = scan
        self.text = scan.text
        self.left = left
        self.right = right
        self.kind = kind
        self.name = scan.text[left:right]

    def assigned(self) -> bool:
        """``name: value``, ``"name": "value"``, ``name=value`` and the like."""
        found = _ASSIGN.match(self.text, self.right)
        if found:
            self._hide_value(found.end(), found["closing"], bool(found["encoded"]))
        return bool(found)

    def called(self) -> bool:
        """``{"name": "X-Api-Key", "value": "…"}``, ``<entry key="password">…</entry>``, forms."""
        if not _CALLED.search(self.scan.before(self.left, 60)):
            return False
        if part := _FORM_PART.match(self.text, self.right):
            self._hide(*_read(_FORM_VALUE, self.text, part.end()).span())
        elif tag := _NAMED_TAG.match(self.text, self.right):
            self._hide_in_tag(tag.end())
        elif after := _VALUE_AFTER.match(self.text, self.right):
            self._hide_value(after.end())
        else:
            self._hide_value_before()
        return True

    def listed(self) -> bool:
        """``("Authorization", "…")``, ``--password …``, ``"password";s:6:"…"``."""
        if self.name.startswith("--"):
            found = _OPTION.match(self.text, self.right)
        else:
            found = _SERIALIZED.match(self.text, self.right) or _COMMA.match(self.text, self.right)
        if found and not self._is_key(found.end()):
            self._hide_value(found.end(), found["closing"])
        return bool(found)

    def tagged(self) -> bool:
        """``<password>…</password>``, ``<password value="…"/>``, ``<key>password</key><…>…``."""
        before = self.scan.before(self.left, _REACH + 80)
        if _BEGINS_TAG.search(before):
            if tag := _TAG.match(self.text, self.right):
                self._hide_in_tag(tag.end(), tag["escaped"])
            elif after := _VALUE_AFTER.match(self.text, self.right):
                self._hide_value(after.end())
            return True
        if before.endswith(">") or before[-1:].isspace():
            found = _NEXT_TAG.match(self.text, self.right)
            if found and _ENDS_TAG.search(before):
                self._hide_in_tag(found.end())
                return True
        return False

    def said(self) -> bool:
        """``Key (password)=(…)``, ``PASSWORD '…'``."""
        if (
            (found := _COLUMN.match(self.text, self.right))
            or "pass" in self.name.lower()
            and (found := _SAID.match(self.text, self.right))
        ):
            self._hide_value(found.end())
        return bool(found)

    # --- Values ---

    def _hide_value(self, at: int, closing: str | None = None, encoded: bool = False) -> None:
        if (
            self.text.startswith(MASK, at)
            and not self.text[at + len(MASK) : at + len(MASK) + 1].isalnum()
        ):
            return
        start, end = self._value(at, closing, encoded)
        self._hide(start, end)

    def _hide(self, start: int, end: int) -> None:
        if hides(self.kind, self.text[start : min(end, start + _AROUND)]) or self._is_pair(start):
            self.scan.hide(start, end)
        elif not self.scan.waste(end - start):
            # So much was read in vain that the rest is not worth the time.
            self.scan.hide(start, len(self.text))

    def _is_pair(self, start: int) -> bool:
        # requests' auth=("user", "password")
        return self.name.lower() == "auth" and self.text[start : start + 1] in ("(", "[")

    def _value(self, at: int, closing: str | None, encoded: bool) -> tuple[int, int]:
        """Return start and end of the value that begins at ``at``."""
        opening = _OPENING.match(self.text, at)
        if opening:
            return self._quoted(opening.end(), opening["quote"], closing)
        begin = self.text[at : at + 1]
        if begin in ("{", "[", "("):
            return at, self._end_of_structure(at)
        if begin in ("|", ">") and (block := _BLOCK.match(self.text, at)):
            return at, self._end_of_block(block.end())
        if not closing:
            if any(header in self.name.lower() for header in _HEADERS):
                return _read(self._header_line(), self.text, at).span()
            if end := self._end_of_line(at):
                return at, end
        if encoded:
            return _read(_PLAIN_ENCODED, self.text, at).span()
        return at, self._end_of_plain(at)

    def _quoted(self, start: int, quote: str, closing: str | None) -> tuple[int, int]:
        if quote in ('""', "''") and quote != closing:
            return start, start
        mark = quote[-1]
        if mark not in "\"'`" or len(quote.lstrip("\\")) > 1:
            end = self.text.find(quote, start)
            return start, end if end >= 0 else len(self.text)
        return start, _closing(self.text, start, mark, len(quote) - 1)

    def _end_of_structure(self, at: int) -> int:
        depth, quote = 0, ""
        for found in _STRUCTURE.finditer(self.text, at):
            mark = found.group()
            if quote:
                quote = "" if mark == quote else quote
            elif mark in "\"'":
                quote = mark
            elif mark in "[{(":
                depth += 1
            elif mark in ")]}":
                depth -= 1
                if not depth:
                    return found.end()
        return len(self.text)

    def _end_of_block(self, at: int) -> int:
        """Return where the lines end that are indented more than the line of the name."""
        line = self.scan.before(self.left, _REACH).rpartition("\n")[2]
        indent = len(line) - len(line.lstrip())
        while at < len(self.text):
            following = _read(_INDENTED, self.text, at)
            if len(following[1]) <= indent and following.group().strip():
                return at - 1
            at = following.end()
        return at

    def _end_of_plain(self, at: int) -> int:
        end = _read(_PLAIN, self.text, at).end()
        call = self.text.find("(", at, end)
        if call < 0:
            return end
        # SecretStr("…")
        inner = self._end_of_structure(call)
        if inner == len(self.text) and self.text[-1] != ")" and self.scan.waste(inner - call):
            return end
        return inner

    def _end_of_line(self, at: int) -> int | None:
        """Return the end of a line that has nothing but this name and value, or None."""
        if not _BEGINS_LINE.search(self.scan.before(self.left, _REACH)):
            return None
        line = _read(_LINE, self.text, at)
        rest = line.group()
        if any(mark in rest for mark in ("=", ": ", "&", '"', "<")):
            return None
        return line.end()

    def _header_line(self) -> re.Pattern[str]:
        """A header inside quotes, as on a command line, ends where they do."""
        quote = self.text[self.left - 1 : self.left]
        return {'"': _TO_DOUBLE, "'": _TO_SINGLE}.get(quote, _HEADER_LINE)

    def _is_key(self, at: int) -> bool:
        """Return whether what begins at ``at`` is itself the name of something."""
        opening = _OPENING.match(self.text, at)
        if not opening:
            return False
        rest = _read(_REST, self.text, opening.end()).end()
        return bool(_ASSIGN.match(self.text, rest))

    def _hide_value_before(self) -> None:
        window = self.scan.before(self.left, _AROUND)
        window = window[max(window.rfind(mark) for mark in "{}<>") + 1 :]
        for found in _VALUE_BEFORE.finditer(window):
            at = self.left - len(window) + found.end()
            start, end = self._value(at, '"', False)
            if end <= self.left:
                self._hide(start, end)
            elif not self.scan.waste(end - start):
                self.scan.hide(self.left, len(self.text))

    def _hide_in_tag(self, at: int, escaped: str | None = None) -> None:
        if escaped:
            self._hide(at, _read(_IN_ESCAPED_TAG, self.text, at).end())
            return
        end = _read(_IN_TAG, self.text, at).end()
        if end < len(self.text) and not self.text.startswith("</", end):
            end = self._end_of_element(end) or end
        if self.text[at:end].strip():
            self._hide(at, end)

    def _end_of_element(self, at: int) -> int | None:
        """Return where the closing tag begins of the element whose content is at ``at``."""
        text, depth, begin = self.text, 0, at
        while at >= 0:
            if text.startswith("<![CDATA[", at):
                end = text.find("]]>", at)
                if end < 0:
                    return len(text)
            else:
                if text.startswith("</", at):
                    if not depth:
                        return at
                    depth -= 1
                end = text.find(">", at)
                if end < 0:
                    break
                if text[at + 1 : at + 2] not in ("/", "!", "?") and text[end - 1] != "/":
                    depth += 1
            at = text.find("<", end)
        return None if self.scan.waste(len(text) - begin) else len(text)


def _closing(text: str, start: int, mark: str, level: int) -> int:
    """Return where the quote ``mark`` is that ends what begins at ``start``.

    :param int level: backslashes before the opening one: 1 for JSON in JSON, 3 for JSON in that
    """
    period = 2 * (level + 1)
    position = text.find(mark, start)
    while position >= 0:
        window = text[max(start, position - 64) : position]
        count = len(window) - len(window.rstrip("\\"))
        if count < level or count % period == level:
            after = text[position + 1 : position + 2]
            if not level and after == mark:
                position += 1  # doubled, as in SQL
            elif not after.isalnum():
                return position - min(count, level)
        position = text.find(mark, position + 1)
    return len(text)


# --- What shows by its form that it is a secret ---


def _scheme(scan: _Scan, start: int, end: int) -> None:
    found = _SCHEME.match(scan.text, end)
    # "Basic information" is no secret.
    if found and _LOOKS_SECRET.search(found["value"]):
        scan.hide(found.start("value"), _read(_OPAQUE, scan.text, found.start("value")).end())


def _userinfo(scan: _Scan, start: int, end: int) -> None:
    text = scan.text
    if text.startswith("%2f", start) or text.startswith("%2F", start):
        if found := _ENCODED_USERINFO.match(text, end):
            scan.hide(*found.span("value"))
        return
    authority = _read(_AUTHORITY, text, end).group()
    colon = authority.find(":")
    at = authority.rfind("@")
    if at < 0 and colon >= 0 and not authority[colon + 1 : colon + 2].isdigit():
        # What is not allowed in a password, but is in some.
        further = _TO_AT.match(text, end + colon + 1)
        at = further.end() - end - 1 if further else -1
    if 0 <= colon < at:
        scan.hide(end + colon + 1, end + at)
    elif at > 0 and text[start - 1 : start] == ":":
        scan.hide(end, end + at)


def _web_token(scan: _Scan, start: int, end: int) -> None:
    # Only at the beginning of a word, or a long one would be read again and again.
    before = scan.text[start - 1 : start] if start else ""
    if (
        not before.isalnum()
        and before not in ("_", "-")
        and (found := _JWT.match(scan.text, start))
    ):
        scan.hide(*found.span())


def _private_key(scan: _Scan, start: int, end: int) -> None:
    if found := _PEM.match(scan.text, end):
        stop = scan.text.find("-----END", found.end())
        scan.hide(found.end(), stop if stop >= 0 else len(scan.text))


def _private_lines(scan: _Scan, start: int, end: int) -> None:
    scan.hide(end, len(scan.text))


def _cookie(scan: _Scan, start: int, end: int) -> None:
    if found := _COOKIE.match(scan.text, end):
        scan.hide(*found.span("value"))


def _login(scan: _Scan, start: int, end: int) -> None:
    if found := _LOGIN.match(scan.text, end):
        scan.hide(*found.span("value"))


def _failing_row(scan: _Scan, start: int, end: int) -> None:
    """PostgreSQL shows the whole row that breaks a constraint, without the columns' names."""
    found = _END_OF_ROW.search(scan.text, end)
    scan.hide(end, found.start() if found else len(scan.text))


def _identified(scan: _Scan, start: int, end: int) -> None:
    opening = _OPENING.match(scan.text, end)
    if opening:
        scan.hide(opening.end(), _closing(scan.text, opening.end(), opening["quote"][-1], 0))


def _known_beginning(scan: _Scan, start: int, end: int) -> None:
    before = scan.text[start - 1 : start] if start else ""
    if scan.text[start:end] not in BEGINNINGS or before.isalnum() or before == "_":
        return
    if found := _TOKEN.match(scan.text, end):
        scan.hide(start, found.end())


# --- What is looked up: pieces of names and of the like, to what is done where they are ---


def _finders_of_names() -> dict[str, tuple[Finder, ...]]:
    """Return as few pieces as possible such that each name of a secret contains one of them."""
    names = {*secret_names.ANYWHERE, *secret_names.ENDINGS, *secret_names.WORDS}
    names |= {*secret_names.UNCLEAR, *secret_names.PARAMETERS, "key", "code", "sess", "pass"}
    pieces = {name for name in names if not any(o != name and o in name for o in names)}
    return dict.fromkeys(sorted(pieces), (_named,))


_finders: dict[str, tuple[Finder, ...]] = _finders_of_names()
for _piece, _find in {
    "bearer": _scheme,
    "basic": _scheme,
    "negotiate": _scheme,
    "ntlm": _scheme,
    "//": _userinfo,
    "\\/\\/": _userinfo,
    "%2f%2f": _userinfo,
    "eyj": _web_token,
    "-----begin": _private_key,
    "private-lines:": _private_lines,
    "<cookie": _cookie,
    " -u": _login,
    " --user": _login,
    "failing row contains (": _failing_row,
    "identified by ": _identified,
    **{beginning.lower(): _known_beginning for beginning in BEGINNINGS},
}.items():
    _finders[_piece] = (*_finders.get(_piece, ()), _find)

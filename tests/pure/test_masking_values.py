"""What is known to be a secret is masked by its value, however it is called and written."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from pure_ihub.core import items, masking
from pure_ihub.core.masking import know, mask

SECRET = 'blue "tree"/grün & 7\\8'
KEY = "-----BEGIN X-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END X-----"


@pytest.fixture(autouse=True)
def _forget():
    yield
    masking.forget()


WRITTEN = {
    "text": SECRET,
    "json": json.dumps({"note": SECRET}),
    "json without escapes": json.dumps({"note": SECRET}, ensure_ascii=False),
    "json in json": json.dumps(json.dumps({"note": SECRET})),
    "python": repr({"note": SECRET}),
    "address": f"https://example.com/{quote(SECRET, safe='')}?q=1",
    "path": f"https://example.com/{quote(SECRET)}",
    "form": f"a=1&b={quote_plus(SECRET)}&c=2",
    "html": f"<p>{html.escape(SECRET)}</p>",
    "base64": f"sent {base64.b64encode(SECRET.encode()).decode()}",
}


@pytest.mark.parametrize("how", WRITTEN)
def test_it_is_masked_however_it_is_written(how):
    text = WRITTEN[how]
    assert masking.MASK not in mask(text)
    know(SECRET)
    masked = mask(text)
    assert masking.MASK in masked
    for part in ("blue", "tree", "gr", base64.b64encode(SECRET.encode()).decode()):
        assert part not in masked.replace("form", "")


def as_code(text, signs, capitals=False, slash=False):
    """Return ``text`` in JSON, with some of its signs as numbers."""
    written = json.dumps(text).replace('\\"', '"') if '"' in signs else json.dumps(text)
    inner = written[1:-1].replace("/", "\\/") if slash else written[1:-1]
    number = "\\u%04X" if capitals else "\\u%04x"
    return "".join(number % ord(sign) if sign in signs else sign for sign in inner)


def as_html(text, double, single):
    return html.escape(text, quote=False).replace('"', double).replace("'", single)


def lowered(text):
    return re.sub("%..", lambda found: found[0].lower(), text)


TOKEN = "ab/cd+ef&gh<ij>kl'mn\"op=qr"
PARTS = ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr")
WRITTEN_BY_OTHERS = {
    "PHP": as_code(TOKEN, "", slash=True),
    "PHP, for HTML": as_code(TOKEN, "<>&'\"", capitals=True, slash=True),
    "PHP, as Python shows it": repr(as_code(TOKEN, "", slash=True)),
    ".NET": as_code(TOKEN, "<>&'\"+`", capitals=True),
    ".NET, for HTML": as_code(TOKEN, "<>&'\""),
    "JSON with all signs in small letters": as_code(TOKEN, "<>&'\"+`"),
    "Go": as_code(TOKEN, "<>&"),
    "Django": as_code(TOKEN, "<>&", capitals=True),
    "Jinja": as_code(TOKEN, "<>&'"),
    "Gson": as_code(TOKEN, "<>&'="),
    "address in small letters": lowered(quote(TOKEN, safe="")),
    "path in small letters": lowered(quote(TOKEN)),
    "form in small letters": lowered(quote_plus(TOKEN)),
    "JavaScript's address": quote(TOKEN, safe="!*'()"),
    "address in an address": quote(quote(TOKEN, safe=""), safe=""),
    "address in small letters in an address": quote(lowered(quote(TOKEN, safe="")), safe=""),
    "HTML of Go and Jinja": html.escape(TOKEN)
    .replace("&quot;", "&#34;")
    .replace("&#x27;", "&#39;"),
    "HTML of Django": html.escape(TOKEN).replace("&#x27;", "&#39;"),
    "HTML of PHP": html.escape(TOKEN).replace("&#x27;", "&#039;"),
    "HTML without quotes": html.escape(TOKEN, quote=False),
    "XML": html.escape(TOKEN).replace("&#x27;", "&apos;"),
}


@pytest.mark.parametrize("how", WRITTEN_BY_OTHERS)
def test_it_is_masked_as_other_programs_write_it(how):
    text = f"1 {WRITTEN_BY_OTHERS[how]} 2"
    assert mask(text) == text
    know(TOKEN)
    masked = mask(text)
    assert masking.MASK in masked
    assert not any(part in masked for part in PARTS)


def test_letters_that_others_write_as_numbers():
    know(SECRET)
    written = as_code(SECRET, "<>&'\"+`", capitals=True).replace("\\u00fc", "\\u00FC")
    assert "grün" not in written and mask(written) == masking.MASK


def test_what_stands_around_it_stays():
    know("correct-horse")
    assert mask("The server said: correct-horse is wrong.") == "The server said: *** is wrong."
    assert mask("xcorrect-horsex correct-horse") == "x***x ***"


def test_names_and_forms_are_masked_as_before():
    know("correct-horse")
    assert mask("password=other and correct-horse") == mask("password=other and ***")
    assert mask("Bearer abcdef123456 correct-horse") == "Bearer *** ***"


def test_one_that_looks_like_a_name_takes_no_name_away():
    know("token")
    assert "abc" not in mask('{"api_token": "abc"}')


def test_a_short_one_only_where_it_stands_alone():
    know("4711")
    assert mask("PIN 4711, order 147112 of 4711-x") == "PIN ***, order 147112 of ***-x"
    know("abc")
    assert mask("abc") == "abc"


def test_lines_of_a_long_one_are_known_too():
    know(KEY)
    assert mask("at MIIEvQIBADANBgkqhkiG9w0B") == "at ***"
    assert mask(f"it is {KEY}!") == "it is ***!"


def test_many_texts_are_looked_through_at_once():
    know("correct-horse")
    texts = ["nothing", "correct-horse"]
    found = masking.screen(texts)
    assert [mask(text, found) for text in texts] == ["nothing", "***"]


def test_no_more_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(masking, "_MOST_VALUES", 10)
    for number in range(100):
        know(f"secret-number-{number}")
    assert len(masking._values) <= 10
    assert mask("secret-number-99") == "***"


def test_what_is_read_again_is_not_the_oldest(monkeypatch):
    monkeypatch.setattr(masking, "_MOST_VALUES", 50)
    for number in range(100):
        know("correct-horse")
        know(f"secret-number-{number}")
    assert mask("correct-horse") == "***"


def test_data_of_an_item_stay_data():
    know("correct-horse")
    text = items.packed(
        {"correct-horse": ["a correct-horse", 7, None, {"b": "correct-horse"}]}, None
    )
    kept = items.unpacked(items.without_secrets(text), None)
    assert kept == {"correct-horse": ["a ***", 7, None, {"b": "***"}]}


def test_data_of_an_item_without_one_are_the_same_text():
    know("correct-horse")
    text = items.packed({"a": "b", "password": "other"}, None)
    assert items.without_secrets(text) is text

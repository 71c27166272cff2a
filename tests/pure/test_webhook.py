"""Signatures of messages: who may send them, and which of them are the same."""

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta

import pytest
from pure_ihub.core.webhook import Hmac, Refused, Shopify, StandardWebhooks
from werkzeug.datastructures import Headers

NOW = datetime(2025, 3, 1, 12)
BODY = b'{"id": 7}'
KINDS = (
    Hmac(),
    Hmac("X-Hub-Signature-256", prefix="sha256=", id="X-GitHub-Delivery"),
    Hmac("X-Slack-Signature", prefix="v0=", timestamp="X-Slack-Request-Timestamp",
         signed="v0:{timestamp}:{body}"),
    Hmac(algorithm="sha512", encoding="base64"),
    Shopify(),
    StandardWebhooks(),
)  # fmt: skip


def check(verify, headers, body=BODY, secrets=(), now=NOW):
    return verify.check(Headers(headers), body, secrets, now)


@pytest.mark.parametrize("verify", KINDS)
class TestEachKind:
    def test_what_is_signed_is_accepted(self, verify):
        secret = verify.new_secret()
        headers = verify.sign(BODY, secret, NOW, "msg_1")
        assert check(verify, headers, secrets=[secret])

    def test_the_same_message_has_the_same_id(self, verify):
        secret = verify.new_secret()
        ids = {
            check(verify, verify.sign(body, secret, NOW, id_), body, [secret])
            for body, id_ in ((BODY, "a"), (BODY, "a"), (b"{}", "b"))
        }
        assert len(ids) == 2

    def test_what_was_changed_is_refused(self, verify):
        secret = verify.new_secret()
        headers = verify.sign(BODY, secret, NOW, "msg_1")
        for other in (BODY[:-1], BODY + b" ", b"", BODY * 2):
            with pytest.raises(Refused) as refused:
                check(verify, headers, other, [secret])
            assert refused.value.cause == "signature"

    def test_another_secret_is_refused(self, verify):
        headers = verify.sign(BODY, verify.new_secret(), NOW, "msg_1")
        with pytest.raises(Refused):
            check(verify, headers, secrets=[verify.new_secret()])
        with pytest.raises(Refused):
            check(verify, headers, secrets=[])

    def test_both_secrets_are_good_while_one_is_replaced(self, verify):
        new, old = verify.new_secret(), verify.new_secret()
        for secret in (new, old):
            assert check(verify, verify.sign(BODY, secret, NOW, "m"), secrets=[new, old])

    def test_signatures_that_are_none_are_refused(self, verify):
        secret = verify.new_secret()
        good = verify.sign(BODY, secret, NOW, "msg_1")
        value = good[verify.header]
        for bad in ("", "é", verify.prefix, value[:-1], f"{value},{value}", "\x00", "x" * 60_000):
            with pytest.raises(Refused):
                check(verify, {**good, verify.header: bad}, secrets=[secret])
        without = {name: given for name, given in good.items() if name != verify.header}
        with pytest.raises(Refused):
            check(verify, without, secrets=[secret])


@pytest.mark.parametrize("verify", [one for one in KINDS if one.timestamp])
def test_what_is_outdated_is_refused_although_it_is_signed(verify):
    secret = verify.new_secret()
    for minutes, is_good in ((-6, False), (-4, True), (4, True), (6, False)):
        headers = verify.sign(BODY, secret, NOW + timedelta(minutes=minutes), "m")
        if is_good:
            assert check(verify, headers, secrets=[secret])
            continue
        with pytest.raises(Refused) as refused:
            check(verify, headers, secrets=[secret])
        assert refused.value.cause == "outdated"


@pytest.mark.parametrize("moment", ["", "now", "-1", "1e9", "1" * 400, "²"])
def test_a_moment_that_is_none_is_refused(moment):
    verify = StandardWebhooks()
    secret = verify.new_secret()
    key = verify.key_of(secret)
    content = b"m." + moment.encode("latin-1", "replace") + b"." + BODY
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": moment}
    with pytest.raises(Refused):
        check(verify, {**headers, "webhook-signature": f"v1,{signature}"}, secrets=[secret])


def test_the_example_of_standard_webhooks():
    """The example of its specification."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v0,bad v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    found = check(
        StandardWebhooks(),
        headers,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        datetime(2021, 2, 25, 15, 2, 10),
    )
    assert found == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_an_id_that_is_not_signed_is_not_the_message():
    """Whoever has seen a message of Shopify could send it again under another id."""
    verify = Shopify()
    headers = verify.sign(BODY, "secret", NOW, "m")
    ids = {
        check(verify, {**headers, "X-Shopify-Webhook-Id": id_}, secrets=["secret"]) for id_ in "ab"
    }
    assert len(ids) == 1


def test_capital_letters_of_a_signature_do_not_matter():
    headers = Hmac().sign(BODY, "secret", NOW, "m")
    changed = {"x-signature": headers["X-Signature"].upper()}
    assert check(Hmac(), changed, secrets=["secret"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"encoding": "HEX"}, "hex or base64"),
        ({"encoding": "Base64 "}, "hex or base64"),
        ({"encoding": "base64url"}, "hex or base64"),
        ({"signed": "{payload}"}, "{payload}"),
        ({"signed": "{body}.{Body}"}, "{Body}"),
        ({"signed": "{timestamp}.{body}"}, "timestamp="),
        ({"signed": "{id}.{body}"}, "id="),
        # Else whoever has one message could send another body with its signature.
        ({"signed": "{timestamp}", "timestamp": "X-Time"}, "{body}"),
        ({"signed": "v0"}, "{body}"),
        ({"algorithm": "sha257"}, "sha257"),
        ({"algorithm": None}, "None"),
        # Of variable length, so that it has no HMAC.
        ({"algorithm": "shake_128"}, "shake_128"),
        ({"header": ""}, "header"),
        ({"header": None}, "header"),
        ({"tolerance": "300"}, "tolerance"),
    ],
)
@pytest.mark.parametrize("kind", [Hmac, Shopify, StandardWebhooks])
def test_a_signature_that_would_not_protect_cannot_be_described(kind, given, said):
    if kind is StandardWebhooks and said in ("timestamp=", "id="):
        given = {"timestamp": None, "id": None, **given}
    with pytest.raises(ValueError, match=re.escape(said)):
        kind(**given).validate()


@pytest.mark.parametrize("kind", KINDS)
def test_what_others_send_can_be_described(kind):
    kind.validate()


def test_what_is_no_base64_is_no_secret_of_standard_webhooks():
    with pytest.raises(ValueError):
        StandardWebhooks().key_of("whsec_§")

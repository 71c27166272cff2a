"""A request that failed, and its answer, as people read them: nearly as they were on the wire."""

from odoo import fields
from odoo.tools import formatLang

from .format import local_moment

_UNITS = ("KB", "MB", "GB")


def exchange_text(integration, kept):
    """Return what was sent and answered as text.

    :param integration: with the reader's language and time zone
    :param dict kept: what ``ihub/core/exchange.py`` has kept
    """
    env, received = integration.env, kept["received"]
    lines = [
        _title_of_request(integration, kept["sent_at"]),
        f"{kept['method']} {kept['url']}",
        *_message(env, kept["sent"]),
        "",
        _title_of_answer(env, received, kept["seconds"]),
    ]
    if received:
        lines += [f"HTTP {kept['status']} {kept['reason']}".rstrip(), *_message(env, received)]
    return "\n".join(lines)


def _title_of_request(integration, sent_at):
    if not sent_at:
        return integration.env._("Request")
    moment = local_moment(integration, fields.Datetime.to_datetime(sent_at))
    return integration.env._("Request, %(time)s", time=moment)


def _title_of_answer(env, received, seconds):
    if seconds is None:
        return env._("Response") if received else env._("No response")
    seconds = formatLang(env, seconds, digits=2)
    if received:
        return env._("Response after %(seconds)s s", seconds=seconds)
    return env._("No response after %(seconds)s s", seconds=seconds)


def _message(env, message):
    """Return the lines of headers and body."""
    parts = (message["headers"], _body(env, **message["body"]))
    return "\n\n".join(part for part in parts if part).split("\n")


def _body(env, text, size, is_cut):
    if size is None:
        return env._("(The body was not kept: it was read once only, or not at all.)")
    if text is None:
        return env._("(binary, %(size)s)", size=_size(env, size))
    if is_cut:
        return f"{text}…\n\n" + env._("(cut, %(size)s in all)", size=_size(env, size))
    return text


def _size(env, size):
    """Return a number of bytes as people say it: "1.2 MB"."""
    if size < 1000:
        return env._("%(count)s bytes", count=size)
    for unit in _UNITS:
        size /= 1000
        if size < 1000 or unit == _UNITS[-1]:
            break
    return f"{formatLang(env, size, digits=1)} {unit}"

"""What happened, newest first: items, events, runs and what people have changed, in one list.

All is read as the user, so record rules hold. Whatever there is of it, the number of queries is the
same, and each has a bound and an index.
"""

from typing import NamedTuple

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL, groupby, html2plaintext

from ..core.text import NOTHING
from .format import local_period

# Entries at a time, and at most.
PAGE = 40
MOST = 5 * PAGE
# So many times as many are looked at, where most are not worth an entry of their own.
RUNS_PER_ENTRY = 50
EVENTS_PER_ENTRY = 10
# Characters of what people have written.
SHOWN = 500


class Part(NamedTuple):
    """Entries of one kind; ``since``: the moment before which there are more of them, or None."""

    entries: list
    since: object


def of_record(env, model, id_, limit=PAGE):
    """Return where a record came from: its items, and the events of both.

    :param str model: name of its model
    :param int limit: entries at most
    :return: as :func:`merged`
    """
    items = env["ihub.item"].search([("record", "=", f"{model},{id_}")], limit=limit)
    open_ones = _readable(items.integration_id)
    items = items.filtered(lambda item: item.integration_id in open_ones)
    about = Domain("res_model", "=", model) & Domain("res_id", "=", id_)
    events, since = _events(env, limit, about, Domain("item_id", "in", items.ids))
    parts = [
        _items_part(items, limit, _as_link),
        _changes_part(items, limit, _as_link),
        _events_part(events, since, items),
    ]
    return merged(parts, limit)


def of_item(item, limit=PAGE):
    """Return the story of an ``ihub.item``; parameters and result as of :func:`of_record`."""
    events, since = _events(item.env, limit, Domain("item_id", "in", item.ids))
    parts = [
        _items_part(item, limit, lambda one: _as_link(_readable(one.run_id))),
        _changes_part(item, limit),
        _events_part(events, since, item),
        _item_runs_part(item, events.run_id),
    ]
    return merged(parts, limit)


def of_integration(integration, limit=PAGE):
    """Return what happened to an ``ihub.integration``; as :func:`of_record`.

    What is as usual has no entry of its own.
    """
    parts = [
        _runs_part(integration, limit),
        _changes_part(integration, limit),
        _trouble_part(integration, limit),
    ]
    return merged(parts, limit)


def merged(parts, limit):
    """Return the newest entries of all parts, without a gap in any of them.

    :param parts: list of :class:`Part`
    :return: a dictionary that JSON can carry: ``entries``, newest first, and whether there is
        ``more``
    """
    begin = max((part.since for part in parts if part.since), default=None)
    known = [one for part in parts for one in part.entries]
    known.sort(key=lambda one: one["at"].replace(microsecond=0), reverse=True)
    shown = [one for one in known if not begin or one["at"] >= begin][:limit]
    for one in shown:
        one["at"] = fields.Datetime.to_string(one["at"])
    is_all = begin is None and len(shown) == len(known)
    return {"entries": shown, "more": not is_all and limit < MOST}


def _entry(record, at, look, title, detail=None, who=None, link=None, part=""):
    """Return one entry.

    :param record: what it is about; with ``part`` it tells the entry from all others
    :param datetime at: naive UTC
    :param look: icon and severity
    :param link: ``{"model": …, "id": …}`` of what is opened, or None
    """
    icon, severity = look
    return {
        "key": f"{record._name},{record.id}{part}",
        "at": at,
        "icon": icon,
        "severity": severity,
        "title": title,
        "detail": detail or "",
        "who": who or "",
        "open": link,
    }


def _as_link(record):
    return {"model": record._name, "id": record.id} if record else None


def _readable(records):
    return records._filtered_access("read")


def _names(records):
    """Return ``{id: name}`` of those people whom the user may see."""
    return {record.id: record.name for record in _readable(records)}


def _since(rows, limit, moment):
    """Return the moment of the last of ``rows`` where the bound has kept out others, else None."""
    # Not by its index: it would be read alone, and then the others.
    return moment(list(rows)[-1]) if len(rows) >= limit else None


# --- Items ---


def _items_part(items, limit, link):
    entries = []
    for item in items:
        first = item.create_date
        entries.append(
            _entry(
                item,
                item.last_attempt or first,
                item._fields["state"].looks[item.state],
                _item_title(item),
                _item_detail(item),
                link=link(item),
            )
        )
        if item.last_attempt and first < item.last_attempt:
            title = item.env._("%(item)s came for the first time.", item=_named(item))
            look = ("fa-sign-in", "muted")
            entries.append(_entry(item, first, look, title, link=link(item), part="/first"))
    return Part(entries, _since(items, limit, lambda item: item.create_date))


def _named(item):
    """Return the name of an item as the beginning of a sentence."""
    return item.display_name[:1].upper() + item.display_name[1:]


def _item_title(item):
    name = item.integration_id.display_name
    if item.last_attempt:
        return item.env._("%(item)s came from %(name)s.", item=_named(item), name=name)
    return item.env._("%(name)s knows it as %(item)s.", name=name, item=item.display_name)


def _item_detail(item):
    """Return what is left to do, or was decided, in words; nothing of what is done."""
    if item.state == "done":
        return None
    label = dict(item._fields["state"]._description_selection(item.env))[item.state]
    reason = {"failed": item.message, "ignored": item.reason}.get(item.state)
    return item.env._("%(state)s: %(reason)s", state=label, reason=reason) if reason else label


def _item_runs_part(item, others):
    """Return the runs that an item came with, and those in which it was tried again."""
    runs = _readable(item.source_run_id | item.run_id | item.retry_run_id | others)
    who = _names(runs.user_id)
    entries = [
        _entry(
            run,
            run.started_at or run.create_date,
            run._fields["outcome"].looks[run.outcome],
            _item_run_title(run),
            _period_of(run),
            who=who.get(run.user_id.id),
            link=_as_link(run),
        )
        for run in runs
    ]
    return Part(entries, None)


def _item_run_title(run):
    if run.trigger != "items":
        return run.env._("It came with a run.")
    if run.state == "pending":
        return run.env._("It waits to be tried again.")
    if not run.started_at:
        return run.env._("The run that was to try it again was cancelled.")
    return run.env._("It was tried again.")


def _period_of(run):
    window = run.window_from and run.window_to
    return window and local_period(run.integration_id, run.window_from, run.window_to)


# --- Events ---


def _events(env, limit, *domains):
    """Return the newest events of each domain, newest first, and since when they are all."""
    Event = env["ihub.event"]
    lists = [Event.search(domain, limit=limit) for domain in domains]
    return Event.union(*lists).sorted("id", reverse=True), _since_of_all(lists, limit)


def _since_of_all(lists, limit):
    moments = (_since(events, limit, lambda event: event.create_date) for events in lists)
    return max(filter(None, moments), default=None)


def _events_part(events, since, items):
    """Return events; without those that say what the entry of their item says already."""
    said = {_result_of(item, events).id for item in items}
    entries = [
        _entry(
            event,
            event.create_date,
            event._fields["level"].looks[event.level],
            event.summary,
            _undone_text(event),
            link=_as_link(event),
        )
        for event in events
        if event.id not in said
    ]
    return Part(entries, since)


def _result_of(item, events):
    """Return the event with which an item was told to be done, or to have failed."""
    # What is done at the first attempt is not told.
    level = {"failed": "error", "done": "info" if item.attempts > 1 else None}.get(item.state)
    wanted = (item, item.run_id, level)
    found = (one for one in events if (one.item_id, one.run_id, one.level) == wanted)
    return next(found, events.browse())


def _undone_text(event):
    return event.env._("The work that it describes was rolled back.") if event.undone else None


def _trouble_part(integration, limit):
    """Return warnings and errors, those of one run together.

    Without those of items, and those of which a run has failed: the run tells.
    """
    count = limit * EVENTS_PER_ENTRY
    lists = [_newest_of_level(integration, level, count) for level in ("warning", "error")]
    events = (lists[0] | lists[1]).sorted(lambda one: (one.create_date, one.id), reverse=True)
    has_failed = events.run_id.filtered(lambda run: run.state in ("failed", "pending"))
    told = events.filtered(
        lambda one: not one.item_id and not (one.level == "error" and one.run_id in has_failed)
    )
    entries = [
        _trouble_entry(group)
        for __, group in groupby(told, lambda one: one.run_id.id or f"event {one.id}")
    ]
    return Part(entries, _since_of_all(lists, count))


def _newest_of_level(integration, level, limit):
    # By the date, of one level: so the index has them in this order.
    return integration.env["ihub.event"].search_fetch(
        [("integration_id", "=", integration.id), ("level", "=", level)],
        ["create_date", "level", "summary", "run_id", "item_id", "undone"],
        order="create_date desc",
        limit=limit,
    )


def _trouble_entry(events):
    worst = next((one for one in events if one.level == "error"), events[0])
    detail = _undone_text(worst)
    if len(events) > 1:
        detail = worst.env._("%(count)s more of the same run.", count=len(events) - 1)
    look = worst._fields["level"].looks[worst.level]
    link = _as_link(worst.run_id if len(events) > 1 else worst)
    return _entry(worst, events[0].create_date, look, worst.summary, detail, link=link)


# --- Runs of an integration ---

# What is worth an entry begins an island of its own, and what is as usual between two of those is
# another one.
ISLANDS = """
    SELECT max(id), count(*), is_told, bool_or(is_recovery), min(at), max(at), sum(runs)::int
      FROM (SELECT *, count(*) FILTER (WHERE is_told) OVER (ORDER BY id DESC) AS island
              FROM (SELECT *, is_recovery OR outcome <> 'done' OR trigger IN ('manual', 'items')
                              AS is_told
                      FROM (SELECT *, outcome = 'done' AND (tries > 1 OR COALESCE(
                                          lag(outcome) OVER (ORDER BY id)
                                          IN ('failed', 'interrupted'), FALSE)) AS is_recovery
                              FROM (%s) run) known) told) numbered
     GROUP BY island, is_told ORDER BY max(id) DESC
"""


def _runs_part(integration, limit):
    Run = integration.env["ihub.run"]
    Run.flush_model()
    rows = Run.env.execute_query(SQL(ISLANDS, _last_runs(Run, integration, limit)))
    is_cut = sum(row[1] for row in rows) >= limit * RUNS_PER_ENTRY
    since = rows[-1][4] if is_cut else None
    if len(rows) > limit:
        rows = rows[:limit]
        since = rows[-1][4]
    runs = Run.browse([row[0] for row in rows])
    who = _names(runs.user_id)
    entries = [
        _run_entry(run, is_recovery, last, who.get(run.user_id.id))
        if is_told
        else _usual_entry(integration, run, count, first, last)
        for run, (__, ___, is_told, is_recovery, first, last, count) in zip(runs, rows, strict=True)
    ]
    return Part(entries, since)


def _last_runs(Run, integration, limit):
    """Return the query of the last runs: what was queued and has not been tried is none yet."""
    tried = Domain("outcome", "!=", "pending")
    domain = Domain("integration_id", "=", integration.id) & tried
    query = Run._search(domain, order="id desc", limit=limit * RUNS_PER_ENTRY)
    return query.select(
        SQL("ihub_run.id, ihub_run.trigger, GREATEST(ihub_run.merged_runs, 1) AS runs"),
        SQL("%s AS outcome", Run._field_to_sql("ihub_run", "outcome", query)),
        SQL("COALESCE(ihub_run.attempt - ihub_run.forgiven_attempts, 0) AS tries"),
        SQL("COALESCE(ihub_run.ended_at, ihub_run.started_at, ihub_run.create_date) AS at"),
    )


def _usual_entry(integration, run, count, first, last):
    """Return the entry of runs that are done, as usual: one line for all of them."""
    env = integration.env
    look = run._fields["outcome"].looks["done"]
    if count == 1:
        return _entry(run, last, look, env._("A run, done."), link=_as_link(run))
    title = env._("%(count)s runs, all done.", count=count)
    minutes = (moment.replace(second=0, microsecond=0) for moment in (first, last))
    return _entry(run, last, look, title, local_period(integration, *minutes))


def _run_entry(run, is_recovery, at, who):
    look = run._fields["outcome"].looks[run.outcome]
    return _entry(run, at, look, _run_title(run, is_recovery), _run_detail(run), who, _as_link(run))


def _run_title(run, is_recovery):
    env = run.env
    name = {
        "schedule": env._("Scheduled run"),
        "manual": env._("Manual run"),
        "backfill": env._("Backfill"),
        "items": env._("Retried items"),
        "webhook": env._("Received messages"),
        "code": env._("Run from code"),
    }[run.trigger]
    if is_recovery:
        return env._("%(run)s: done again, after a failure", run=name)
    if run.outcome == "attempt_failed" and run.filtered_domain(run.integration_id._queue_domain()):
        return env._("%(run)s: failed, will be retried automatically", run=name)
    outcome = dict(run._fields["outcome"]._description_selection(env))[run.outcome]
    return env._("%(run)s: %(outcome)s", run=name, outcome=outcome)


def _run_detail(run):
    is_quiet = run.outcome == "done" and not run.processed
    return None if is_quiet or run.state == "running" else run.explanation


# --- What people have changed ---


def _changes_part(records, limit, link=lambda record: None):
    """Return what people have changed of records of one model, and said about them."""
    env = records.env
    domain = [
        ("model", "=", records._name),
        ("res_id", "in", records.ids),
        ("message_type", "in", ("comment", "notification")),
        ("author_id", "!=", env.ref("base.partner_root").id),
    ]
    messages = env["mail.message"].search(domain, limit=limit)
    who = _names(messages.author_id)
    lines = _tracked_lines(messages)
    entries = []
    for message in messages:
        texts = [*lines.get(message.id, ()), _plain(message.body)]
        title, *more = list(filter(None, texts)) or [None]
        if title:
            record = records.browse(message.res_id)
            author = who.get(message.author_id.id)
            detail = "\n".join(more)[:SHOWN]
            look = ("fa-pencil", "muted")
            one = _entry(message, message.date, look, title[:SHOWN], detail, author, link(record))
            entries.append(one)
    return Part(entries, _since(messages, limit, lambda message: message.date))


def _plain(body):
    """Return what was written as lines without formats."""
    lines = html2plaintext(body or "", include_references=False).split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _tracked_lines(messages):
    """Return ``{message id: [what was changed]}``, of fields that the user may see."""
    env = messages.env
    # As superuser: Odoo's chatter reads them for whoever sees the message, and so do we.
    tracked = messages.sudo().tracking_value_ids._filter_has_field_access(env)
    message_of = {one.id: one.mail_message_id.id for one in tracked}
    lines = {}
    for value in tracked._tracking_value_format():
        field = value["fieldInfo"]
        text = env._(
            "%(field)s: %(old)s → %(new)s",
            field=field["changedField"],
            old=_text_of(env, field["fieldType"], value["oldValue"]),
            new=_text_of(env, field["fieldType"], value["newValue"]),
        )
        lines.setdefault(message_of[value["id"]], []).append(text)
    return lines


def _text_of(env, kind, value):
    if kind == "boolean":
        return env._("Yes") if value else env._("No")
    return NOTHING if value in (None, False, "") else str(value)

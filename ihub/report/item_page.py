"""What the page of an item shows of its data: labels in plain words, nested lines as tables."""

from markupsafe import Markup, escape

from ..core.items import outline
from ..core.text import NOTHING, clean, clip

# Characters of the data that are shown of one item.
SHOWN = 100_000
# Characters of a value, old or new, that the chatter tells.
TOLD = 500


def data_html(env, value, labels):
    """Return the data of an item as HTML.

    :param value: the data; None where they were not kept
    :param dict labels: by path, of what people may change
    """
    if value is None:
        return Markup('<p class="text-muted">%s</p>') % env._("Its data is no longer stored.")
    return _shown(outline(value, labels, SHOWN))


def changes_html(env, lines):
    """Return what was changed: a list for the chatter.

    :param lines: label, old and new value of each
    """
    rows = Markup().join(
        Markup("<li>%s: %s → %s</li>") % (label, _text(old), _text(new))
        for label, old, new in lines
    )
    return Markup("<div>%s</div><ul>%s</ul>") % (env._("Corrected:"), rows)


def _text(value):
    return NOTHING if value in (None, "", False) else clip(clean(str(value)), TOLD)


def _shown(part):
    """Render what :func:`outline` has returned."""
    kind, content = part
    if kind == "text":
        return escape(content)
    if kind == "table":
        names, rows = content
        head = Markup().join(Markup("<th>%s</th>") % name for name in names)
        body = Markup().join(
            Markup("<tr>%s</tr>") % Markup().join(Markup("<td>%s</td>") % _shown(c) for c in row)
            for row in rows
        )
        return Markup(
            '<div class="table-responsive"><table class="table table-sm">'
            "<thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>"
        ) % (head, body)
    if kind == "list":
        return Markup('<ul class="mb-0">%s</ul>') % Markup().join(
            Markup("<li>%s</li>") % _shown(one) for one in content
        )
    return Markup('<dl class="o_ihub_item_data mb-0">%s</dl>') % Markup().join(
        Markup("<dt>%s</dt><dd>%s</dd>") % (label, _shown(one)) for label, one in content
    )

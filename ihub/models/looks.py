from operator import attrgetter

from odoo import fields


class Badge(fields.Selection):
    """A selection that tells the web client how each of its values looks.

    :param dict looks: ``{value: (icon, severity)}``: an icon of Font Awesome, and a severity of
        :class:`ihub.core.health.Health`
    """

    looks = {}
    _description_looks = property(attrgetter("looks"))
    _related_looks = property(attrgetter("looks"))

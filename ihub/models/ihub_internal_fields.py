import re

from lxml import etree
from odoo import api, models
from odoo.tools import ormcache

# Where people choose among all fields: custom filters, groups, and the export.
CHOICES = ("searchable", "groupable", "exportable")


class IhubInternalFields(models.AbstractModel):
    """A model that offers people no fields of which they see nothing anywhere.

    Internal is what the hub has not named for people, and what no view shows.
    """

    _name = "ihub.internal.fields"
    _description = "Fields That Are Internal"

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        described = super().fields_get(allfields, attributes)
        for name in self._internal_names() & described.keys():
            described[name].update(dict.fromkeys(described[name].keys() & CHOICES, False))
        return described

    @api.model
    @ormcache(cache="templates")
    def _internal_names(self):
        """Return the names of the fields that are of no use to people, as a frozenset."""
        shown = self._shown_names()
        return frozenset(
            name
            for name, field in self._fields.items()
            if "ihub" in field._modules and not _is_named(field) and name not in shown
        )

    def _shown_names(self):
        """Return what forms and lists show, and what searches are about, also in other addons."""
        # Cards name whatever they compute with: what people see of it is in a list as well.
        kinds = ("form", "list", "search")
        views = self.env["ir.ui.view"].sudo()
        views = views.search([("model", "=", self._name), ("type", "in", kinds)])
        nodes = [
            node
            for view in views
            for node in etree.fromstring(view.arch).iter("field", "filter")
            if {node.get("invisible"), node.get("column_invisible")}.isdisjoint({"1", "True"})
        ]
        words = " ".join(
            node.get(key) or "" for node in nodes for key in ("domain", "context", "filter_domain")
        )
        fields = {node.get("name") for node in nodes if node.tag == "field"}
        return fields.union(re.findall(r"\w+", words))


def _is_named(field):
    """Return whether a field has a label of its own, not the one that Odoo makes of its name."""
    name = re.sub(r"_ids?$", "", field.name)
    return field.string != name.replace("_", " ").title()

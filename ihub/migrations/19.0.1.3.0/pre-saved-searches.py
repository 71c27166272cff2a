"""Let saved searches for groups of badges find the badges: one counts for itself now."""

import ast

GROUPS = {
    "failed": ["failed", "run_failed", "with_errors"],
    "blocked": ["type_missing", "blocked"],
    "late": ["no_worker", "stuck", "late"],
    "repair": ["to_repair"],
    "retrying": ["interrupted", "retrying"],
    "working": ["stopping", "catching_up", "working", "queued"],
    "ok": ["ok"],
    "off": ["copy", "created", "stopped"],
}
OPERATORS = {"=": "in", "!=": "not in"}


class Ungrouper(ast.NodeTransformer):
    """Name the badges of a group in the conditions of a domain."""

    def visit_condition(self, node):
        match node.elts:
            case [ast.Constant(value=str(path)), ast.Constant(value=str(operator)), value]:
                *way, name = path.split(".")
                if name == "health_group":
                    groups = [one.value for one in ast.walk(value) if isinstance(one, ast.Constant)]
                    badges = [badge for group in groups for badge in GROUPS.get(group, ())]
                    node.elts = [
                        ast.Constant(".".join([*way, "health"])),
                        ast.Constant(OPERATORS.get(operator, operator)),
                        ast.List([ast.Constant(badge) for badge in badges], ast.Load()),
                    ]
        return self.generic_visit(node)

    visit_List = visit_Tuple = visit_condition


def ungrouped(domain):
    """Return the text of a domain without groups; what is no domain stays as it is."""
    try:
        tree = Ungrouper().visit(ast.parse(domain.strip(), mode="eval"))
    except (SyntaxError, ValueError):
        return domain
    return ast.unparse(tree)


def migrate(cr, version):
    cr.execute("SELECT id, domain FROM ir_filters WHERE domain LIKE '%health_group%'")
    for id_, domain in cr.fetchall():
        cr.execute("UPDATE ir_filters SET domain = %s WHERE id = %s", (ungrouped(domain), id_))
    cr.execute("DELETE FROM ir_exports_line WHERE name LIKE '%health_group'")

"""Let what people have saved find what has another name from this version on."""

import ast
import re

WORDS = {"well": "ok", "unserved": "no_worker"}
FIELDS = {
    "condition": "health",
    "deaths": "crash_count",
    "pointer_id": "scheduled_run_id",
    "runs_by_hand": "runs_manually",
}


class Renamer(ast.NodeTransformer):
    """Rename fields and their values in the conditions of a domain."""

    def visit_condition(self, node):
        match node.elts:
            case [ast.Constant(value=str(path)), ast.Constant(), value]:
                *way, name = path.split(".")
                if name == "condition":
                    for constant in ast.walk(value):
                        if isinstance(constant, ast.Constant):
                            constant.value = WORDS.get(constant.value, constant.value)
                elif name == "is_late":
                    operator = "=" if self.is_true(node) else "!="
                    node.elts[1:] = ast.Constant(operator), ast.Constant("late")
                    name = "health_group"
                node.elts[0] = ast.Constant(".".join([*way, FIELDS.get(name, name)]))
        return self.generic_visit(node)

    visit_List = visit_Tuple = visit_condition

    @staticmethod
    def is_true(node):
        """Return whether a condition on a boolean wants it to be set."""
        __, operator, value = (ast.literal_eval(part) for part in node.elts)
        wants = True in value if isinstance(value, list | tuple) else bool(value)
        return wants == (operator in ("=", "in"))


def renamed(domain):
    """Return the text of a domain with the new names; what is no domain stays as it is."""
    try:
        tree = ast.parse(domain.strip(), mode="eval")
        before = ast.dump(tree)
        after = Renamer().visit(tree)
    except (SyntaxError, ValueError):
        return domain
    return domain if ast.dump(after) == before else ast.unparse(after)


def migrate(cr, version):
    cr.execute("SELECT DISTINCT integration_type FROM ihub_integration")
    models = ["ihub.integration", "ihub.run", "ihub.event", *(name for (name,) in cr.fetchall())]
    cr.execute("SELECT id, domain, sort FROM ir_filters WHERE model_id = ANY(%s)", (models,))
    for id_, domain, sort in cr.fetchall():
        cr.execute(
            "UPDATE ir_filters SET domain = %s, sort = %s WHERE id = %s",
            (renamed(domain), re.sub(r'"condition\b', '"health', sort), id_),
        )
    for old, new in FIELDS.items():
        cr.execute(
            """UPDATE ir_exports_line l SET name = %s FROM ir_exports e
                WHERE e.id = l.export_id AND l.name = %s AND e.resource = ANY(%s)""",
            (new, old, models),
        )

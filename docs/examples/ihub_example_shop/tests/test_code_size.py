"""The type is short: that is what the example is there to show."""

import ast
from pathlib import Path

from odoo.tests import BaseCase, tagged

TYPE = Path(__file__).parents[1] / "models" / "example_shop.py"
LIMIT = 40


@tagged("post_install", "-at_install")
class TestCodeSize(BaseCase):
    def test_the_code_of_the_type(self):
        self.assertLessEqual(len(lines_of_code(TYPE.read_text())), LIMIT)

    def test_what_is_no_code_is_not_counted(self):
        text = '"""What\n\nit is."""\n\n# Why.\nx = (\n    1,  # one\n)\n\ndef f():\n    "What."\n'
        self.assertEqual(lines_of_code(text), {6, 7, 8, 10})


def lines_of_code(text):
    """Return the numbers of the lines that are neither blank, comment nor docstring."""
    lines = enumerate(text.splitlines(), 1)
    code = {number for number, line in lines if line.strip() and not line.strip().startswith("#")}
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node):
            code -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return code

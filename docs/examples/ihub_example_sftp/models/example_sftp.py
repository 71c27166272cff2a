import csv
from datetime import timedelta
from io import StringIO

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

from odoo.addons.ihub.lib import ihub_fields

from ..lib.sftp import Folder

_lt = LazyTranslate(__name__)

COLUMNS = {"sku", "quantity"}


class ExampleSftp(models.Model):
    """Stock levels from CSV files: each file once, in the night after it was written.

    A file belongs to the window in which it was last changed. So it is found again when that
    window is repeated, and there is no list of files to keep. Whoever sends it must not give it an
    earlier time, as ``scp -p`` and ``rsync -t`` do: keep the names that were done with
    ``set_state`` then.
    """

    _name = "example.sftp"
    _inherit = "ihub.abstract_integration"
    _description = "Example: Stock Levels over SFTP"

    description = _lt("<p>Imports the stock levels of a warehouse from CSV files, each night.</p>")
    item_fields = {"quantity": _lt("Quantity")}
    item_columns = {"file": _lt("File"), "line": _lt("Line")}

    # A file that is still being written will have changed later, and belongs to the next night.
    delay = timedelta(minutes=10)

    host = fields.Char("Server", required=True)
    port = fields.Integer(default=22, required=True)
    folder = fields.Char(default="/", required=True)
    user_name = fields.Char("User", required=True)
    # One of the two.
    password = ihub_fields.Secret()
    private_key = ihub_fields.Secret("Private Key")
    host_key = fields.Text(
        required=True,
        help="Who the server must be: the lines that “ssh-keyscan -p PORT SERVER” prints. Compare "
        "them with what whoever runs the server says.",
    )

    def run_from_to(self, _from, _to):
        self.process_each(
            self._lines(_from, _to),
            self._import_line,
            key="sku",
            name="sku",
            kind="stock level",
            version="changed",
        )

    def check_connection(self):
        files = self._folder().files()
        return self.env._("There are %(count)s CSV files in the folder.", count=len(files))

    def _folder(self):
        # It may run as an operator, who does not see these settings.
        own = self.sudo()
        return Folder(
            own.host,
            own.port,
            own.folder,
            own.user_name,
            own.host_key,
            own.password,
            own.private_key,
        )

    def _lines(self, _from, _to):
        """Yield the lines of all files that were changed in a window, the oldest first."""
        for file, content in self._folder().contents(_from, _to):
            rows = self._rows(file.name, content)
            for row in rows:
                yield {
                    **row,
                    "file": file.name,
                    "line": rows.line_num,
                    "changed": file.changed.isoformat(),
                }

    def _rows(self, name, content):
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(
                self.env._("The file %(name)s is not in UTF-8. Ask who sends it.", name=name)
            ) from error
        # Strict: a quote that is not closed would swallow the lines after it.
        rows = csv.DictReader(StringIO(text, newline=""), restkey="more", strict=True)
        if missing := COLUMNS - set(rows.fieldnames or ()):
            raise UserError(
                self.env._(
                    "The file %(name)s has no column %(column)s. Ask who sends it.",
                    name=name,
                    column=min(missing),
                )
            )
        return rows

    def _import_line(self, data, item):
        quantity = str(data["quantity"] or "").strip()
        if not quantity.isdecimal():
            raise UserError(self.env._("“%(quantity)s” is not a whole number.", quantity=quantity))
        values = {"sku": data["sku"], "quantity": int(quantity)}
        level = item.record or self.env["example.stock.level"].create(values)
        level.write(values)
        item.bind(level)

    @api.model
    def _default_schedule(self):
        return {"interval_number": 1, "interval_type": "days", "time_of_day": 3}

from odoo import fields, models
from odoo.tools import LazyTranslate

from odoo.addons.ihub.lib import ihub_fields
from odoo.addons.ihub.lib.exceptions import RetryableError
from odoo.addons.ihub.lib.rest_client import RestClient

_lt = LazyTranslate(__name__)

SECONDS = 5


class IhubIntegrationDemoUnreachable(models.Model):
    """Shows what becomes of a server that does not answer: it is asked again, ever less often."""

    _name = "ihub.integration.demo.unreachable"
    _inherit = "ihub.abstract_integration"
    _description = "Demo: Unreachable Server"

    description = _lt(
        "<div>Asks a server for its data, and does nothing with the response. As long as the "
        "<b>server does not respond</b>, each run fails and is retried automatically. Enter the "
        "address of a server that does, and it works.</div>"
    )

    # Nothing listens on the port for discarding what is sent. An address may hold a password, which
    # is not for those who only operate.
    address = fields.Char(
        required=True,
        groups="ihub.group_manager",
        default="http://127.0.0.1:9/",
        help="The address of the server, including http://.",
    )

    token = ihub_fields.Secret("Access Token", help="Sent to the server, if it asks for one.")

    def run_from_to(self, _from, _to):
        self.ihub_info(summary=self.check_connection())

    def check_connection(self):
        try:
            with self._client() as client:
                client.get()
        except RetryableError as error:
            raise RetryableError(self._no_answer(), delay=error.delay) from error
        return self.env._("The server %(server)s responded.", server=client.server)

    def _client(self):
        # The user that it runs as need not be one who may read the address.
        settings = self.sudo()
        return RestClient(
            settings.address,
            token=settings.token or None,
            connect_timeout=SECONDS,
            read_timeout=SECONDS,
            deadline=SECONDS,
        )

    def _no_answer(self):
        # Not the address: what stands in front of the server's name may be a password.
        return self.env._("The server %(server)s does not respond.", server=self._client().server)

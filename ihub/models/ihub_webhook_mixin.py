import json
import secrets as random
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, http, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date
from werkzeug.datastructures import Headers

from ..core.text import clean
from ..engine import message_store, receiver
from ..engine.receiver import SECRET, SECRET_BEFORE

PATH = "/ihub/in/"
# Hours for which the secret before stays valid, unless people say otherwise.
OVERLAP = 24
# Days of which the page tells what was refused.
SHOWN_DAYS = 7
# So many waiting messages are counted.
COUNT_LIMIT = 10_000


class IhubWebhookMixin(models.AbstractModel):
    """What comes in: the address and the secret of a webhook, and what came of it."""

    _name = "ihub.webhook.mixin"
    _description = "Webhook of an Integration"

    webhook_token = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    webhook_secret_until = fields.Datetime(
        "Previous Webhook Secret Valid Until",
        readonly=True,
        copy=False,
        groups="ihub.group_manager",
    )
    has_webhook = fields.Boolean(compute="_compute_has_webhook")
    webhook_address = fields.Char(
        compute="_compute_webhook",
        groups="ihub.group_manager",
        help="Enter this address in the other system, as the place to send its messages to.",
    )
    has_webhook_secret = fields.Boolean(
        "Webhook Secret Is Set", compute="_compute_webhook", groups="ihub.group_manager"
    )
    message_date = fields.Datetime("Last Message Received", compute="_compute_messages")
    waiting_messages = fields.Integer(compute="_compute_messages")
    refused_messages = fields.Text(compute="_compute_messages")
    missed_messages = fields.Text("Lost Messages", compute="_compute_messages")

    # --- What a type takes ---

    @api.model
    def _webhook_of_type(self, name):
        """Return the :class:`Webhook` of the type ``name``; None where it takes no messages."""
        model = self._type_model(name)
        if model is None or self._faults_of_type(name):
            return None
        return self._type_flag(model, "webhook")

    def _webhook(self):
        """Return the :class:`Webhook` of this integration, or None."""
        return self._webhook_of_type(self.integration_type)

    def _receiving_webhook(self):
        """Return the :class:`Webhook` of this integration.

        :raise UserError: there is none, or none any more: the page is older than the type
        """
        webhook = self._webhook()
        if webhook is None:
            raise UserError(
                self.env._("%(name)s receives no messages. Reload the page.", name=self.name)
            )
        return webhook

    @api.depends("integration_type")
    def _compute_has_webhook(self):
        for name, integrations in self.grouped("integration_type").items():
            integrations.has_webhook = bool(self._webhook_of_type(name))

    # --- The page ---

    @api.depends("integration_type", "webhook_token")
    def _compute_webhook(self):
        # Nobody has access to the table of secrets; whether there is one is for managers.
        shown = self.env["ihub.secret"].sudo()._shown(self._origin.ids, SECRET)
        for integration in self:
            token = integration.sudo().webhook_token
            integration.webhook_address = token and integration._address(token)
            integration.has_webhook_secret = integration._origin.id in shown

    def _address(self, token):
        """Return where messages are sent; with the database where the server has several."""
        base = self.get_base_url()
        several = len(http.db_list(force=True, host=urlsplit(base).netloc)) != 1
        return f"{base}{PATH}{token}" + (f"?db={self.env.cr.dbname}" if several else "")

    def _compute_messages(self):
        for integration in self:
            has_webhook = integration.has_webhook
            integration.message_date = has_webhook and integration._last_received()
            integration.waiting_messages = has_webhook and message_store.count_waiting(
                self.env.cr, integration._origin.id, COUNT_LIMIT
            )
            counts = integration._message_counts() if has_webhook else ()
            missed = [count for count in counts if count.cause == "missed"]
            integration.missed_messages = "\n".join(map(integration._missed_line, missed))
            refused = [count for count in counts if count.cause != "missed"]
            integration.refused_messages = "\n".join(map(integration._refused_line, refused))

    def _last_received(self):
        rows = self.env.execute_query(
            SQL(
                "SELECT max(received_at) FROM ihub_message WHERE integration_id = %s",
                self._origin.id,
            )
        )
        return rows[0][0] or False

    def _message_counts(self):
        since = fields.Date.today() - timedelta(days=SHOWN_DAYS)
        # Nobody has rights on it: the page says what it counts.
        counts = self.env["ihub.message.count"].sudo()
        return counts.search([("integration_id", "=", self._origin.id), ("day", ">", since)])

    def _missed_line(self, count):
        return self.env._(
            "%(day)s: %(count)s (all made up for by the schedule)",
            day=format_date(self.env, count.day),
            count=count.number,
        )

    def _refused_line(self, count):
        causes = dict(count._fields["cause"]._description_selection(self.env))
        return self.env._(
            "%(day)s: %(count)s (%(cause)s)",
            day=format_date(self.env, count.day),
            count=count.number,
            cause=causes[count.cause],
        )

    # --- The secret ---

    def action_webhook_secret(self):
        """Return the dialog that sets the secret, or replaces it.

        :raise AccessError: when the user is no manager
        :raise UserError: there is no webhook
        """
        self.ensure_one()
        self.check_access("write")
        self._receiving_webhook()
        self._ensure_webhook_token()
        return self._dialog(
            "ihub.webhook.secret",
            self.env._("Rotate Secret") if self.has_webhook_secret else self.env._("Set Secret"),
        )

    def action_send_sample(self):
        """Return the dialog that sends a message as the other system would.

        :raise AccessError: when the user is no manager
        :raise UserError: there is no webhook
        """
        self.ensure_one()
        self.check_access("write")
        self._receiving_webhook()
        return self._dialog("ihub.webhook.sample", self.env._("Send a Sample"))

    def _ensure_webhook_token(self):
        """Give it an address, which nobody can guess; it needs a lane, too."""
        integration = self.sudo()
        if not integration.webhook_token:
            integration.webhook_token = random.token_urlsafe(32)

    def _set_webhook_secret(self, secret, overlap=0):
        """Let messages be signed with ``secret`` from now on.

        :param str secret: the secret, or ``env:NAME``
        :param int overlap: hours for which the one before stays valid
        :raise UserError: it is no such secret
        """
        self.ensure_one()
        self._check_webhook_secret(secret)
        self._ensure_webhook_token()
        self.sudo()._ensure_cron()
        was_set = self._keep_secret_before(overlap)
        # Who may refer to a variable of the server is asked of the person.
        self.env["ihub.secret"].sudo(self.env.su)._keep(self.id, SECRET, secret)
        stays = was_set and overlap
        until = fields.Datetime.now() + timedelta(hours=overlap) if stays else False
        self.sudo().webhook_secret_until = until
        done = self.env._("The secret of the webhook was set.")
        if was_set:
            done = self.env._("The secret of the webhook was replaced.")
        self.message_post(body=done, subtype_xmlid="mail.mt_note")
        self.invalidate_recordset(["has_webhook_secret"])

    def _check_webhook_secret(self, secret):
        webhook = self._receiving_webhook()
        # What is kept elsewhere is checked when it is used.
        if not secret.startswith("env:") and not receiver.can_sign(webhook, secret):
            raise UserError(
                self.env._(
                    "This is not a secret of the kind that the other system uses. Copy it again, "
                    "from its first to its last character."
                )
            )

    def _keep_secret_before(self, overlap):
        """Let the secret that is set be the one before, or forget it.

        :return: whether there was one
        """
        delete = "DELETE FROM ihub_secret WHERE integration_id = %s AND name = %s"
        self.env.cr.execute(SQL(delete, self.id, SECRET_BEFORE))
        if not overlap:
            self.env.cr.execute(SQL(delete, self.id, SECRET))
        else:
            rename = "UPDATE ihub_secret SET name = %s WHERE integration_id = %s AND name = %s"
            self.env.cr.execute(SQL(rename, SECRET_BEFORE, self.id, SECRET))
        return bool(self.env.cr.rowcount)

    # --- A message of one's own ---

    def _deliver(self, body, message_id=None, headers=None):
        """Sign a message as the other system would, and receive it.

        :param bytes body: what it says
        :param str message_id: None: a new one
        :param dict headers: others than the other system would send
        :return: the HTTP status of the answer
        :raise UserError: there is no webhook, or no secret to sign it with
        """
        integration = self.sudo()
        webhook = integration._receiving_webhook()
        integration.flush_recordset()
        stored = dict(integration.env["ihub.secret"]._stored(integration.ids, SECRET))
        secret = receiver.revealed(integration.env, stored.get(integration.id))
        if not secret or not receiver.can_sign(webhook, secret):
            raise UserError(
                self.env._("Set the secret of the webhook first: press Set Secret on its page.")
            )
        message_id = message_id or f"msg_{random.token_urlsafe(16)}"
        signed = webhook.verify.sign(body, secret, fields.Datetime.now(), message_id)
        headers = Headers({**signed, **(headers or {})})
        return receiver.receive(integration.env, integration.webhook_token, headers, body)

    def _sample(self):
        """Return the text of a message to begin with: that of the last item."""
        Item = self.env["ihub.item"].sudo()
        kind = self._receiving_webhook().kind
        item = Item.search(
            [("integration_id", "=", self.id), ("kind", "=", kind), ("data", "!=", False)], limit=1
        )
        data = json.loads(item.data) if item else {}
        return clean(json.dumps(data, indent=2, ensure_ascii=False))

    # --- Lanes that nobody has woken ---

    @api.model
    def _wake_inboxes(self):
        """Wake the lanes whose messages wait although nothing calls them.

        As after the death of a process that had answered, and not yet called.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT m.integration_id FROM ihub_message m
                  JOIN ihub_integration i ON i.id = m.integration_id AND i.state = 'running'
                 WHERE m.state = 'pending' AND m.due <= %s
                """,
                fields.Datetime.now() - timedelta(seconds=30),
            )
        )
        self.browse(id_ for (id_,) in rows)._wake()

from odoo import api, fields, models

from ..engine import message_store
from ..engine.retention import BATCH, kept_days
from .ihub_fields import add_column


class IhubMessage(models.Model):
    """What another system has sent: ``engine/message_store.py``.

    Apart from the items: whoever receives a message inserts a row and waits for nobody, and one
    item may get several of them. No group has access to it: what people see is its item. The body,
    as it came, is a column without a field, and is gone when the message is done.
    """

    _name = "ihub.message"
    _description = "Received Message"
    _log_access = False
    _rec_name = "message_id"

    integration_id = fields.Many2one(
        "ihub.integration", required=True, readonly=True, ondelete="cascade"
    )
    message_id = fields.Char(
        required=True,
        readonly=True,
        help="The ID that the sender gave it: the same when it is sent again.",
    )
    key = fields.Char(readonly=True, help="The key of its item, known once the message was read.")
    state = fields.Selection(
        [("pending", "Queued"), ("done", "Done")], required=True, readonly=True, default="pending"
    )
    due = fields.Datetime(
        readonly=True,
        help="Not processed before this time. Empty: it waits behind another message of the same "
        "item.",
    )
    received_at = fields.Datetime(required=True, readonly=True)

    _message_uniq = models.UniqueIndex("(integration_id, message_id)")
    _pending_idx = models.Index("(integration_id, id) INCLUDE (due) WHERE state = 'pending'")
    # For the board: whether something waits that nobody has taken up.
    _new_idx = models.Index("(integration_id, due) WHERE state = 'pending' AND key IS NULL")
    _key_idx = models.Index("(integration_id, key) WHERE key IS NOT NULL")
    _received_idx = models.Index("(integration_id, received_at)")
    _done_idx = models.Index("(received_at) WHERE state = 'done'")

    def init(self):
        add_column(self, "body", "bytea")

    @api.autovacuum
    def _gc_done(self):
        """Forget messages that were done long ago.

        :return: number of messages; whether there are more
        """
        self.flush_model()
        days = kept_days(self.env, "ihub.keep_message_days")
        number = message_store.forget_old(self.env.cr, days, BATCH)
        self.invalidate_model()
        return number, int(number == BATCH)

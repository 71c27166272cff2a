"""What the tests of notifications have in common."""

from hub_case import HubCase
from odoo.tools.translate import code_translations


class NotifyCase(HubCase):
    """Looks at what people were told, whichever way."""

    def person(self, login, group="ihub.group_user", inbox=False, **values):
        return self._user(login, group, notification_type="inbox" if inbox else "email", **values)

    def follow(self, integration, *users):
        for user in users:
            integration.sudo().message_subscribe(user.partner_id.ids)

    def unfollow_all(self, integration):
        followers = integration.sudo().message_follower_ids.partner_id
        integration.sudo().message_unsubscribe(followers.ids)

    def mails(self, user):
        """Return the mails about integrations to a person, oldest first."""
        mails = self.env["mail.mail"].sudo()
        domain = [
            ("recipient_ids", "in", user.partner_id.ids),
            # Where its button leads.
            ("body_html", "like", "ihub_"),
        ]
        return mails.search(domain, order="id")

    def inbox(self, user):
        """Return the messages in a person's inbox, oldest first."""
        notifications = self.env["mail.notification"].sudo()
        domain = [
            ("res_partner_id", "=", user.partner_id.id),
            ("notification_type", "=", "inbox"),
        ]
        return notifications.search(domain, order="id").mail_message_id

    def activities(self, user):
        return self.env["mail.activity"].sudo().search([("user_id", "=", user.id)])

    def chatter(self, integration):
        bodies = integration.sudo().message_ids.mapped(lambda message: message.body or "")
        return "\n".join(bodies)

    def fails(self, integration, reason="The price of A1 is not a number"):
        def broken(this, _from, _to):
            raise ValueError(reason)

        with self.running_as(broken):
            integration.start()
            self.work(integration)

    def works(self, integration):
        with self.running_as(lambda this, _from, _to: None):
            integration.start()
            self.work(integration)

    def translate_code(self, source, translation):
        known = code_translations.get_python_translations("ihub", "fr_FR")
        self.patch(
            code_translations,
            "python_translations",
            {
                **code_translations.python_translations,
                ("ihub", "fr_FR"): {**known, source: translation},
            },
        )

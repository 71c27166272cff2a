from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError


class IhubIntegration(models.Model):
    """As whom an integration works, in which company, and who may say so.

    Nobody has work done with rights, or in a company, that they do not have themselves: asked of
    whoever says as whom or where it works, when they say it. Who may administer the database has
    all rights. Operators may press the buttons of what a manager has set up: that is what they
    are for. What the user in *Runs as* loses later, the integration loses, too: it cannot run.
    """

    _inherit = "ihub.integration"  # pylint: disable=consider-merging-classes-inherited

    # An integration without a company that does not do so has lost its own: nobody sees it but
    # who may administer the database, and it cannot run.
    serves_all_companies = fields.Boolean(
        readonly=True, copy=False, help="Its type deals with several companies by itself."
    )

    # --- Constraints ---

    @api.constrains("company_id", "integration_type", "serves_all_companies")
    def _check_company_is_set(self):
        for integration in self:
            if integration._lacks_company():
                raise ValidationError(
                    self.env._(
                        "Choose the company in which %(name)s runs: this type of integration "
                        "works for one company at a time.",
                        name=integration.name,
                    )
                )

    # --- CRUD ---

    @api.model_create_multi
    def create(self, vals_list):
        integrations = super().create(vals_list)
        for integration in integrations.sudo():
            self._check_writer_has_rights(
                integration.name, integration.run_as_id, integration.company_id
            )
        return integrations

    def write(self, vals):
        # First: a refusal names the integration.
        self.check_access("write")
        # Before anything is written: code that goes on after the refusal must not keep it.
        for integration in self.sudo() if {"run_as_id", "company_id"} & vals.keys() else ():
            old = integration.run_as_id, integration.company_id
            user, company = (
                integration._said(vals, "run_as_id"),
                integration._said(vals, "company_id"),
            )
            if (user, company) != old:
                self._check_writer_has_rights(integration.name, user, company)
        return super().write(vals)

    def _said(self, vals, name):
        """Return the record to which a field refers once ``vals`` are written."""
        field = self._fields[name]
        if name not in vals:
            return self[name]
        return field.convert_to_record(field.convert_to_cache(vals[name], self), self)

    # --- Who may say so ---

    @api.model
    def _check_writer_has_rights(self, name, user, company):
        """Refuse what would do work that whoever sets it up could not do.

        Trusted code may do so, one step after the other: it cannot run then, and says why.

        :param str name: of the integration
        :param user: the ``res.users`` as whom it would run
        :param company: the ``res.company`` in which it would work; empty: in those of the user
        :raise AccessError: in words that say what to choose instead
        :raise ValidationError: when the user does not belong to the company either
        """
        if self.env.su:
            return
        writer = self.env.user
        if company - writer.sudo().company_ids:
            raise AccessError(
                self.env._(
                    "You do not belong to the company in which %(name)s would work. "
                    "Choose one of yours.",
                    name=name,
                )
            )
        if user and not user.has_no_more_rights_than(writer):
            raise AccessError(
                self.env._(
                    "The user as whom %(name)s would run has rights that you do not have. "
                    "Choose yourself in the field 'Runs as', or ask an administrator.",
                    name=name,
                )
            )
        if _is_outside(user, company):
            raise ValidationError(self._outside_company_text(name, user, company))

    # --- Whether it can work ---

    def _is_lost(self):
        """Return whether it has lost its company: then nobody can say whose it is."""
        return not self.company_id and not self.serves_all_companies

    def _lacks_company(self):
        """Return whether it has no company, and does not serve all of them either."""
        return self._is_lost() or (self.needs_company and not self.company_id)

    @api.model
    def _outside_company_text(self, name, user, company):
        return self.env._(
            "%(user)s, as whom %(name)s runs, does not belong to its company %(company)s. Choose "
            "another user in the field 'Runs as', or add this one to the company.",
            user=user.name,
            name=name,
            company=company.name,
        )

    def _rights_obstacle(self):
        """Return one sentence on what it has no right to any more, or an empty string."""
        if self._lacks_company():
            return self.env._(
                "%(name)s has no company, and its type works for one company at a time. "
                "Choose the company in which it works.",
                name=self.name,
            )
        user = self.run_as_id
        if _is_outside(user, self.company_id):
            return self._outside_company_text(self.name, user, self.company_id)
        if not (user._is_superuser() or user.has_group("ihub.group_user")):
            return self.env._(
                "%(user)s, as whom %(name)s runs, is not a user of the Integration Hub any more. "
                "Choose another user in the field 'Runs as', or add this one to the group.",
                user=user.name,
                name=self.name,
            )
        return ""

    def _work_companies(self):
        """Return the companies in which its code works; its user belongs to each of them.

        :raise UserError: when there is none
        """
        if problem := self._rights_obstacle():
            raise UserError(problem)
        user = self.run_as_id
        return self.company_id or (user.company_id | user.company_ids).filtered("active")


def _is_outside(user, company):
    """Return whether ``user`` does not belong to ``company``."""
    user = user.sudo()
    if not company or not user or user._is_superuser():
        return False
    # Odoo remembers the first; it knows nothing of companies that are archived.
    return company.id not in user._get_company_ids() and company not in user.company_ids

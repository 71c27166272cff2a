import math
from collections import Counter

from odoo import api, models


class ResCurrencyRate(models.Model):
    _inherit = "res.currency.rate"

    @api.model
    def _ihub_set_rates(self, company, rates_by_day):
        """Make the stored rates of a company equal to the given ones; leave all others alone.

        What is stored already is not written again.

        :param company: the main company whose rates these are
        :param dict rates_by_day: ``{date: {res.currency: rate}}``, rates as units of the currency
            for one unit of the company's
        :return: a Counter of ``created``, ``changed`` and ``unchanged`` rates
        """
        stored = self._ihub_stored_rates(company, rates_by_day)
        missing, count = [], Counter()
        for day, rates in rates_by_day.items():
            for currency, rate in rates.items():
                record = stored.get((day, currency.id))
                if record is None:
                    values = {"name": day, "currency_id": currency.id, "rate": rate}
                    missing.append({**values, "company_id": company.id})
                elif math.isclose(record.rate, rate, rel_tol=1e-9):
                    count["unchanged"] += 1
                else:
                    record.rate = rate
                    count["changed"] += 1
        count["created"] = len(self.create(missing))
        return count

    @api.model
    def _ihub_stored_rates(self, company, rates_by_day):
        currencies = {currency.id for rates in rates_by_day.values() for currency in rates}
        domain = [
            ("company_id", "=", company.id),
            ("currency_id", "in", list(currencies)),
            ("name", "in", list(rates_by_day)),
        ]
        records = self.search_fetch(domain, ["name", "currency_id", "rate"])
        return {(record.name, record.currency_id.id): record for record in records}

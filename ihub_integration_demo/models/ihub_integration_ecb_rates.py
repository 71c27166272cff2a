from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import LazyTranslate, split_every

from odoo.addons.ihub.core.schedule import find_zone
from odoo.addons.ihub.lib import rest_client
from odoo.addons.ihub.lib.exceptions import IntegrationError, RetryableError

from ..lib import ecb

_lt = LazyTranslate(__name__)

DAYS_PER_STEP = 50


class IhubIntegrationEcbRates(models.Model):
    """Fetches the European Central Bank's reference rates.

    A window gets the rates of all days in Frankfurt that it touches. Windows that meet within a day
    thus both have it, and the second takes over what the bank has corrected meanwhile. Fetching a
    day again changes nothing else.

    A window is not done before the rates are there that are to be published within it.
    """

    _name = "ihub.integration.ecb.rates"
    _inherit = "ihub.abstract_integration"
    _description = "ECB Exchange Rates"

    is_job = True
    is_manually_runnable = True
    has_time_period = True
    is_multi_company_compatible = False
    is_singleton = False
    delay = timedelta(minutes=5)

    description = _lt(
        "<div>Fetches the <b>euro reference exchange rates</b> that the European Central Bank "
        "publishes on working days around 16:00 in Frankfurt, and enters them as the rates of "
        "your currencies.<ul><li>It fills in the days of the period that is run: to get older "
        "rates, run it manually with a longer period. There are rates since 4 January "
        "1999.</li><li>If the bank is late, the run is retried until the rates are "
        "available.</li><li>Only currencies that are active in Odoo get rates.</li><li>If your "
        "company's currency is not the euro, the rates are converted.</li><li>Weekends and the "
        "bank's holidays have no rates: Odoo then uses the last rate before them.</li></ul></div>"
    )

    # It may hold a password, which is not for those who only operate.
    address = fields.Char(
        required=True,
        groups="ihub.group_manager",
        default="https://www.ecb.europa.eu/stats/eurofxref/",
        help="Where the bank publishes its files. Change it only if the bank moves them.",
    )
    timeout = fields.Integer(
        required=True,
        default=30,
        help="Seconds to wait for the bank's server before giving up.",
    )

    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    currency_ids = fields.Many2many(
        "res.currency",
        string="Currencies to Fetch",
        compute="_compute_currency_ids",
        help="The active currencies other than the company's own: these get rates.",
    )

    _timeout_positive = models.Constraint(
        "CHECK(timeout > 0)", "The timeout must be at least one second."
    )

    @api.depends("company_id.currency_id")
    def _compute_currency_ids(self):
        for record in self:
            record.currency_ids = record._currencies()

    @api.constrains("address")
    def _check_address(self):
        for record in self:
            if not (record.address or "").strip().startswith(("http://", "https://")):
                raise ValidationError(
                    self.env._("The address must begin with https:// (or http://).")
                )

    @api.model
    @api.private
    def _default_schedule(self):
        return {
            "interval_number": 1,
            "interval_type": "days",
            "time_of_day": 17.0,
            "tz": "Europe/Berlin",
        }

    # --- The work ---

    def run_from_to(self, _from, _to):
        zone = find_zone(ecb.FRANKFURT)
        period = ecb.days_touched(_from, _to, zone)
        if not period:
            self.ihub_info(summary=self._nothing_to_do())
            return
        currencies = self._currencies()
        if not currencies:
            self._refuse(self._no_currencies())
        first, last = period
        feed = self._fetch(first, zone)
        published = [day for day in feed if first <= day.day <= last]
        if published:
            self._warn_of_unpublished(currencies, published)
            count = self._store(self._converted(published), currencies)
        missing = ecb.first_missing(_from, _to, feed[-1].day, zone)
        if missing:
            delay = ecb.wait_for(missing, fields.Datetime.now(), zone)
            raise RetryableError(self._not_published(missing), delay=delay)
        self.ihub_info(
            summary=self._result(first, last, count) if published else self._no_rates(first, last)
        )

    def _company(self):
        return self.company_id or self.env.company

    def _currencies(self):
        """Return the active currencies beside the company's own."""
        own = self._company().currency_id
        return self.env["res.currency"].search([("id", "!=", own.id)])

    def _converted(self, published):
        """Return ``[(date, {currency code: units for one of the company's currency})]``.

        :raise IntegrationError: the bank does not publish the company's currency
        """
        base = self._company().currency_id.name
        converted = [(day.day, day.relative_to(base)) for day in published]
        without = [day for day, rates in converted if rates is None]
        if len(without) == len(converted):
            self._refuse(self._no_base_rate(base))
        if without:
            self.ihub_warning(
                summary=self._some_base_rates_missing(base, without),
                details="\n".join(map(str, without)),
            )
        return [(day, rates) for day, rates in converted if rates is not None]

    def _store(self, converted, currencies):
        """Write the rates, a number of days at a time; return what was done as a Counter."""
        # The own currency gets its 1.0 as well: Odoo divides by it, and it may have another rate.
        company = self._company().sudo().root_id
        wanted = currencies | self._company().currency_id
        # Who may set up this integration decides that rates are written: the user that it runs as
        # need not have the right to edit rates manually.
        Rate = self.env["res.currency.rate"].sudo()
        total, done, count = len(converted), 0, Counter()
        for days in split_every(DAYS_PER_STEP, converted):
            count += Rate._ihub_set_rates(
                company,
                {day: {c: rates[c.name] for c in wanted if c.name in rates} for day, rates in days},
            )
            done += len(days)
            self.checkpoint(processed=done, total=total)
        return count

    # --- Fetching ---

    def _fetch(self, first, zone):
        """Return the ``DayRates`` of the feed that reaches back to the day ``first``."""
        feed = ecb.feed_reaching(first, ecb.local_day(fields.Datetime.now(), zone))
        try:
            with self._client() as client:
                return ecb.parse(client.get(feed).body)
        except RetryableError as exc:
            raise RetryableError(self._explain_unreachable(exc), delay=exc.delay) from exc
        except rest_client.AnswerTooLarge as exc:
            self._refuse(self._too_large(feed), details=str(exc))
        except (rest_client.AnswerUnusable, rest_client.RedirectRefused) as exc:
            raise RetryableError(self._not_a_feed(feed)) from exc
        except IntegrationError as exc:
            self._refuse(self._explain_refusal(exc, feed), details=str(exc))
        except ecb.HostileFeed as exc:
            self._refuse(self._hostile(feed), details=str(exc))
        except ecb.FeedError as exc:
            # A server under maintenance sends such things for a while.
            raise RetryableError(self._explain_content(exc, feed)) from exc

    def _client(self):
        return rest_client.RestClient(
            self._base_address(),
            connect_timeout=self.timeout,
            read_timeout=self.timeout,
            deadline=self.timeout * 10,
            max_bytes=ecb.MAX_BYTES,
        )

    def _base_address(self):
        """Return the address without the name of a file, which people may have copied too."""
        # The user that it runs as need not be one who may read the address.
        address = self.sudo().address.strip()
        return address.rpartition("/")[0] if address.endswith(".xml") else address

    def _server(self):
        return self._client().server

    def _refuse(self, summary, details=None):
        self.ihub_error(summary=summary, details=details, integration=self, raised=True)

    # --- Texts ---

    def _nothing_to_do(self):
        return self.env._("The period is empty, so there was nothing to fetch.")

    def _no_currencies(self):
        return self.env._(
            "No currency other than the company's own is active, so there are no rates to fetch. "
            "Activate the currencies that you use, then press Start."
        )

    def _no_rates(self, first, last):
        return self.env._(
            "The European Central Bank has published no rates for %(days)s, and none are missing: "
            "it publishes them on its working days only, around 16:00 in Frankfurt.",
            days=self._period_text(first, last),
        )

    def _not_published(self, day):
        return self.env._(
            "The European Central Bank has not published the rates for %(day)s yet. It does so "
            "around 16:00 in Frankfurt, sometimes later. The rates published so far were "
            "entered; run this again later for the rest.",
            day=day,
        )

    def _result(self, first, last, count):
        return self.env._(
            "Exchange rates for %(days)s: %(created)s new, %(changed)s changed, %(unchanged)s "
            "unchanged.",
            days=self._period_text(first, last),
            created=count["created"],
            changed=count["changed"],
            unchanged=count["unchanged"],
        )

    def _period_text(self, first, last):
        return str(first) if first == last else f"{first} – {last}"

    def _warn_of_unpublished(self, currencies, published):
        known = {ecb.EURO}.union(*(day.rates for day in published))
        unknown = sorted(set(currencies.mapped("name")) - known)
        if unknown:
            self.ihub_warning(
                summary=self.env._(
                    "The European Central Bank publishes no rate for %(currencies)s. Enter the "
                    "rates of these currencies manually, or deactivate those that you do not use.",
                    currencies=", ".join(unknown),
                )
            )

    def _no_base_rate(self, base):
        return self.env._(
            "The European Central Bank publishes no rate for %(currency)s, the currency of "
            "%(company)s, in this period. Without it no other rate can be converted, so none was "
            "entered. Enter the rates manually, or use another source.",
            currency=base,
            company=self._company().name,
        )

    def _some_base_rates_missing(self, base, days):
        if len(days) == 1:
            return self.env._(
                "On one day of this period the European Central Bank published no rate for "
                "%(currency)s, the company's currency, so no rate was entered for it.",
                currency=base,
            )
        return self.env._(
            "On %(count)s days of this period the European Central Bank published no rate for "
            "%(currency)s, the company's currency, so no rate was entered for them.",
            count=len(days),
            currency=base,
        )

    def _explain_unreachable(self, exc):
        server = self._server()
        if isinstance(exc, rest_client.ServerTimeout):
            return self.env._(
                "The server %(server)s, where the exchange rates come from, did not respond "
                "within %(seconds)s s. If this happens often, increase the timeout in the "
                "settings.",
                server=server,
                seconds=self.timeout,
            )
        if isinstance(exc, rest_client.ServerBusy):
            return self.env._(
                "The server %(server)s, where the exchange rates come from, is down or "
                "overloaded (HTTP %(status)s). Such problems usually resolve themselves.",
                server=server,
                status=exc.status,
            )
        return self.env._(
            "The server %(server)s, where the exchange rates come from, could not be reached. "
            "Check the internet connection, and the address in the settings.",
            server=server,
        )

    def _explain_refusal(self, exc, feed):
        if getattr(exc, "status", None) in (404, 410):
            return self.env._(
                "The server %(server)s has no file %(file)s at the address in the settings. "
                "Correct the address, then press Start.",
                server=self._server(),
                file=feed,
            )
        return self.env._(
            "The server %(server)s did not provide the file %(file)s. Check the address in the "
            "settings, then press Start.",
            server=self._server(),
            file=feed,
        )

    def _explain_content(self, exc, feed):
        if isinstance(exc, ecb.NotAFeed):
            return self._not_a_feed(feed)
        return self.env._(
            "The file %(file)s from %(server)s is damaged. None of it was used, so no wrong rate "
            "was entered. Run this again later.",
            server=self._server(),
            file=feed,
        )

    def _hostile(self, feed):
        return self.env._(
            "The file %(file)s from %(server)s contains parts that do not belong in a list of "
            "exchange rates and may be an attack. None of it was used. Check the address in the "
            "settings.",
            server=self._server(),
            file=feed,
        )

    def _too_large(self, feed):
        return self.env._(
            "What %(server)s sent as %(file)s is not a list of exchange rates: it is far too "
            "large. Correct the address in the settings, then press Start.",
            server=self._server(),
            file=feed,
        )

    def _not_a_feed(self, feed):
        return self.env._(
            "What %(server)s sent as %(file)s is not a list of exchange rates, but a web page, "
            "nothing at all, or something else, as happens during maintenance. If this "
            "continues, correct the address in the settings, then press Start.",
            server=self._server(),
            file=feed,
        )

"""What monitoring reads: whether the hub works, and its figures."""

from odoo.http import Controller, request, route

OPTIONS = {
    "type": "http",
    "auth": "bearer",
    "methods": ["GET"],
    "save_session": False,
    # A replica does not know which runs are alive.
    "readonly": False,
}
NOT_KEPT = ("Cache-Control", "no-store")
PROMETHEUS = ("Content-Type", "text/plain; version=0.0.4; charset=utf-8")


class Monitoring(Controller):
    """Each answers whoever has an API key of a user of the hub: ``Authorization: Bearer …``.

    Of what that user sees; a session serves as well.
    """

    @route("/ihub/health", **OPTIONS)
    def health(self):
        """Return how the hub is, as JSON: HTTP 200, or 503 where nothing takes up what is due."""
        health = request.env["ihub.integration"].check_health()
        status = 503 if health["status"] == "fail" else 200
        return request.make_json_response(health, [NOT_KEPT], status=status)

    @route("/ihub/metrics", **OPTIONS)
    def metrics(self):
        """Return figures as Prometheus reads them."""
        figures = request.env["ihub.integration"].metrics()
        return request.make_response(figures, [PROMETHEUS, NOT_KEPT])

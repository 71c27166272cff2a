"""One event in memory, before it is a row of ``ihub.event``."""

from dataclasses import dataclass

# The company is looked up when the event is written.
UNKNOWN = object()


@dataclass(slots=True)
class Event:
    """What was reported. ``summary`` and ``details`` are still unmasked: never log or show them."""

    position: int  # among the events of its cursor
    moment: float  # seconds since the epoch
    level: str
    summary: str | None
    details: str | None
    res_model: str | None
    res_id: int | None
    related_name: str | None
    integration_id: int | None
    run_id: int | None  # only if the event is about the integration that runs
    executing_run_id: int | None
    company_id: int | None
    user_id: int | None
    undone: bool = False

    @property
    def size(self):
        """Return the number of characters of its texts."""
        return len(self.summary or "") + len(self.details or "")

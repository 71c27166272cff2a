"""What starts a run: the values of its field ``trigger``, and what follows from them."""

# Which queued run begins first. Operators wait for what they asked for; a backfill must not hold up
# the schedule.
ORDER = ("manual", "items", "webhook", "code", "schedule", "backfill")
# What nobody has asked for in person: it waits while the integration is off.
BY_ITSELF = ("webhook", "code", "schedule")
# What the integration does as long as it is on, and begins again by itself: where one of these
# fails for good, the integration has failed.
ONGOING = ("webhook", "schedule")
# What may come again and again: all others have their turn in between.
INCESSANT = ("webhook", "code")

"""For how many days things are kept: the system parameters that administrators may set.

Deleted is each night, by methods ``_gc_…`` of the models.
"""

# Days, where a parameter holds none; None: for ever.
DEFAULTS = {
    "ihub.keep_info_days": 30,
    "ihub.keep_warning_days": 90,
    "ihub.keep_error_days": 365,
    # Manual runs; scheduled ones are made one for each day then, and kept for their own time.
    "ihub.keep_run_days": 90,
    "ihub.keep_schedule_days": None,
    # The data of an item that is done, and the request for which a run has failed.
    "ihub.keep_item_data_days": 30,
    # It is known what was received: for so long the same message twice is one.
    "ihub.keep_message_days": 30,
}
# Of which 0 days mean: not at all. Of others they mean the default.
MAY_BE_NONE = {"ihub.keep_item_data_days"}
# A hundred years of days: what is before that, databases cannot always reckon.
LONGEST = 36_525
# Rows that are deleted, or emptied, by one query.
BATCH = 5_000


def kept_days(env, parameter):
    """Return for how many days something is kept, or None where it is for ever.

    :param str parameter: one of :data:`DEFAULTS`
    """
    # As superuser: parameters belong to administrators, whoever cleans up.
    text = str(env["ir.config_parameter"].sudo().get_param(parameter) or "").strip()
    days = min(int(text[:9]), LONGEST) if text.isdecimal() else None
    return days if days or days == 0 and parameter in MAY_BE_NONE else DEFAULTS[parameter]

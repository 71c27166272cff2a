"""For how many days things are kept: the system parameters that administrators may set.

What is older is deleted each night, by the methods ``_gc_…`` of the models.
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
# 0 means: not at all. For all others it means the default.
MAY_BE_ZERO = {"ihub.keep_item_data_days"}
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
    if not text.isdecimal():
        return DEFAULTS[parameter]
    # Of thousands of digits Python makes no number.
    days = min(int(text[:9]), LONGEST)
    return days if days or parameter in MAY_BE_ZERO else DEFAULTS[parameter]

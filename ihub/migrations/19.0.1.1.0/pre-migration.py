"""Bring numbers into the bounds that they have from this version on.

Odoo leaves a constraint out that rows break, and only says so in its log.
"""

BOUNDS = {
    "retry_limit": (0, 1_000),
    "retry_delay": (0, 525_600),
    "retry_growth": (1, 1_000),
    "retry_maximum": (1, 525_600),
    "hang_limit": (0, 525_600),
    "keep_days_info": (0, 36_525),
    "keep_days_warning": (0, 36_525),
    "keep_days_error": (0, 36_525),
}


def migrate(cr, version):
    # PostgreSQL takes NaN for greater than all other numbers, so it becomes the largest.
    for column, (least, most) in BOUNDS.items():
        cr.execute(
            f"""UPDATE ihub_integration
                   SET {column} = LEAST(GREATEST({column}, %(least)s), %(most)s)
                 WHERE NOT {column} BETWEEN %(least)s AND %(most)s""",
            {"least": least, "most": most},
        )

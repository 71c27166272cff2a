"""What schedules refuse; each error carries what a message to people needs."""


class ScheduleError(ValueError):
    """What was asked of a schedule makes no sense."""


class InvalidSchedule(ScheduleError):
    """A setting of the schedule makes no sense.

    :param str setting: the name of the parameter of :class:`Schedule`, or ``catch_up``
    :param value: what it was
    """

    def __init__(self, setting, value):
        super().__init__(f"Invalid {setting}: {value!r}")
        self.setting = setting
        self.value = value


class EmptyPeriod(ScheduleError):
    """The period does not begin before its end.

    :param datetime start: its begin, naive UTC
    :param datetime end: its end, naive UTC
    """

    def __init__(self, start, end):
        super().__init__(f"The period from {start} to {end} is empty")
        self.start = start
        self.end = end


class TooManyWindows(ScheduleError):
    """The period has more windows than allowed.

    :param int count: how many it has
    :param int limit: how many are allowed
    """

    def __init__(self, count, limit):
        super().__init__(f"{count} windows, at most {limit} are allowed")
        self.count = count
        self.limit = limit


class OutOfCalendar(ScheduleError):
    """There is no window after the last second of the year 9999.

    :param datetime moment: where the window was to begin, naive UTC
    """

    def __init__(self, moment):
        super().__init__(f"There is no window after {moment}")
        self.moment = moment


class UnknownTimezone(ScheduleError):
    """The time zone does not exist on this machine.

    :param name: the name that was asked for
    """

    def __init__(self, name):
        super().__init__(f"Unknown time zone: {name!r}")
        self.name = name

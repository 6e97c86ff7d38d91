"""Whether a campaign may send at this moment: its hours and its class's, its days, holidays, its deadline.

One condition over the row of campaign ``c``, asked once for a claim and never for a message. The calendar is read only
for campaigns that keep holidays (``campaigns.delivery.hours`` says the same in Python, for what is foretold).
"""

from __future__ import annotations

_LOCAL = "(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')"
_CLOCK, _TODAY = f"{_LOCAL}::time", f"{_LOCAL}::date"
_WEEKDAY = f"extract(isodow FROM {_LOCAL})::int"


def _between(start: str, end: str) -> str:
    """Equal ends are the whole day; a later start spans midnight."""
    return f"""({start} = {end} OR CASE WHEN {start} < {end}
        THEN {_CLOCK} >= {start} AND {_CLOCK} < {end} ELSE {_CLOCK} >= {start} OR {_CLOCK} < {end} END)"""


# A day in the calendar decides by itself, holiday or worked Saturday; any other one by its place in the week.
_DAY = f"""(c.weekdays >> ({_WEEKDAY} - 1)) & 1 = 1 AND ((c.rest_days AND NOT c.skip_holidays)
    OR coalesce((SELECT h.working FROM holiday h WHERE h.day = {_TODAY}), c.rest_days OR {_WEEKDAY} < 6))"""

INSIDE_WINDOW = f"""({_between("c.window_start", "c.window_end")} AND {_between("c.class_start", "c.class_end")}
    AND {_DAY} AND (c.deadline IS NULL OR now() < c.deadline))"""
"""Whether campaign ``c`` may send now."""

"""Writes tests/fixtures/nyse_sessions.csv: the weekdays of 2000-2030 on which the NYSE is closed
or closes early, from exchange_calendars, so that src/calendar is checked against another's work.

Run from the top of the repository: pip install exchange_calendars && python tests/golden/nyse_sessions.py
"""

from datetime import time
from importlib.metadata import version
from pathlib import Path

import exchange_calendars
import pandas

FIRST, LAST = "2000-01-01", "2030-12-31"
REGULAR_OPEN, REGULAR_CLOSE, EARLY_CLOSE = time(9, 30), time(16, 0), time(13, 0)

# Without an explicit span the library stops a year from today.
calendar = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST)
opens = calendar.opens.dt.tz_convert("America/New_York").dt.time
closes = calendar.closes.dt.tz_convert("America/New_York").dt.time
assert set(opens) == {REGULAR_OPEN}, "a session opens at another time than 09:30"
assert set(closes) == {REGULAR_CLOSE, EARLY_CLOSE}, "a session closes at another time than 13:00 or 16:00"
assert all(day.weekday() < 5 for day in calendar.sessions), "a weekend day is a session"

rows = []
for day in pandas.bdate_range(FIRST, LAST):
    if day not in calendar.sessions:
        rows.append(f"{day:%Y-%m-%d},closed")
    elif closes[day] == EARLY_CLOSE:
        rows.append(f"{day:%Y-%m-%d},early")

header = f"# made by tests/golden/nyse_sessions.py with exchange_calendars {version('exchange_calendars')} (XNYS)"
target = Path(__file__).parent.parent / "fixtures" / "nyse_sessions.csv"
target.write_text("\n".join([header, "date,kind", *rows]) + "\n")

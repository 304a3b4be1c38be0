"""Writes tests/fixtures/ticks.csv: how often, and when, cron lines tick in ten years of six timezones, from
croniter and zoneinfo, so that src/schedule is checked against others' work.

croniter says which wall-clock times a line names, zoneinfo when they happen: one that comes twice at its first
coming, one that is skipped at the end of the gap. A year's instants are folded into a SHA-256 of their lines.

Run from the top of the repository: pip install croniter tzdata && python tests/golden/ticks.py
With a timezone, a line and a year it prints that year's instants instead.
"""

import hashlib
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from croniter import croniter

FIRST, LAST = 2016, 2025
ZONES = ["America/New_York", "Europe/London", "Australia/Sydney", "America/Sao_Paulo", "Asia/Kolkata", "UTC"]
LINES = [
    "30 16 * * Mon-Fri",  # the default
    "0 0 * * *",  # the hour that Sao Paulo skipped until 2018
    "30 1 * * *",  # skipped in London, twice in New York
    "30 2 * * *",  # skipped in New York and Sydney, twice in Sydney
    "*/20 0-3 * * Sun",  # all of these hours, on the very days
    "15 5 13 * Fri",  # a day of the month or a weekday
    "5 4 31 * *",
    "59 23 29 2 *",
]


def happens(wall: datetime, zone: ZoneInfo) -> datetime:
    """The one instant, in UTC, at which a wall-clock time happens."""
    while True:
        instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == wall:
            return instant
        wall += timedelta(minutes=1)


def ticks(zone_name: str, line: str) -> list[datetime]:
    zone = ZoneInfo(zone_name)
    walls = croniter(line, datetime(FIRST, 1, 1) - timedelta(days=3))
    end = datetime(LAST + 1, 1, 1) + timedelta(days=3)
    found = set()
    while (wall := walls.get_next(datetime)) < end:
        found.add(happens(wall, zone))
    return sorted(found)


def lines_of(instants: list[datetime], year: int) -> list[str]:
    return [f"{one:%Y-%m-%dT%H:%M:%SZ}\n" for one in instants if one.year == year]


if len(sys.argv) == 4:
    _, zone_name, line, year = sys.argv
    sys.stdout.writelines(lines_of(ticks(zone_name, line), int(year)))
    sys.exit()

rows = []
for zone_name in ZONES:
    for line in LINES:
        instants = ticks(zone_name, line)
        for year in range(FIRST, LAST + 1):
            told = lines_of(instants, year)
            digest = hashlib.sha256("".join(told).encode()).hexdigest()
            rows.append(f"{zone_name},{line},{year},{len(told)},{digest}")

header = f"# made by tests/golden/ticks.py with croniter {version('croniter')} and tzdata {version('tzdata')}"
target = Path(__file__).parent.parent / "fixtures" / "ticks.csv"
target.write_text("\n".join([header, "timezone,cron,year,ticks,sha256", *rows]) + "\n")

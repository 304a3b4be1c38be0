"""The reading of `benches/parse.rs` in pandas and in polars, from the same bytes to the same columns.

The session's date, four prices and the volume of every row; dates by New York for Polygon, by UTC for
Binance, whose prices are texts. pandas parses with `json.loads`; polars with its own JSON reader where
that takes the shape (rows that are objects), else with `json.loads`. Neither judges a row by itself, as
`ts` does: one odd value costs them the answer, or turns its column to text.

Usage: parse_reference.py FOLDER [repetitions], which prints one JSON object: seconds by benchmark and
library (the median), the bars that were found and the sum of their closes.
"""

import io
import json
import pathlib
import sys

import pandas as pd
import polars as pl

from timing import median_time

POLYGON = {"t": "date", "o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
MARKET = {"T": "symbol", **POLYGON}
BINANCE = ["date", "open", "high", "low", "close", "volume"]
NEW_YORK = "America/New_York"


def pandas_polygon(names):
    def read(body):
        frame = pd.DataFrame(json.loads(body)["results"])[list(names)].rename(columns=names)
        frame["date"] = pd.to_datetime(frame["date"], unit="ms", utc=True).dt.tz_convert(NEW_YORK).dt.date
        return frame

    return read


def polars_polygon(names):
    def read(body):
        frame = pl.read_json(io.BytesIO(body)).select("results").explode("results").unnest("results")
        date = pl.from_epoch("date", time_unit="ms").dt.replace_time_zone("UTC")
        frame = frame.select(list(names)).rename(names)
        return frame.with_columns(date.dt.convert_time_zone(NEW_YORK).dt.date())

    return read


def pandas_binance(body):
    frame = pd.DataFrame([row[:6] for row in json.loads(body)], columns=BINANCE)
    frame = frame.astype({name: float for name in BINANCE[1:]})
    frame["date"] = pd.to_datetime(frame["date"], unit="ms").dt.date
    return frame


def polars_binance(body):
    frame = pl.DataFrame([row[:6] for row in json.loads(body)], schema=BINANCE, orient="row")
    date = pl.from_epoch("date", time_unit="ms").dt.date()
    return frame.with_columns(pl.col(BINANCE[1:]).cast(pl.Float64), date)


READERS = {
    "polygon_range": (pandas_polygon(POLYGON), polars_polygon(POLYGON)),
    "polygon_grouped": (pandas_polygon(MARKET), polars_polygon(MARKET)),
    "binance_page": (pandas_binance, polars_binance),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    versions = f"Python {sys.version.split()[0]}, pandas {pd.__version__}, polars {pl.__version__}"
    result = {"versions": versions, "parse": {}}
    for name, readers in READERS.items():
        body = (folder / f"{name}.json").read_bytes()
        frames = [read(body) for read in readers]
        found = {f"{len(frame)} bars, closes of {frame['close'].sum():.2f}" for frame in frames}
        if len(found) != 1:
            sys.exit(f"{name}: pandas and polars disagree: {found}")
        pandas, polars = (median_time(lambda: read(body), repetitions) for read in readers)
        result["parse"][name] = {"pandas": pandas, "polars": polars, "found": found.pop()}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

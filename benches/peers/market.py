"""The market, the settings and the scripts that every program is given.

Closes are a seeded walk of each symbol's own, opens a step away from the close before; the same numbers give the
same bytes. The days are those of the exchange as `ts` knows them, so that no session is missing to its checks. One
Parquet file a symbol, which `ts` reads as its source `files` and the peers through pyarrow.
"""

import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

NOW = "2026-01-03T12:00:00Z"
SEED = 20260102
SESSIONS = 2_520

# The stop lies so far away that the mean is always under the close first, as no peer has one here.
STRATEGY = """//! Breakouts above the mean of 50 sessions, sold under it.
const META = #{ asset_class: "equity", scorer: "alike" };
const STOP_ATR_MULT = 15.0;
const MAX_ADV_FRACTION = 1.0;
fn eligible(row) { row.close > row.ma50 }
fn entry(row) { if row.close > row.highest_close_20d { return "breakout"; } }
fn exit(row, position) { if row.close < row.ma50 { return "under_mean"; } }
"""

SCORER = """//! Every signal is as good as another.
const WEIGHTS = #{ same: 1.0 };
fn same(row, signal) { 10.0 }
"""

# Every signal is bought: room for all, money for all, and units enough at any price that the walk comes to.
SETTINGS = """[universe]
equity = {universe}
crypto = []
[sources]
equity = ["files"]
[sources.files]
dir = "market"
[log]
level = "warn"
[risk]
account_equity = 1000000000.0
max_position = {position}
max_positions = {symbols}
max_exposure = 1.0
correlation_guard = false
"""


def make(folder, symbols, ts):
    """Writes a market of that many symbols, and returns its folder; one that is there already stays."""
    root = pathlib.Path(folder).resolve() / f"{symbols}x{SESSIONS}"
    made = {"symbols": symbols, "sessions": SESSIONS, "seed": SEED, "now": NOW, "numpy": np.__version__}
    note = root / "made.json"
    if not note.exists() or json.loads(note.read_text()) != made:
        shutil.rmtree(root, ignore_errors=True)
        bars = root / "market" / "equity"
        bars.mkdir(parents=True)
        days = sessions(ts)
        names = [f"S{number:05}" for number in range(symbols)]
        for number, name in enumerate(["SPY", *names]):
            pa.parquet.write_table(walk(number, days), bars / f"{name}.parquet")
        note.write_text(json.dumps(made))
    # Written each time: they are text, and may have changed since.
    names = [f"S{number:05}" for number in range(symbols)]
    settings = SETTINGS.format(universe=json.dumps(names), position=0.2 / symbols, symbols=symbols)
    for name, text in (
        ("ts.toml", settings),
        ("strategies/breakout.rhai", STRATEGY),
        ("scorers/alike.rhai", SCORER),
    ):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return root


def sessions(ts):
    """Returns the newest sessions of the exchange before `NOW`, oldest first, as `ts` knows them."""
    with tempfile.TemporaryDirectory() as folder:
        call = [ts, "--now", NOW, "fetch-data", "--source", "simulated", "--asset-class", "equity"]
        call += ["--symbols", "SPY", "--days", str(SESSIONS * 3 // 2), "--output", "bars"]
        subprocess.run(call, check=True, capture_output=True, cwd=folder)
        (path,) = pathlib.Path(folder).rglob("SPY.csv")
        days = pa.csv.read_csv(path)["date"].cast(pa.date32())
    if len(days) < SESSIONS:
        raise SystemExit(f"the simulated market has {len(days)} sessions, {SESSIONS} are needed")
    return days[-SESSIONS:]


def walk(number, days):
    """Makes a symbol's bars."""
    draws = np.random.Generator(np.random.PCG64([SEED, number]))
    steps = draws.normal(0.0, 0.02, len(days))
    gaps = draws.normal(0.0, 0.004, len(days))
    above, below, volume = draws.random((3, len(days)))
    close = 100.0 * np.exp(np.cumsum(steps))
    open = np.concatenate([[100.0], close[:-1]]) * np.exp(gaps)
    high = np.maximum(open, close) * (1.0 + 0.01 * above)
    low = np.minimum(open, close) * (1.0 - 0.01 * below)
    names = ["date", "open", "high", "low", "close", "volume"]
    return pa.table([days, open, high, low, close, 1e8 * (0.5 + volume)], names=names)

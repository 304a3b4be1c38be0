"""The work of `benches/core.rs` in pandas and NumPy, on the same bars to the last bit.

One wide frame a feature (rows are sessions, columns are stocks), which beat a long frame with
`groupby` by 2 to 5 times. Computes every feature that the equity strategies and the core read,
on all sessions; evaluates the three shipped equity strategies with their scorers; sets stops
and targets. The last-session decision then ranks that session's signals and keeps those that
pass the filters on conviction, symbol and exposure. Left out, so in favour of pandas: problems
by symbol, health of the bars, the correlation guard, the reasons in words.

Usage: pandas_reference.py [repetitions], which prints one JSON object: seconds by benchmark
(the median), and the number of signals, which must be that of `core.rs`.
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd

from timing import median_time

LIVE, LONG = 520, 2520
MIN_SCORE, RISK_PER_TRADE, MAX_POSITION, MAX_POSITIONS, MAX_EXPOSURE = 6.0, 0.0075, 0.15, 8, 0.80


def draw(symbol, session, of):
    """Draws from 0 to under 1, as `draw` in `market/mod.rs`; any argument may be an array."""
    bits = np.uint64
    value = (np.asarray(symbol, bits) << bits(32)) | (np.asarray(session, bits) << bits(3)) | bits(of)
    with np.errstate(over="ignore"):
        value = value * bits(0x9E3779B97F4A7C15)
        value = (value ^ (value >> bits(30))) * bits(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> bits(27))) * bits(0x94D049BB133111EB)
    return ((value ^ (value >> bits(31))) >> bits(11)).astype(float) / 2.0**53


def market(symbols, sessions):
    """Makes bars as wide frames; column 0 is the benchmark."""
    # Symbols by sessions, then transposed: a stock's values lie side by side, which pandas likes.
    number = np.arange(symbols + 1)[:, None]
    session = np.arange(1, sessions + 1)[None, :]
    size = np.where(number == 0, 0.015, 0.03)
    a, b, c, d, e, f = (draw(number, session, of) for of in range(1, 7))
    steps = 1.0 + 0.0006 * draw(number, 0, 0) + size * (a + b + c - 1.5)
    walk = np.multiply.accumulate(np.hstack([np.full((symbols + 1, 1), 100.0), steps]), axis=1)
    before, close = walk[:, :-1], walk[:, 1:]
    high = np.maximum(before, close) * (1.0 + 0.01 * d)
    low = np.minimum(before, close) * (1.0 - 0.01 * e)
    columns = [f"S{index:05}" for index in range(symbols + 1)]
    days = pd.bdate_range("2015-01-02", periods=sessions)
    bars = {"high": high, "low": low, "close": close, "volume": 1e6 * (0.5 + f)}
    frame = lambda values: pd.DataFrame(np.ascontiguousarray(values).T, index=days, columns=columns)
    return {name: frame(values) for name, values in bars.items()}


def wilder_rsi(close, n):
    change = close.diff()
    rise, fall = change.clip(lower=0.0), (-change).clip(lower=0.0)
    means = []
    for move in (rise, fall):
        move.iloc[n] = move.iloc[1 : n + 1].mean()
        means.append(move.iloc[n:].ewm(alpha=1.0 / n, adjust=False).mean())
    gain, loss = means
    return (100.0 * gain / (gain + loss)).fillna(0.0).reindex(close.index)


def features(bars):
    """Computes the features of every stock and session; warm-up is NaN."""
    close, stocks = bars["close"], bars["close"].columns[1:]
    before = close.shift()
    # `where` leaves bar 0 missing, as it has no close before it.
    upper = bars["high"].where(bars["high"] >= before, before).where(before.notna())
    lower = bars["low"].where(bars["low"] <= before, before).where(before.notna())
    mean = {n: close.rolling(n).mean() for n in (5, 20, 50, 200)}
    roc126 = close / close.shift(126) - 1.0
    peers = roc126[stocks]
    rank = (peers.rank(axis=1) - 1.0).div(peers.count(axis=1) - 1.0, axis=0)
    return {
        "close": close[stocks],
        **{f"ma{n}": values[stocks] for n, values in mean.items()},
        "ma50_slope": (mean[50] / mean[50].shift(20) - 1.0)[stocks],
        "ma200_slope": (mean[200] / mean[200].shift(20) - 1.0)[stocks],
        "highest_close_20d": before.rolling(20).max()[stocks],
        "highest_close_55d": before.rolling(55).max()[stocks],
        "atr14": (upper - lower).ewm(alpha=1.0 / 14.0, adjust=False).mean().iloc[:, 1:],
        "adv20": (close * bars["volume"]).rolling(20).mean()[stocks],
        "rsi2": wilder_rsi(close, 2)[stocks],
        "zscore20": ((close - mean[20]) / close.rolling(20).std())[stocks],
        "roc60": (close / close.shift(60) - 1.0)[stocks],
        "roc126": peers,
        "rank_roc126": rank,
        "prev_rank_roc126": rank.shift(),
        "market_rises": (close.iloc[:, 0] > mean[200].iloc[:, 0]).to_numpy()[:, None],
    }


def clamp(values):
    return np.clip(values, 0.0, 10.0)


def equity_momentum(row):
    ready = np.isfinite(row["highest_close_55d"])
    eligible = (row["close"] > row["ma50"]) & (row["ma50_slope"] > 0.005) & ready
    fast = row["close"] >= row["highest_close_20d"] * 1.005
    slow = row["close"] >= row["highest_close_55d"] * 1.010
    at, trigger = triggered(eligible, [(fast, "breakout_20d"), (slow, "breakout_55d")])
    level = np.where(trigger == "breakout_20d", row["highest_close_20d"][at], row["highest_close_55d"][at])
    breakout = clamp((row["close"][at] - level) / row["atr14"][at] * 10.0)
    momentum = clamp(np.nan_to_num(row["roc60"][at]) * 50.0)
    return at, trigger, 0.6 * breakout + 0.4 * momentum, 2.5, 2.0


def equity_mean_reversion(row):
    eligible = (row["close"] > row["ma200"]) & (row["close"] > 5.0) & (row["close"] < row["ma5"])
    at, trigger = triggered(
        eligible, [(row["rsi2"] < 10.0, "rsi2_oversold"), (row["zscore20"] < -2.0, "zscore_oversold")]
    )
    stretch = clamp(np.maximum((20.0 - row["rsi2"][at]) / 2.0, (row["zscore20"][at] + 1.0) / -2.0 * 10.0))
    trend = clamp(np.nan_to_num(row["ma200_slope"][at]) / 0.02 * 10.0)
    return at, trigger, 0.6 * stretch + 0.4 * trend, 2.5, 1.0


def equity_rotation(row):
    strong = (row["rank_roc126"] >= 0.80) & (row["roc126"] > 0.0) & (row["close"] > row["ma200"])
    eligible = row["market_rises"] & strong & (row["close"] >= row["ma20"])
    eligible &= np.isfinite(row["prev_rank_roc126"])
    rises = row["prev_rank_roc126"] < 0.80
    at, trigger = triggered(eligible, [(row["rank_roc126"] >= 0.90, "leader"), (rises, "rank_rise")])
    rank = clamp((row["rank_roc126"][at] - 0.5) / 0.5 * 10.0)
    momentum = clamp(row["roc126"][at] / 0.30 * 10.0)
    trend = clamp((row["close"][at] / row["ma50"][at] - 1.0) / 0.05 * 10.0)
    return at, trigger, 0.5 * rank + 0.3 * momentum + 0.2 * trend, 3.0, 2.0


STRATEGIES = (equity_mean_reversion, equity_momentum, equity_rotation)


def triggered(eligible, rules):
    """Returns where a rule holds, and the name of the first that does."""
    at = np.nonzero(eligible & np.logical_or.reduce([holds for holds, _ in rules]))
    return at, np.select([holds[at] for holds, _ in rules], [name for _, name in rules], "")


def signals(bars, sessions=slice(None)):
    """Returns every raw signal of the sessions, by session, strategy and stock."""
    found = features(bars)
    stocks, days = found["close"].columns, bars["close"].index[sessions]
    row = {
        name: (values if isinstance(values, np.ndarray) else values.to_numpy())[sessions]
        for name, values in found.items()
    }
    tables = []
    for place, strategy in enumerate(STRATEGIES):
        at, trigger, score, stop_atr_mult, reward_risk = strategy(row)
        close = row["close"][at]
        risk = stop_atr_mult * row["atr14"][at]
        tables.append(
            pd.DataFrame(
                {
                    "date": days[at[0]],
                    "symbol": stocks[at[1]],
                    "place": place,
                    "strategy": strategy.__name__,
                    "trigger": trigger,
                    "score": score,
                    "close": close,
                    "stop": close - risk,
                    "target": close + reward_risk * risk,
                    "adv20": row["adv20"][at],
                }
            )
        )
    table = pd.concat(tables)
    table = table[(table["stop"] > 0.0) & (table["stop"] < table["close"])]
    return table.sort_values(["date", "place", "symbol"])


def decide(bars):
    """Returns what to buy on the newest session."""
    table = signals(bars, slice(-1, None))
    table = table[table["score"] >= MIN_SCORE]
    table = table.sort_values(["score", "adv20", "symbol", "strategy"], ascending=[False, False, True, True])
    table = table.drop_duplicates("symbol")
    risk = (table["close"] - table["stop"]) / table["close"]
    table = table.assign(size=np.minimum(RISK_PER_TRADE / risk, MAX_POSITION))
    return table[table["size"].cumsum() <= MAX_EXPOSURE].head(MAX_POSITIONS)


def main():
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    result = {"versions": f"Python {sys.version.split()[0]}, pandas {pd.__version__}, NumPy {np.__version__}"}
    for symbols in (1_000, 10_000):
        bars = market(symbols, LIVE)
        result[f"features/{symbols}x{LIVE}"] = median_time(lambda: features(bars), repetitions)
        result[f"decide/{symbols}x{LIVE}"] = median_time(lambda: decide(bars), repetitions)
    for symbols in (100, 1_000):
        bars = market(symbols, LONG)
        result[f"signals of {symbols} x {LONG}"] = len(signals(bars))
        result[f"signals/{symbols}x{LONG}"] = median_time(lambda: signals(bars), repetitions)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

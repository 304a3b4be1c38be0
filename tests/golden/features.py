"""Golden series for the feature catalogue, from pandas, numpy and TA-Lib.

    pip install TA-Lib pandas numpy
    python tests/golden/features.py

Writes tests/fixtures/golden/bars.csv (a small market that this script makes up, the same on
every machine) and tests/fixtures/golden/features.csv (date, symbol, one column a feature; empty
is missing). Rows are thinned to those where a feature begins, the flat stretch, the gaps and the
end. An independent implementation: formulas as SPEC.md states them, library calls where there
is one.
"""

import pathlib

import numpy as np
import pandas as pd
import talib

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "golden"
BENCHMARK = "BENCH"
BARS = 420


class Dice:
    """A small linear congruential generator: the same numbers on every machine."""

    def __init__(self, seed):
        self.state = seed

    def roll(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2**53

    def bell(self):
        return sum(self.roll() for _ in range(12)) - 6.0


def make_symbol(name, seed, price, size, dates, flat):
    dice, rows = Dice(seed), []
    for index, date in enumerate(dates):
        before = price
        if index in flat:
            row = [price] * 4
        else:
            price = round(price * (1.0 + 0.0006 + size * dice.bell()), 6)
            first = round(before * (1.0 + 0.3 * size * dice.bell()), 6)
            high = round(max(first, price) * (1.0 + 0.5 * size * dice.roll()), 6)
            low = round(min(first, price) * (1.0 - 0.5 * size * dice.roll()), 6)
            row = [first, high, low, price]
        # Nothing is traded in the second half of the flat stretch.
        idle = index in flat and index >= flat.start + len(flat) // 2
        volume = 0.0 if idle else round(1e6 * (0.5 + dice.roll()), 2)
        rows.append([date, name, *row, volume])
    return rows


def make_bars():
    days = pd.bdate_range("2022-01-03", periods=BARS)
    dates = [day.strftime("%Y-%m-%d") for day in days]
    gaps = [date for index, date in enumerate(dates) if index not in (150, 151, 300)]
    rows = make_symbol("AAA", 1, 100.0, 0.015, dates, range(205, 245))
    rows += make_symbol("BBB", 2, 0.0345, 0.040, dates, range(215, 235))
    # A shorter history, with sessions missing.
    rows += make_symbol("CCC", 3, 4300.0, 0.020, gaps[120:], range(0))
    # The benchmark lacks two sessions.
    holes = [date for index, date in enumerate(dates) if index not in (60, 210)]
    rows += make_symbol(BENCHMARK, 4, 400.0, 0.009, holes, range(0))
    columns = ["date", "symbol", "open", "high", "low", "close", "volume"]
    return pd.DataFrame(rows, columns=columns)


def windows(series, n, figure):
    """`figure` of every full window of n, each computed from its own values alone."""
    out = np.full(len(series), np.nan)
    if len(series) >= n:
        views = np.lib.stride_tricks.sliding_window_view(series.to_numpy(), n)
        out[n - 1 :] = [figure(view) for view in views]
    return pd.Series(out, index=series.index)


def sample_deviation(window):
    """numpy's, but exact where all values are equal and the mean of them is not."""
    return 0.0 if window.max() == window.min() else window.std(ddof=1)


def ta(bars, function, *inputs, **parameters):
    return pd.Series(function(*(bars[name].to_numpy() for name in inputs), **parameters), index=bars.index)


def formulas(bars):
    """Every plain feature of one symbol's bars, by name."""
    close, volume = bars["close"], bars["volume"]
    out = {name: bars[name] for name in ["open", "high", "low", "close", "volume"]}
    for n in (1, 5, 20, 50, 200):
        out[f"ma{n}"] = windows(close, n, np.mean)
    for n in (10, 50):
        mean = windows(close, n, np.mean)
        out[f"ma{n}_slope"] = mean / mean.shift(20) - 1
    for n in (1, 20):
        out[f"ema{n}"] = close.ewm(span=n, adjust=False, min_periods=n).mean()
    before = close.shift(1)
    legs = [bars["high"] - bars["low"], (bars["high"] - before).abs(), (bars["low"] - before).abs()]
    true_range = pd.concat(legs, axis=1).max(axis=1).iloc[1:]
    for n in (1, 14):
        atr = true_range.ewm(alpha=1 / n, adjust=False).mean()
        out[f"atr{n}"] = atr.reindex(bars.index).where(np.arange(len(bars)) >= n - 1)
    for n in (20, 60):
        out[f"roc{n}"] = ta(bars, talib.ROCP, "close", timeperiod=n)
    for n in (1, 5):
        out[f"returns_{n}d"] = close.pct_change(n)
    for n in (1, 20, 55):
        out[f"highest_close_{n}d"] = close.rolling(n).max().shift(1)
        out[f"lowest_low_{n}d"] = bars["low"].rolling(n).min().shift(1)
    out["lowest_close_20d"] = close.rolling(20).min().shift(1)
    out["highest_high_20d"] = bars["high"].rolling(20).max().shift(1)
    out["adv20"] = windows(close * volume, 20, np.mean)
    for n in (1, 20):
        ratio = volume / windows(volume, n, np.mean).shift(1)
        out[f"volume_ratio{n}"] = ratio.replace([np.inf, -np.inf], np.nan)
    for n in (2, 20):
        deviation = windows(close, n, sample_deviation)
        out[f"stddev{n}"] = deviation
        out[f"zscore{n}"] = (close - windows(close, n, np.mean)) / deviation.replace(0.0, np.nan)
    out["zscore"] = out["zscore20"]
    out["rsi"] = ta(bars, talib.RSI, "close")
    out["rsi2"] = ta(bars, talib.RSI, "close", timeperiod=2)
    out["adx"] = ta(bars, talib.ADX, "high", "low", "close")
    out["adx5"] = ta(bars, talib.ADX, "high", "low", "close", timeperiod=5)
    lines = talib.MACD(close.to_numpy())
    for name, line in zip(["macd", "macd_signal", "macd_hist"], lines):
        out[name] = pd.Series(line, index=bars.index)
    for name, parameters in [("", {}), ("5", {"timeperiod": 5})]:
        upper, _, lower = talib.BBANDS(close.to_numpy(), **parameters)
        out[f"bb_upper{name}"] = pd.Series(upper, index=bars.index)
        out[f"bb_lower{name}"] = pd.Series(lower, index=bars.index)
    out["volatility_20d"] = windows(close.pct_change().iloc[1:], 20, sample_deviation).reindex(
        bars.index
    ) * np.sqrt(252)
    return pd.DataFrame(out)


def rank(table, values):
    """(average rank − 1) / (n − 1) among the universe of each date."""
    members = values.where(table["symbol"] != BENCHMARK)
    by_date = members.groupby(table["date"])
    count = by_date.transform("count")
    return ((by_date.rank(method="average") - 1) / (count - 1)).where(count >= 2)


def prev(table, values):
    return values.groupby(table["symbol"]).shift(1)


def benchmark(table, values):
    own = table["symbol"] == BENCHMARK
    return table["date"].map(dict(zip(table.loc[own, "date"], values[own])))


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    bars = make_bars()
    bars.to_csv(FIXTURES / "bars.csv", index=False, lineterminator="\n", float_format="%.12g")
    bars = pd.read_csv(FIXTURES / "bars.csv", dtype={name: float for name in bars.columns[2:]})
    parts = [own.join(formulas(own).drop(columns=own.columns[2:])) for _, own in bars.groupby("symbol")]
    table = pd.concat(parts).sort_index()

    table["benchmark_roc60"] = benchmark(table, table["roc60"])
    table["benchmark_returns_1d"] = benchmark(table, table["returns_1d"])
    table["benchmark_prev_close"] = benchmark(table, prev(table, table["close"]))
    table["prev_benchmark_close"] = prev(table, benchmark(table, table["close"]))
    table["prev_ma20"] = prev(table, table["ma20"])
    table["prev_prev_close"] = prev(table, prev(table, table["close"]))
    table["rank_roc60"] = rank(table, table["roc60"])
    table["rank_returns_1d"] = rank(table, table["returns_1d"])
    table["rank_prev_roc60"] = rank(table, prev(table, table["roc60"]))
    table["prev_rank_roc60"] = prev(table, rank(table, table["roc60"]))
    table["rank_benchmark_close"] = rank(table, benchmark(table, table["close"]))
    table["benchmark_rank_roc60"] = benchmark(table, rank(table, table["roc60"]))

    place = table.groupby("symbol").cumcount()
    keep = (place < 72) | place.between(198, 250) | (place >= place.groupby(table["symbol"]).transform("max") - 5)
    table = table[keep].drop(columns=["open", "high", "low", "volume"]).join(table[["open", "high", "low", "volume"]])
    table.to_csv(FIXTURES / "features.csv", index=False, lineterminator="\n", float_format="%.13g")
    print(len(table), "rows,", len(table.columns) - 2, "features")


if __name__ == "__main__":
    main()

"""Golden figures for a curve of equity and its trades, from pandas, numpy and scipy.

    pip install pandas numpy scipy
    python tests/golden/figures.py

Writes tests/fixtures/golden/curve.csv and trades.csv (made up here, the same on every machine),
mixed_curve.csv and mixed_benchmark.csv (an account that coins join after half a year, beside a benchmark
of stocks) and figures.json (what an independent implementation makes of them). Draws come from SplitMix64, so that
intervals and the test of timing can be compared to the last draw.
"""

import json
import math
import pathlib

import numpy as np
import pandas as pd
from scipy import stats

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "golden"
SESSIONS_A_YEAR = 252
SEED = 20261120
MASK = 2**64 - 1


class Draws:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def fraction(self):
        return (self.next() >> 11) / 2**53

    def place(self, length):
        return int(self.fraction() * length)

    def bell(self):
        return sum(self.fraction() for _ in range(12)) - 6.0


def make_curve(draws):
    dates = pd.bdate_range("2023-11-15", periods=330)
    equity, benchmark, rows = 100_000.0, 400.0, []
    for index, date in enumerate(dates):
        market = 0.0004 + 0.01 * draws.bell()
        if index > 0:
            equity = round(equity * (1 + 0.0003 + 0.4 * market + 0.006 * draws.bell()), 2)
            benchmark = round(benchmark * (1 + market), 2)
        invested = round(equity * 0.7 * draws.fraction(), 2) if index > 0 else 0.0
        traded = round(equity * 0.1 * draws.fraction(), 2) if index % 5 == 2 else 0.0
        # The benchmark has a gap.
        close = "" if index in (100, 101) else benchmark
        rows.append([date.strftime("%Y-%m-%d"), equity, invested, traded, close])
    return pd.DataFrame(rows, columns=["date", "equity", "invested", "traded", "benchmark"])


def make_trades(draws, curve):
    opens = {name: np.round(100 * np.cumprod([1 + 0.015 * draws.bell() for _ in range(len(curve))]), 4) for name in "ABC"}
    rows = []
    for number in range(60):
        name = "ABC"[number % 3]
        entry = draws.place(len(curve) - 30)
        held = 1 + draws.place(25)
        price = opens[name][entry]
        last = number >= 57
        exit_price = price if number == 10 else opens[name][entry + held]
        rows.append(
            {
                "symbol": name,
                "strategy": ["trend", "dip"][number % 2],
                "trigger": ["breakout", "pullback", "leader"][number % 3],
                "regime": ["uptrend", "downtrend", "mixed", ""][number % 4],
                "decided": curve.date[max(entry - 1, 0)],
                "entry_date": curve.date[entry],
                "entry_price": price,
                "quantity": 10 + draws.place(90),
                "stop_price": round(price * (0.9 + 0.07 * draws.fraction()), 4),
                "exit_date": curve.date[entry + held],
                "exit_price": exit_price,
                # One breaks even to the cent, with no costs.
                "costs": 0.0 if number == 10 else round(5 * draws.fraction(), 2),
                "bars_held": held,
                "open": last,
            }
        )
    return pd.DataFrame(rows), opens


def make_mixed(draws):
    """Stocks alone until the end of March 2024, then coins on every day too; and the bars of SPY."""
    every = pd.date_range("2023-09-01", periods=600)
    dates = every[(every.day_of_week < 5) | (every >= "2024-04-01")]
    equity, rows = 100_000.0, []
    for index, date in enumerate(dates):
        if index > 0:
            equity = round(equity * (1 + 0.0004 + 0.008 * draws.bell()), 2)
        rows.append([date.strftime("%Y-%m-%d"), equity, round(equity * 0.5, 2), 0.0])
    close, bars = 400.0, []
    # It begins before the account, has a long hole and ends before it.
    for date in pd.bdate_range("2023-08-25", "2025-04-01"):
        close = round(close * (1 + 0.0004 + 0.01 * draws.bell()), 2)
        if not pd.Timestamp("2024-06-10") <= date <= pd.Timestamp("2024-06-21"):
            bars.append([date.strftime("%Y-%m-%d"), close])
    return pd.DataFrame(rows, columns=["date", "equity", "invested", "traded"]), pd.DataFrame(bars, columns=["date", "close"])


def known_on(curve, bars):
    """The last close up to each day, if it is no older than a week."""
    stamp = lambda own: own.assign(date=pd.to_datetime(own.date))
    joined = pd.merge_asof(stamp(curve), stamp(bars), on="date", tolerance=pd.Timedelta(days=7))
    return curve.assign(benchmark=joined.close)


def sessions_a_year(curve):
    dates = pd.DatetimeIndex(curve.date)
    possible = pd.date_range(dates[0], dates[-1])[1:]
    weekends, own = (possible.day_of_week >= 5).sum(), (dates[1:].day_of_week >= 5).sum()
    if own == 0:
        return 252.0
    return 365.0 if own == weekends else (len(dates) - 1) / ((dates[-1] - dates[0]).days / 365.2425)


def mixed_figures(curve):
    """The whole, and each year from the last day of the one before on."""
    told = {"all": curve_figures(curve, sessions_a_year(curve)) | {"sessions_per_year": sessions_a_year(curve)}}
    for name, days in curve.groupby(curve.date.str[:4]):
        own = curve.iloc[max(days.index[0] - 1, 0) : days.index[-1] + 1].reset_index(drop=True)
        told[name] = curve_figures(own, sessions_a_year(own)) | {"sessions_per_year": sessions_a_year(own)}
    return told


def curve_figures(curve, year=SESSIONS_A_YEAR):
    equity = curve.equity.to_numpy()
    r = pd.Series(equity).pct_change().dropna().to_numpy()
    days = (pd.Timestamp(curve.date.iloc[-1]) - pd.Timestamp(curve.date.iloc[0])).days
    years = days / 365.2425
    growth = (equity[-1] / equity[0]) ** (1 / years) - 1
    under = equity / np.maximum.accumulate(equity) - 1
    # Each high begins a group, which is the run after it.
    run = (under < 0).astype(int)
    lengths = pd.Series(run).groupby((run == 0).cumsum()).sum()
    benchmark = pd.to_numeric(curve.benchmark)
    pairs = pd.DataFrame({"r": pd.Series(equity).pct_change(), "b": benchmark.pct_change(fill_method=None)}).dropna()
    line = stats.linregress(pairs.b, pairs.r)
    closes = benchmark.dropna().to_numpy()
    return {
        "total_return": equity[-1] / equity[0] - 1,
        "cagr": growth,
        "volatility": np.std(r, ddof=1) * math.sqrt(year),
        "sharpe": np.mean(r) / np.std(r, ddof=1) * math.sqrt(year),
        "sortino": np.mean(r) / math.sqrt(np.mean(np.minimum(r, 0) ** 2)) * math.sqrt(year),
        "max_drawdown": under.min(),
        "max_drawdown_sessions": float(lengths[(run == 0).cumsum()[under.argmin()]]),
        "longest_drawdown_sessions": float(lengths.max()),
        "calmar": growth / -under.min(),
        "worst_day": r.min(),
        # The first day is the state before the first fill: in a year, the last day of the year before.
        "exposure": (curve.invested / curve.equity)[1:].mean(),
        "turnover": curve.traded[1:].sum() / 2 / equity.mean() / years,
        "benchmark_return": closes[-1] / closes[0] - 1,
        "excess_return": equity[benchmark.last_valid_index()] / equity[benchmark.first_valid_index()] - closes[-1] / closes[0],
        "correlation": line.rvalue,
        "beta": line.slope,
        "alpha": line.intercept * year,
    }


def result(trades):
    pnl = (trades.exit_price - trades.entry_price) * trades.quantity - trades.costs
    return pnl, pnl / ((trades.entry_price - trades.stop_price) * trades.quantity)


def trade_figures(trades):
    trades = trades[~trades.open]
    pnl, r = result(trades)
    ordered = trades.assign(pnl=pnl).sort_values(["exit_date", "entry_date", "symbol"], kind="stable")
    lost = (ordered.pnl < 0).astype(int)
    runs = lost.groupby((lost == 0).cumsum()).sum()
    losses = -pnl[pnl < 0].sum()
    figures = {
        "trades": float(len(trades)),
        "win_rate": float((pnl > 0).mean()),
        "profit_factor": pnl[pnl > 0].sum() / losses if losses > 0 else None,
        "expectancy": r.mean(),
        "sqn": math.sqrt(len(r)) * r.mean() / r.std(ddof=1) if len(r) > 1 else None,
        "mean_holding": float(trades.bars_held.mean()),
        "median_holding": float(trades.bars_held.median()),
        "longest_losing_run": float(runs.max()),
    }
    return figures


def intervals(curve, trades):
    r = pd.Series(curve.equity).pct_change().dropna().to_numpy()
    draws, found = Draws(SEED), []
    go_on = 1 - 1 / np.cbrt(len(r))
    for _ in range(2000):
        place, sample = draws.place(len(r)), []
        for _ in range(len(r)):
            sample.append(r[place])
            place = (place + 1) % len(r) if draws.fraction() < go_on else draws.place(len(r))
        found.append(np.mean(sample) / np.std(sample, ddof=1) * math.sqrt(SESSIONS_A_YEAR))
    _, results = result(trades[~trades.open])
    results, draws, means = results.to_numpy(), Draws(SEED), []
    for _ in range(2000):
        means.append(np.mean([results[draws.place(len(results))] for _ in range(len(results))]))
    return {
        "sharpe": list(np.quantile(found, [0.025, 0.975])),
        "expectancy": list(np.quantile(means, [0.025, 0.975])),
    }


def timing(trades, opens):
    closed = trades[~trades.open]
    gain = (closed.exit_price / closed.entry_price - 1).mean()
    draws, drawn = Draws(SEED), []
    for _ in range(1000):
        gains = []
        for trade in closed.itertuples():
            prices = opens[trade.symbol]
            entry = draws.place(len(prices) - trade.bars_held)
            gains.append(prices[entry + trade.bars_held] / prices[entry] - 1)
        drawn.append(np.mean(gains))
    as_good = int((np.array(drawn) >= gain).sum())
    return {"mean_gain": gain, "mean_gain_of_drawn": float(np.mean(drawn)), "p_value": (1 + as_good) / 1001}


def deflated(curve, trials):
    r = pd.Series(curve.equity).pct_change().dropna().to_numpy()
    own = np.mean(r) / np.std(r, ddof=1)
    spread = np.std(trials, ddof=1) / math.sqrt(SESSIONS_A_YEAR)
    n, euler = len(trials), np.euler_gamma
    best = spread * ((1 - euler) * stats.norm.ppf(1 - 1 / n) + euler * stats.norm.ppf(1 - 1 / (n * math.e)))
    skew, tails = stats.skew(r), stats.kurtosis(r, fisher=False)
    width = math.sqrt(1 - skew * own + (tails - 1) / 4 * own**2)
    return float(stats.norm.cdf((own - best) * math.sqrt(len(r) - 1) / width))


def grouped(trades, key):
    closed = trades[~trades.open]
    return {str(name): trade_figures(own) for name, own in closed.groupby(key(closed))}


def main():
    draws = Draws(SEED)
    curve = make_curve(draws)
    trades, opens = make_trades(draws, curve)
    trials = [round(0.3 * draws.bell(), 4) for _ in range(24)]
    mixed, bars = make_mixed(Draws(SEED + 1))
    year = lambda own: own.exit_date.str[:4]
    last_of_2023 = int((curve.date.str[:4] == "2023").sum())
    of_2024 = curve[last_of_2023 - 1 : last_of_2023 + int((curve.date.str[:4] == "2024").sum())]
    expected = {
        "seed": SEED,
        "figures": curve_figures(curve) | trade_figures(trades),
        "intervals": intervals(curve, trades),
        "timing": timing(trades, opens),
        "trials": trials,
        "deflated_sharpe": deflated(curve, trials),
        "by_strategy": grouped(trades, lambda own: own.strategy),
        "by_trigger": grouped(trades, lambda own: own.strategy + ": " + own.trigger),
        "by_regime": grouped(trades, lambda own: own.regime.replace("", "unknown")),
        "by_year": grouped(trades, year),
        "curve_of_2024": curve_figures(of_2024.reset_index(drop=True)),
        "mixed": mixed_figures(known_on(mixed, bars)),
        "opens": {name: list(prices) for name, prices in opens.items()},
    }
    curve.to_csv(FIXTURES / "curve.csv", index=False)
    mixed.to_csv(FIXTURES / "mixed_curve.csv", index=False)
    bars.to_csv(FIXTURES / "mixed_benchmark.csv", index=False)
    trades.to_csv(FIXTURES / "trades.csv", index=False)
    (FIXTURES / "figures.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()

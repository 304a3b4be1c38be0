"""One peer in a process of its own: `worker.py NAME FOLDER`.

It loads the bars and says how long that took, in a line of JSON; then for each line `go` on stdin it does the work
once and says how long each part took, and for `trades` it tells the trades that it found last. Every part is timed
in the process, after loading. `--once` does it once and ends, for the time of a whole process.

The rule: buy a close over the highest close of the 20 sessions before and over the mean of 50, sell a close under
that mean; both fill at the next open, for nothing, one position a symbol. Each peer is used in the quickest way
that was found in its documentation.
"""

import json
import pathlib
import sys
import time
import warnings

import numpy as np
import pyarrow.dataset


class Bars:
    """Opens and closes as wide arrays, sessions by symbols, and the names of both."""

    def __init__(self, folder):
        paths = sorted(pathlib.Path(folder, "market", "equity").glob("S0*.parquet"))
        self.symbols = [path.stem for path in paths]
        table = pyarrow.dataset.dataset(paths).to_table(columns=["date", "open", "close"])
        wide = lambda name: np.ascontiguousarray(table[name].to_numpy().reshape(len(paths), -1).T)
        self.open, self.close = wide("open"), wide("close")
        self.days = table["date"].to_numpy()[: len(self.close)]


class Pandas:
    """Wide frames. Entry and exit cannot both hold, so the position is the last of them carried forward."""

    def __init__(self, bars):
        import pandas as pd

        self.pd = pd
        self.open = pd.DataFrame(bars.open, bars.days, bars.symbols)
        self.close = pd.DataFrame(bars.close, bars.days, bars.symbols)

    def signals(self):
        mean = self.close.rolling(50).mean()
        self.entries = (self.close > self.close.shift().rolling(20).max()) & (self.close > mean)
        self.exits = self.close < mean

    def trade(self):
        state = np.where(self.entries, 1.0, np.where(self.exits, 0.0, np.nan))
        held = self.pd.DataFrame(state).ffill().fillna(0.0).to_numpy()
        # Symbol by symbol, as trades stand; what changes on the last session has no open to fill at.
        change = np.diff(held, axis=0, prepend=0.0)[:-1].T
        symbol, entry = np.nonzero(change > 0.0)
        sold, exit = np.nonzero(change < 0.0)
        entries = np.bincount(symbol, minlength=len(change))
        is_open = entries > np.bincount(sold, minlength=len(change))
        ends = np.cumsum(entries) - 1
        exits = np.full(len(entry), -1)
        closed = np.ones(len(entry), bool)
        closed[ends[is_open]] = False
        exits[closed] = exit + 1
        open = self.open.to_numpy()
        bought = open[entry + 1, symbol]
        self.trades = self.pd.DataFrame(
            {
                "symbol": symbol,
                "entry": entry + 1,
                "exit": exits,
                "gain": np.where(closed, open[exits, symbol] / bought - 1.0, np.nan),
            }
        )

    def found(self):
        return self.trades.itertuples(index=False)


class Vectorbt:
    """Its own rolling functions and `from_signals`, with the engine in Rust where it refuses any other."""

    ENGINE = "rust"

    def __init__(self, bars):
        import pandas as pd
        import vectorbt as vbt

        self.vbt = vbt
        vbt.settings["engine"] = self.ENGINE
        self.open = pd.DataFrame(bars.open, bars.days, bars.symbols)
        self.close = pd.DataFrame(bars.close, bars.days, bars.symbols)

    def signals(self):
        # Compared and moved by NumPy, which is quicker than by pandas; the engine in Rust shifts no flags.
        close = self.close.to_numpy()
        mean = self.close.vbt.rolling_mean(50).to_numpy()
        highest = self.close.vbt.rolling_max(20).to_numpy()
        self.entries = (close > mean) & (close > np.vstack([np.full_like(close[:1], np.nan), highest[:-1]]))
        self.exits = close < mean

    def trade(self):
        late = lambda signals: np.vstack([np.zeros_like(signals[:1]), signals[:-1]])
        portfolio = self.vbt.Portfolio.from_signals(
            self.close,
            entries=late(self.entries),
            exits=late(self.exits),
            price=self.open,
            size=1.0,
            init_cash=1e9,
            freq="1D",
        )
        self.trades = portfolio.trades.values

    def found(self):
        for trade in self.trades:
            exit = -1 if trade["status"] == 0 else int(trade["exit_idx"])
            gain = trade["exit_price"] / trade["entry_price"] - 1.0
            yield int(trade["col"]), int(trade["entry_idx"]), exit, float(gain)


class VectorbtNumba(Vectorbt):
    ENGINE = "numba"


class Yuzu:
    """Its rule language. It fills at the panel `close`, on the session of the signal; so it is given the opens
    under that name, and signals of a panel with the closes a session late. Its mean begins with half a window, hence
    the shift that asks for a whole one. It marks at the opens, and makes curve and figures in the same call."""

    RULE = """hold_until(
        settled > shift(rolling_max(settled, 20), 1) and settled > sma(settled, 50) and shift(settled, 49) > 0,
        settled < sma(settled, 50))"""
    signals = None

    def __init__(self, bars):
        import pandas as pd
        import yuzu

        self.yuzu = yuzu
        days = [int(str(day).replace("-", "")) for day in bars.days.astype("datetime64[D]")]
        self.place = {day: index for index, day in enumerate(days)}
        self.column = {symbol: index for index, symbol in enumerate(bars.symbols)}
        # Frames are taken over quicker than lists, and whole numbers as dates quicker than texts.
        wide = lambda values: pd.DataFrame(values, days, bars.symbols)
        self.panels = {"close": wide(bars.open), "settled": wide(bars.close)}

    def trade(self):
        report = self.yuzu.run_backtest(f"shift({self.RULE}, 1)", panels=self.panels)
        self.trades = report["trades"]

    def found(self):
        for trade in self.trades:
            exit = self.place[trade["exit_date"]] if trade["exit_date"] else -1
            yield self.column[trade["symbol"]], self.place[trade["entry_date"]], exit, trade["ret"]


class Backtesting:
    """A loop over the symbols, each with an account of its own: it has no other way for many."""

    signals = None

    def __init__(self, bars):
        import backtesting
        import pandas as pd

        # It draws a bar of progress for each symbol.
        backtesting.backtesting._tqdm = lambda steps, **_: steps
        self.backtesting, self.days = backtesting, bars.days
        pairs = zip(bars.open.T, bars.close.T)
        self.frames = [
            pd.DataFrame(
                {"Open": open, "High": np.maximum(open, close), "Low": np.minimum(open, close), "Close": close},
                pd.DatetimeIndex(bars.days),
            )
            for open, close in pairs
        ]

        class Breakout(backtesting.Strategy):
            def init(self):
                close = pd.Series(self.data.Close)
                # It would pass over the first bar on which both are there; over no bar is a close above infinity.
                self.mean = self.I(lambda: close.rolling(50).mean().fillna(np.inf))
                self.highest = self.I(lambda: close.shift().rolling(20).max().fillna(np.inf))

            def next(self):
                close = self.data.Close[-1]
                if self.position:
                    if close < self.mean[-1]:
                        self.position.close()
                elif close > self.highest[-1] and close > self.mean[-1]:
                    self.buy(size=1)

        self.strategy = Breakout

    def trade(self):
        self.trades = []
        for column, frame in enumerate(self.frames):
            stats = self.backtesting.Backtest(frame, self.strategy, cash=1e9).run()
            closed = stats["_trades"]
            self.trades += zip(
                [column] * len(closed), closed["EntryBar"], closed["ExitBar"], closed["ReturnPct"]
            )
            self.trades += [(column, trade.entry_bar, -1, 0.0) for trade in stats["_strategy"].trades]

    def found(self):
        return ((int(column), int(entry), int(exit), float(gain)) for column, entry, exit, gain in self.trades)


PEERS = {
    "pandas": Pandas,
    "vectorbt[rust]": Vectorbt,
    "vectorbt (numba)": VectorbtNumba,
    "yuzu-backtest": Yuzu,
    "backtesting.py": Backtesting,
}


def say(**told):
    print(json.dumps(told), flush=True)


def work(peer):
    started = time.perf_counter()
    told = {}
    if peer.signals is not None:
        peer.signals()
        told["signals"] = time.perf_counter() - started
    peer.trade()
    return {**told, "trades": time.perf_counter() - started}


def main():
    warnings.simplefilter("ignore")
    name, folder, *rest = sys.argv[1:]
    started = time.perf_counter()
    bars = Bars(folder)
    loaded = time.perf_counter()
    # With the import of the library.
    peer = PEERS[name](bars)
    say(load=loaded - started, library=time.perf_counter() - loaded)
    if rest == ["--once"]:
        say(**work(peer))
        return
    days = np.datetime_as_string(bars.days.astype("datetime64[D]")).tolist()
    for line in sys.stdin:
        if line.strip() == "go":
            say(**work(peer))
        else:
            rows = (
                (bars.symbols[symbol], days[entry], days[exit] if exit >= 0 else None, gain if exit >= 0 else None)
                for symbol, entry, exit, gain in peer.found()
            )
            say(trades=sorted(rows))


main()

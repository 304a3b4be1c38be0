"""The trades of a plain breakout rule, from vectorbt and backtrader, which must agree.

    pip install vectorbt==1.2.0 backtrader==1.9.78.123 pandas
    ts --now 2026-11-22T12:00:00Z fetch-data --source simulated --asset-class equity \\
        --symbols AAPL,MSFT,NVDA,JPM,XOM,KO,AMD,COST --days 2600 --output BARS
    python tests/golden/breakout_trades.py BARS

The rule: buy a close over the highest close of the 20 sessions before and over its mean of 50 sessions, sell a close
under that mean; both fill at the next open, for nothing, one position a symbol. The bars are of the simulated market
and no real prices. Writes tests/fixtures/golden/breakout_trades.csv (symbol, entry_date, entry_price, exit_date,
exit_price; an empty exit is still held at the end), or fails where the two libraries differ.
"""

import pathlib
import sys

import backtrader as bt
import pandas as pd
import vectorbt as vbt

FROM, TO = "2021-01-04", "2025-12-31"
OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "golden" / "breakout_trades.csv"


def read(path):
    bars = pd.read_csv(path, parse_dates=["date"]).set_index("date")
    return bars[bars.index <= TO]


def by_vectorbt(bars):
    mean = bars.close.rolling(50).mean()
    entries = (bars.close > bars.close.rolling(20).max().shift(1)) & (bars.close > mean)
    exits = bars.close < mean
    decided = bars.index >= FROM
    portfolio = vbt.Portfolio.from_signals(
        bars.close,
        entries=(entries & decided).shift(1, fill_value=False),
        exits=(exits & decided).shift(1, fill_value=False),
        price=bars.open,
        size=1.0,
        init_cash=1e9,
        freq="1D",
    )
    trades = portfolio.trades.records
    for trade in trades.itertuples():
        is_open = trade.status == 0
        entry, leave = bars.index[int(trade.entry_idx)], bars.index[int(trade.exit_idx)]
        yield (
            f"{entry:%Y-%m-%d}",
            float(trade.entry_price),
            "" if is_open else f"{leave:%Y-%m-%d}",
            "" if is_open else float(trade.exit_price),
        )


class Breakout(bt.Strategy):
    def __init__(self):
        self.mean = bt.indicators.SimpleMovingAverage(self.data.close, period=50)
        self.highest = bt.indicators.Highest(self.data.close(-1), period=20)
        self.fills = []

    def notify_order(self, order):
        if order.status == order.Completed:
            date = bt.num2date(order.executed.dt).strftime("%Y-%m-%d")
            self.fills.append((date, order.executed.price))

    def next(self):
        if self.data.datetime.date(0).isoformat() < FROM:
            return
        close = self.data.close[0]
        if not self.position and close > self.highest[0] and close > self.mean[0]:
            self.buy(size=1)
        elif self.position and close < self.mean[0]:
            self.close()


def by_backtrader(bars):
    cerebro = bt.Cerebro()
    cerebro.broker.setcash(1e9)
    cerebro.addstrategy(Breakout)
    cerebro.adddata(bt.feeds.PandasData(dataname=bars))
    fills = cerebro.run()[0].fills
    for place in range(0, len(fills), 2):
        entry, leave = fills[place], fills[place + 1] if place + 1 < len(fills) else ("", "")
        yield (*entry, *leave)


def main():
    rows = ["symbol,entry_date,entry_price,exit_date,exit_price"]
    for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.csv")):
        bars = read(path)
        one, other = list(by_vectorbt(bars)), list(by_backtrader(bars))
        if one != other:
            sys.exit(f"{path.stem}: vectorbt and backtrader differ:\n{one}\n{other}")
        rows += [",".join(map(str, (path.stem, *trade))) for trade in one]
    OUT.write_text("\n".join(rows) + "\n")
    print(f"{len(rows) - 1} trades")


main()

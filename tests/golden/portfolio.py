"""Golden trades and curves of one account that trades stocks and coins, from a simulation in plain Python.

    python tests/golden/portfolio.py

Writes tests/fixtures/golden/portfolio.json: worlds of made-up bars with late listings, gaps, halts, symbols and a
whole class that end, and what an account makes of them by the rules of SPEC, written down here once more and from the
rules alone. Nothing costs anything. A volume says what the strategy does: BUY on one, SELL on another.
"""

import bisect
import datetime
import json
import math
import pathlib
import random

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
CASH = 100_000.0
PLAIN, BUY, SELL = 1_000_000, 1_000_001, 1_000_002
STOP_ATR_MULT = 2.5
CLASSES = ("equity", "crypto")
DELISTED_AFTER = 20  # sessions without a bar
LONGEST_REST = 7  # days without a session of a class that goes on
UNHEALTHY_BARS = 20  # without a BUY after a gap of two sessions or more


def sessions(first, count, is_session):
    days = (first + datetime.timedelta(days=number) for number in range(10 * count))
    return [day.isoformat() for day, _ in zip(filter(is_session, days), range(count))]


def calendars():
    lines = (FIXTURES / "nyse_sessions.csv").read_text().splitlines()
    closed = {line.split(",")[0] for line in lines if line.endswith(",closed")}
    first = datetime.date(2024, 1, 2)
    is_session = lambda day: day.weekday() < 5 and day.isoformat() not in closed
    return {"equity": sessions(first, 200, is_session), "crypto": sessions(first, 300, lambda day: True)}


def made_up(draw, calendar, late):
    """One symbol's bars: [date, open, high, low, close, volume]."""
    begin = draw.choice([0, 0, late])
    end = draw.choice([len(calendar), len(calendar), draw.randint(60, len(calendar))])
    missing = set()
    for _ in range(draw.randint(0, 3)):
        gap = draw.randint(30, len(calendar) - 5)
        missing |= set(range(gap, gap + draw.choice([1, 1, 2, 3, 24])))
    price, bars = draw.uniform(20.0, 300.0), []
    for place, day in enumerate(calendar):
        opened = price * (1 + draw.uniform(-0.05, 0.05))
        closed = opened * (1 + draw.uniform(-0.06, 0.06))
        volume = draw.choice([PLAIN] * 5 + [BUY, BUY, SELL])
        if begin <= place < end and place not in missing:
            price = closed
            high, low = max(opened, closed) * 1.01, min(opened, closed) * 0.99
            bars.append([day, *(round(number, 2) for number in (opened, high, low, closed)), volume])
    return bars


def world(seed, calendar):
    draw = random.Random(seed)
    lengths = {"equity": draw.choice([100, 100, 60]), "crypto": 145}
    bars = {
        name: {
            f"{name[0].upper()}{number}": made_up(draw, calendar[name][: lengths[name]], 25)
            for number in range(draw.randint(2, 4))
        }
        for name in CLASSES
    }
    settings = {
        "max_positions": draw.choice([2, 3, 5]),
        "max_exposure": draw.choice([0.5, 0.8, 1.0]),
        "max_position": draw.choice([0.15, 0.3, 0.5]),
        "risk_per_trade": draw.choice([0.0075, 0.03]),
    }
    fill = draw.choice(["next-open", "next-open", "next-close"])
    return {"seed": seed, "fill": fill, "settings": settings, "bars": bars}


class Market:
    """The bars of one class, and what its strategy sees of them."""

    def __init__(self, bars, calendar):
        self.days = sorted({bar[0] for own in bars.values() for bar in own})
        self.place = {day: place for place, day in enumerate(self.days)}
        self.calendar, self.bars = calendar, bars
        number = {day: place for place, day in enumerate(calendar)}
        self.seen = {symbol: dict(self.rows(own, number)) for symbol, own in bars.items()}

    @staticmethod
    def rows(bars, number):
        atr, last_gap = None, -UNHEALTHY_BARS
        for row, (day, opened, high, low, close, volume) in enumerate(bars):
            if row > 0:
                before = bars[row - 1]
                reach = max(high - low, abs(high - before[4]), abs(low - before[4]))
                # Wilder's mean, from the first true range on.
                atr = reach if row == 1 else atr + (reach - atr) / 14
                if number[day] - number[before[0]] > 2:
                    last_gap = row
            window = bars[row - 19 : row + 1] if row >= 19 else []
            yield day, {
                "open": opened,
                "close": close,
                "volume": volume,
                "atr14": atr if row >= 13 else None,
                "adv20": sum(bar[4] * bar[5] for bar in window) / 20 if window else None,
                "is_healthy": row - last_gap >= UNHEALTHY_BARS,
            }

    def newest(self, symbol, day):
        own = self.bars[symbol]
        return own[bisect.bisect_right([bar[0] for bar in own], day) - 1]


class Account:
    def __init__(self, world, calendar):
        self.settings, self.fill_at = world["settings"], world["fill"][len("next-") :]
        self.markets = {name: Market(world["bars"][name], calendar[name]) for name in CLASSES}
        self.cash = self.equity = CASH
        self.positions, self.orders, self.sales = [], [], {name: [] for name in CLASSES}
        self.trades, self.curve, self.left = [], [], set()

    def walk(self):
        for day in sorted({day for market in self.markets.values() for day in market.days}):
            opened = [name for name in CLASSES if day in self.markets[name].place]
            if self.fill_at == "open":
                for name in reversed(opened):  # a coin's day begins first
                    self.fill(name, day)
            for name in opened:
                if self.fill_at == "close":
                    self.fill(name, day)
                self.decide(name, day)
            for name in CLASSES:
                self.leave(name, day)
            self.mark()
            self.curve.append([day, self.equity])
        for own in self.positions:
            self.trades.append(self.trade(own, None, own["last"], "open"))
        return sorted(self.trades, key=lambda trade: (trade["entry_date"], trade["symbol"]))

    @staticmethod
    def trade(own, day, price, reason):
        return {
            "symbol": own["symbol"],
            "entry_date": own["entry_date"],
            "entry_price": own["entry_price"],
            "quantity": own["quantity"],
            "exit_date": day,
            "exit_price": price,
            "exit_reason": reason,
        }

    def mark(self):
        self.equity = self.cash + sum(own["quantity"] * own["last"] for own in self.positions)

    def sell(self, own, day, price, reason):
        self.cash += own["quantity"] * price
        self.trades.append(self.trade(own, day, price, reason))
        self.positions.remove(own)

    def fill(self, name, day):
        market, waiting = self.markets[name], []
        for own, reason in self.sales[name]:
            seen = market.seen[own["symbol"]].get(day)
            if own in self.positions and seen:
                self.sell(own, day, seen[self.fill_at], reason)
            elif own in self.positions:
                waiting.append((own, reason))
        self.sales[name] = waiting
        due = [order for order in self.orders if order["class"] == name]
        self.orders = [order for order in self.orders if order["class"] != name]
        for order in due:
            self.buy(order, market.seen[order["symbol"]].get(day), day)
        for own in [own for own in self.positions if own["class"] == name]:
            last = market.newest(own["symbol"], day)
            has_ended = market.bars[own["symbol"]][-1] is last
            if has_ended and market.place[day] - market.place[last[0]] >= DELISTED_AFTER:
                self.sell(own, last[0], last[4], "delisted")

    def buy(self, order, seen, day):
        if seen is None or seen[self.fill_at] <= order["stop"]:
            return
        price = seen[self.fill_at]
        free = max(0.0, self.cash - sum(own["quantity"] * own["price"] for own in self.orders))
        quantity = min(order["quantity"], free / price)
        quantity = math.floor(quantity) if order["class"] == "equity" else quantity
        if quantity <= 0:
            return
        self.cash -= quantity * price
        self.positions.append(
            {
                "class": order["class"],
                "symbol": order["symbol"],
                "quantity": quantity,
                "entry_price": price,
                "entry_date": day,
                "stop": order["stop"],
                "last": price,
            }
        )

    def decide(self, name, day):
        market = self.markets[name]
        for own in self.positions:
            if own["class"] == name and day in market.seen[own["symbol"]]:
                own["last"] = market.seen[own["symbol"]][day]["close"]
        self.mark()
        sold = []
        for own in self.positions:
            seen = market.seen[own["symbol"]].get(day) if own["class"] == name else None
            if seen and seen["volume"] == SELL:
                sold.append((own, "out"))
            elif seen and seen["close"] <= own["stop"]:
                sold.append((own, "hard_stop"))
        known = [own for own, _ in self.sales[name]]
        self.sales[name] += [sale for sale in sold if sale[0] not in known]
        with_bar = sum(day in seen for seen in market.seen.values())
        if with_bar * 2 >= len(market.seen):
            self.order(name, day, [own for own, _ in sold])

    def order(self, name, day, sold):
        kept = [own for own in self.positions if own not in sold]
        taken = {own["symbol"] for own in self.positions if own["class"] == name}
        taken |= {own["symbol"] for own in self.orders if own["class"] == name}
        slots = self.settings["max_positions"] - len(kept) - len(self.orders)
        invested = sum(own["quantity"] * own["last"] for own in kept)
        invested += sum(own["quantity"] * own["price"] for own in self.orders)
        candidates = []
        for symbol, rows in self.markets[name].seen.items():
            seen = rows.get(day)
            if seen and seen["volume"] == BUY and seen["atr14"] is not None and symbol not in taken:
                candidates.append((-(seen["adv20"] or 0.0), symbol, seen))
        for _, symbol, seen in sorted(candidates, key=lambda own: own[:2]):
            close = seen["close"]
            stop = close - STOP_ATR_MULT * seen["atr14"]
            if stop <= 0 or not seen["is_healthy"]:
                continue
            distance = (close - stop) / close
            fraction = min(self.settings["risk_per_trade"] / distance, self.settings["max_position"])
            quantity = self.equity * fraction / close
            quantity = math.floor(quantity) if name == "equity" else quantity
            notional = quantity * close
            if slots <= 0 or (invested + notional) / self.equity > self.settings["max_exposure"]:
                continue
            # An order may be all of the dollar volume here.
            if quantity <= 0 or seen["adv20"] is None or notional > seen["adv20"]:
                continue
            order = {"class": name, "symbol": symbol, "quantity": quantity, "price": close, "stop": stop}
            self.orders.append(order)
            slots, invested = slots - 1, invested + notional

    def leave(self, name, day):
        """Lets orders of a class lapse whose bars have ended, and sells what is held of it."""
        market, date = self.markets[name], datetime.date.fromisoformat
        last = market.days[-1]
        if name in self.left or (date(day) - date(last)).days <= LONGEST_REST:
            return
        self.orders = [order for order in self.orders if order["class"] != name]
        if sum(last < own <= day for own in market.calendar) >= DELISTED_AFTER:
            self.left.add(name)
            for own in [own for own in self.positions if own["class"] == name]:
                bar = market.newest(own["symbol"], last)
                self.sell(own, bar[0], bar[4], "data_end")


def main():
    calendar, worlds = calendars(), []
    # Halts, sales that wait for a bar, orders of a class that has ended, and its twentieth session: without the rule for
    # any of them one of these comes to something else.
    for seed in (2, 19, 25, 35):
        own = world(seed, calendar)
        account = Account(own, calendar)
        own["trades"] = account.walk()
        own["curve"] = account.curve
        worlds.append(own)
        print(seed, own["fill"], len(own["trades"]), account.curve[-1])
    text = json.dumps(worlds, separators=(",", ":")).replace('{"seed"', '\n{"seed"')
    (FIXTURES / "golden" / "portfolio.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

"""Times `ts` and its peers on the same bars and the same rule, in turn, and prints a table for each size.

Each program is one process that loads the bars and then does the work again and again (`main.rs` and `worker.py`),
and is asked for a round after the others, so that a busy minute is everybody's. After that each is run as a whole
process, from its start to its end. Fails where the trades of two programs differ.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import market

HERE = pathlib.Path(__file__).resolve().parent
PEERS = ["vectorbt[rust]", "vectorbt (numba)", "yuzu-backtest", "backtesting.py", "pandas"]
# A program whose round takes longer is asked for no other, the one that warms up not counted.
SLOW = 20.0


class Program:
    """A process that holds the bars and works when it is asked."""

    def __init__(self, name, call):
        self.name, self.started = name, time.perf_counter()
        self.process = subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.loaded = self.read()
        self.first, self.rounds = None, []

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended early: run its process by hand to see why")
        return json.loads(line)

    def ask(self, what):
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self.read()

    def round(self):
        if self.first is None:
            self.first = self.ask("go")
        elif not self.rounds or self.rounds[0]["trades"] < SLOW:
            self.rounds.append(self.ask("go"))

    def end(self):
        """Returns the trades of the last round, and the peak memory in MiB."""
        trades = [tuple(trade) for trade in self.ask("trades")["trades"]]
        self.process.stdin.close()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return trades, usage.ru_maxrss / 1024

    def seconds(self, part):
        """Returns the seconds of each round, without the first, which warms up."""
        return [told[part] for told in self.rounds if part in told]


def whole(call, folder):
    """Runs a process to its end, and returns its seconds and its peak memory in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(call, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{call[0]} ended with {process.returncode}: {' '.join(map(str, call))}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def own(ts, command, *rest):
    return [ts, "--now", market.NOW, command, "--asset-class", "equity", "--from", "2000-01-01", *rest]


def backtest(ts):
    return own(ts, "backtest", "--no-costs", "--output", "report.txt")


def signals(ts):
    return own(ts, "signals", "--format", "csv", "--output", "signals.csv")


def check(name, trades, reference):
    """Fails where a program made other trades than `ts`: other dates, or a gain that is not the same."""
    if [trade[:3] for trade in trades] != [trade[:3] for trade in reference]:
        one = sorted(set(map(tuple, trades)) ^ set(map(tuple, reference)), key=str)[:4]
        raise SystemExit(f"{name} made {len(trades)} trades, ts {len(reference)}; they differ, first in {one}")
    for trade, other in zip(trades, reference):
        if trade[3] is not None and abs(trade[3] - other[3]) > 1e-9:
            raise SystemExit(f"{name} gained {trade}, ts {other}")


def figure(times):
    """Writes a median with the least."""
    if not times:
        return "–"
    return f"{statistics.median(times):.3f} ({min(times):.3f})"


def compare(options, symbols):
    folder = market.make(options.folder, symbols, options.ts)
    worker = [sys.executable, str(HERE / "worker.py")]
    calls = {"ts": [options.in_process, str(folder), market.NOW]}
    calls |= {name: [*worker, name, str(folder)] for name in PEERS if name not in options.without}
    programs = [Program(name, call) for name, call in calls.items()]
    for turn in range(options.rounds + 1):
        # Each goes first in turn.
        first = turn % len(programs)
        for program in programs[first:] + programs[:first]:
            program.round()
    reference, memory = programs[0].end()
    trades = {"ts": reference}
    peak = {"ts": memory}
    for program in programs[1:]:
        trades[program.name], peak[program.name] = program.end()
        check(program.name, trades[program.name], reference)
    wholes = {name: [] for name in calls}
    scans, memories = [], []
    for _ in range(options.whole):
        for name in calls:
            call = backtest(options.ts) if name == "ts" else [*calls[name], "--once"]
            seconds, memory = whole(call, folder)
            wholes[name].append(seconds)
            if name == "ts":
                memories.append(memory)
                scans.append(whole(signals(options.ts), folder)[0])

    still_open = sum(trade[2] is None for trade in reference)
    print(f"\n{symbols:,} symbols × {market.SESSIONS:,} bars: {len(reference):,} trades, {still_open} of them still")
    print(f"open, the same of every program; {programs[0].rounds[-1]['found']:,} raw signals of `ts`.\n")
    print("| program | load | signals | signals and trades | ÷ `ts` | whole process | ÷ `ts` | memory |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    base = statistics.median(programs[0].seconds("trades"))
    base_whole = statistics.median(wholes["ts"])
    for program in programs:
        name, all_of_it = program.name, program.seconds("trades")
        ratio = statistics.median(all_of_it) / base
        total = statistics.median(wholes[name])
        memory = max([peak[name], *(memories if name == "ts" else [])])
        print(
            f"| {name} | {program.loaded['load']:.2f} | {figure(program.seconds('signals'))} | {figure(all_of_it)} "
            f"| {ratio:.2f} | {figure(wholes[name])} | {total / base_whole:.2f} | {memory:.0f} MiB |"
        )
    prepare = figure(programs[0].seconds("prepare"))
    print(f"\n`ts`: features take {prepare} of either; `ts signals`, whole, {figure(scans)} s.")
    imports = [f"{program.name} {program.loaded['library']:.1f}" for program in programs[1:]]
    firsts = [f"{program.name} {program.first['trades']:.2f}" for program in programs]
    print(f"Importing and building a peer's own tables, s: {', '.join(imports)}.")
    print(f"The first round, compilation included, s: {', '.join(firsts)}.", flush=True)


def alone(options, symbols):
    """Times `ts` by itself: as a whole process, and the parts within it."""
    folder = market.make(options.folder, symbols, options.ts)
    program = Program("ts", [options.in_process, str(folder), market.NOW])
    program.round()
    program.round()
    trades, memory = program.end()
    told = program.rounds[-1]
    print(f"\n{symbols:,} symbols × {market.SESSIONS:,} bars, `ts` alone: {len(trades):,} trades,")
    print(f"{told['found']:,} raw signals.\n\n| | s | memory |\n|---|---:|---:|")
    for name, part in (("load", program.loaded["load"]), ("features", told["prepare"])):
        print(f"| {name} | {part:.2f} | |")
    print(f"| signals | {told['signals']:.2f} | |\n| signals and trades | {told['trades']:.2f} | {memory:.0f} MiB |")
    for name, call in (("ts signals", signals(options.ts)), ("ts backtest", backtest(options.ts))):
        seconds, memory = whole(call, folder)
        print(f"| whole `{name}` | {seconds:.2f} | {memory:.0f} MiB |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ts", type=os.path.abspath, required=True, help="the program")
    parser.add_argument("--in-process", type=os.path.abspath, required=True, help="the bench `peers`, built")
    parser.add_argument("--folder", required=True, help="where the markets are kept")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 1_000], help="symbols, against the peers")
    parser.add_argument("--alone", type=int, nargs="*", default=[10_000], help="symbols, for ts by itself")
    parser.add_argument("--rounds", type=int, default=9, help="after the first, which warms up")
    parser.add_argument("--whole", type=int, default=3, help="runs of each whole process")
    parser.add_argument("--without", nargs="*", default=[], choices=PEERS, help="peers that are left out")
    options = parser.parse_args()
    if options.rounds < 1 or options.whole < 1:
        parser.error("--rounds and --whole are 1 or more")
    print(f"Seconds, median (least); {os.cpu_count()} cores; load before: {os.getloadavg()[0]:.1f}")
    for symbols in options.sizes:
        compare(options, symbols)
    for symbols in options.alone:
        alone(options, symbols)


main()

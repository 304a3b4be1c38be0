"""How the references in Python are timed: in the process, as criterion times ours."""

import statistics
import time


def median_time(work, repetitions):
    """Returns the median of the seconds that `work` takes, after one run that does not count."""
    work()
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)

"""Reads with polars-python the very Parquet files that `benches/cache.rs` left in a folder.

One file at a time, and all of them in one call, which polars spreads over the processors and stacks
into one frame. `ts` does more to each: it reads the meta too, compares the file's SHA-256, and checks
every bar.

Usage: parquet_reference.py FOLDER [repetitions], which prints one JSON object: seconds by benchmark
(the median), and the sum of all closes, which must be that of `cache.rs`.
"""

import json
import pathlib
import sys

import polars

from timing import median_time


def main():
    folder = pathlib.Path(sys.argv[1])
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    files = sorted(folder.glob("*.parquet"))
    whole = polars.read_parquet(files)
    bars = whole.height // len(files)
    result = {
        "versions": f"Python {sys.version.split()[0]}, polars {polars.__version__}",
        "closes": whole["close"].sum(),
        "read": {
            f"cache_get/1x{bars}": median_time(lambda: polars.read_parquet(files[0]), repetitions * 20),
            f"cache_get_many/{len(files)}x{bars}": median_time(lambda: polars.read_parquet(files), repetitions),
        },
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

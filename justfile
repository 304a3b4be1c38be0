# The commands one types most; `just` lists them.

default:
    @just --list

# The main job on the embedded simulated market
demo:
    cargo run --release -- run --dry-run --demo

# What CI runs
ci:
    .ci/run

# Tests alone
test:
    cargo test

# Format, then lint
lint:
    cargo fmt
    cargo clippy --all-targets -- --deny warnings

# Benchmarks, and the pandas reference beside them
bench:
    cargo bench
    python3 benches/pandas_reference.py

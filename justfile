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

# Benchmarks and the pandas reference in turn, in one table
bench:
    benches/run

# Draw the README's picture again from the program's own output
screenshot:
    cargo run -- run --dry-run --demo --now 2026-11-22T12:00:00Z --format html --output target/preview.html
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=700,1290 \
        --screenshot=docs/preview.png file://$PWD/target/preview.html

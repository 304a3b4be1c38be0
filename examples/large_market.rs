//! Decides one session of a large market from generated bars, with nothing but the library: no
//! folder, network or clock. Says what was decided, and how long it took.
//!
//! `cargo run --release --example large_market -- 10000 520` (symbols, sessions; 1000 and 520
//! where they are not given)

#[path = "../benches/market/mod.rs"]
mod market;

use std::time::Instant;

use anyhow::Context as _;
use ts::decide::decide;
use ts::decide::prepare_since;
use ts::domain::Book;
use ts::settings::Settings;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut count = |default: usize| match arguments.next() {
        Some(text) => text.parse().with_context(|| format!("`{text}` is not a count")),
        None => Ok(default),
    };
    let (symbols, sessions) = (count(1_000)?, count(520)?);

    let settings = Settings::defaults();
    let scripts = market::shipped_scripts(&settings);
    let market = market::market(symbols, sessions);
    let session = market::newest(&market);
    let book = Book::of_cash(settings.risk.account_equity);

    let started = Instant::now();
    let prepared = prepare_since(market, &scripts, session, market::missing_between)?;
    let (decision, problems) = decide(&prepared, &scripts, &settings, &book, session);
    let taken = started.elapsed();

    for buy in &decision.recommendations {
        println!(
            "buy {} at {:.2}, stop {:.2}: {}",
            buy.symbol, buy.entry_price, buy.stop_price, buy.reasoning
        );
    }
    println!(
        "{symbols} symbols x {sessions} sessions: {} recommended, {} filtered, {} problems, in {:.3} s",
        decision.recommendations.len(),
        decision.filtered.len(),
        problems.len(),
        taken.as_secs_f64()
    );
    Ok(())
}

//! Decides on bars of one's own, with the built-in strategies and no file, network or clock:
//! `cargo run --example decide_own_bars`.
//!
//! Whoever has bars in memory needs nothing else of `ts`: the core is a function of bars,
//! scripts, settings and a book.

use std::error::Error;

use chrono::NaiveDate;

use ts::bars;
use ts::calendar;
use ts::decide;
use ts::decide::MarketBars;
use ts::domain::{AssetClass, Bar, Book, Symbol};
use ts::scripts;
use ts::scripts::{Options, Scripts};
use ts::settings::Settings;

const CLASS: AssetClass = AssetClass::Equity;

fn main() -> Result<(), Box<dyn Error>> {
    let session = NaiveDate::from_ymd_opt(2026, 11, 20).ok_or("no such day")?;
    let settings = Settings::defaults();
    let (scripts, broken) = Scripts::compile(&scripts::embedded(), &Options::of(&settings));
    let (bars, dropped) = bars::check(Symbol::new("ACME")?, bars_until(session), session);
    let market = MarketBars::of(CLASS, vec![bars]);
    let missing_between = |after, before| calendar::sessions_between(CLASS, after, before);
    let prepared = decide::prepare(market, &scripts, missing_between)?;
    let book = Book::of_cash(settings.risk.account_equity);
    let (decision, problems) = decide::decide(&prepared, &scripts, &settings, &book, session);
    for buy in &decision.recommendations {
        println!(
            "BUY {} at {:.2}, stop {:.2}\n{}",
            buy.symbol, buy.entry_price, buy.stop_price, buy.reasoning
        );
    }
    for problem in broken.iter().chain(&dropped).chain(&problems) {
        println!("note: {problem}");
    }
    Ok(())
}

/// Makes 120 sessions that rise by half a percent each and end 2 % higher: a breakout.
fn bars_until(last: NaiveDate) -> Vec<Bar> {
    let mut bars = Vec::new();
    let mut date = last;
    for sessions_ago in 0..120 {
        let jump = if sessions_ago == 0 { 1.02 } else { 1.0 };
        let close = 100.0 / 1.005_f64.powi(sessions_ago) * jump;
        let (open, high, low) = (close * 0.998, close * 1.004, close * 0.996);
        bars.push(Bar { date, open, high, low, close, volume: 2_000_000.0 });
        date = calendar::previous_session(CLASS, date);
    }
    bars
}

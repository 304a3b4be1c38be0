//! A market that does not exist, for demonstrations and tests: the same bars on every machine.
//!
//! Refuses logarithms, exponentials, powers and fused operations, whose last digit differs
//! between machines: only + − × ÷ and rounding on `f64`, and integers for chance. The algorithm:
//!
//! 1. Sessions are numbered from the first session on or after [`EPOCH`]; every symbol is always
//!    generated from number 0, so that a bar does not depend on the span that was asked for.
//! 2. FNV-1a over (asset class, symbol), mixed with the seed, is the symbol's key; splitmix64
//!    over the key, a purpose and a session's number gives that session's draws (`random`).
//! 3. A symbol lives in cycles: a quick recovery, a long advance, a top, a decline to a trough set
//!    relative to a slowly growing anchor, a base; some stocks' cycles are calm instead (`cycle`).
//!    Each symbol belongs to one of ten groups whose cycles are staggered evenly, so that
//!    at all times some advance. SPY and BTC are milder (`shape` has all constants).
//! 4. A session's close is the last close × (1 + own move + β × the class's shared move). In an
//!    advance, the own move is its drift and little noise; every fifth week, in turn with the
//!    other groups, it is uneasy and may pull back. In a decline it is the mean move that still
//!    reaches the trough; sideways it is a tenth of the way back to a level; both with much noise.
//! 5. The open is the last close and a small gap; high and low lie beyond both by a drawn shadow;
//!    volume is a drawn dollar volume over the close, higher on large moves and 20-day highs.
//! 6. Prices are rounded: equities to 4 decimals, crypto to 8 digits.

mod cycle;
mod random;
mod shape;
mod walk;

use chrono::NaiveDate;

use super::BoxFuture;
use super::Fetched;
use super::Limits;
use super::Request;
use super::Source;
use super::SourceError;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use random::Key;
use shape::Shape;
use walk::Walk;

/// The seed of `--demo`.
pub const SEED: u64 = 20_240_102;

/// No session before this day has a bar.
pub const EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(2015, 1, 2) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// Deals the symbols to the groups, whatever the seed: with this number each of the ten default
/// coins has a group of its own, and the thirty default stocks are spread over all of them.
const DEAL: u64 = 11_382_789;

/// The embedded market.
#[derive(Clone, Copy, Debug)]
pub struct Simulated {
    seed: u64,
    is_session: fn(AssetClass, NaiveDate) -> bool,
}

impl Simulated {
    /// Makes a market of a seed, trading on the days of a calendar.
    pub fn new(seed: u64, is_session: fn(AssetClass, NaiveDate) -> bool) -> Self {
        Self { seed, is_session }
    }

    /// Returns any symbol's bars over a span, both ends included, oldest first. Empty before
    /// `EPOCH`; the work grows with the distance of `to` from it.
    pub fn bars(&self, request: &Request) -> Vec<Bar> {
        self.trade(request, &self.sessions(request.asset_class, request.to))
    }

    fn sessions(&self, asset_class: AssetClass, to: NaiveDate) -> Vec<NaiveDate> {
        EPOCH
            .iter_days()
            .take_while(|day| *day <= to)
            .filter(|day| (self.is_session)(asset_class, *day))
            .collect()
    }

    /// Trades through `sessions`, all from the first, and keeps those of the request's span.
    fn trade(&self, request: &Request, sessions: &[NaiveDate]) -> Vec<Bar> {
        let (class, symbol) = (request.asset_class.as_str(), request.symbol.as_str());
        let key = Key::new(self.seed, &[class, symbol]);
        let market = Key::new(self.seed, &[class]);
        let place = Key::new(DEAL, &[class, symbol]).bits();
        let mut walk = Walk::new(shape_of(request.asset_class, &request.symbol), key, market, place);
        let wanted = sessions.partition_point(|day| *day < request.from);
        let end = sessions.partition_point(|day| *day <= request.to);
        let mut bars = Vec::with_capacity(end.saturating_sub(wanted));
        for (number, day) in sessions[..end].iter().enumerate() {
            let trade = walk.step();
            if number >= wanted {
                bars.push(Bar {
                    date: *day,
                    open: trade.open,
                    high: trade.high,
                    low: trade.low,
                    close: trade.close,
                    volume: trade.volume,
                });
            }
        }
        bars
    }
}

impl Source for Simulated {
    fn name(&self) -> &str {
        "simulated"
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move { Ok(Fetched { bars: self.bars(request), ..Fetched::default() }) })
    }
}

fn shape_of(asset_class: AssetClass, symbol: &Symbol) -> &'static Shape {
    match (asset_class, symbol.as_str()) {
        (AssetClass::Equity, "SPY") => &shape::EQUITY_BENCHMARK,
        (AssetClass::Equity, _) => &shape::EQUITY,
        (AssetClass::Crypto, "BTC") => &shape::CRYPTO_BENCHMARK,
        (AssetClass::Crypto, _) => &shape::CRYPTO,
    }
}

#[cfg(test)]
mod tests;

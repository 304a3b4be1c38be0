//! Asks a vendor for whole days of the market, and brings the histories up to them.
//!
//! Where the vendor refuses a day, or the list of splits that vouches for what is appended, each symbol
//! is asked for by itself: what one call does not give must not cost every symbol.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use tracing::warn;

use super::answers::{Answered, Round};
use super::live::Live;
use crate::cache::{Ask, Need, Plan, SplitAnswer};
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::SourceError;
use crate::sources::{Limits, WholeMarket, WholeMarketBars};

/// A price that moved further than this may have been split.
const SPLIT_MOVE: f64 = 1.1;

impl Live {
    /// Asks for the whole market, day by day, and fills the histories that end right before.
    pub(super) async fn ask_days(&mut self, round: &mut Round<'_>, plan: &Plan) {
        let mut market: BTreeMap<Symbol, Vec<Bar>> =
            plan.by_day.iter().map(|symbol| (symbol.clone(), Vec::new())).collect();
        let mut days = Vec::new();
        // Symbols of which a row could not be read: whether they traded, or were split, is not known.
        let mut doubtful = BTreeSet::new();
        let mut failure = None;
        for day in &plan.days {
            let answer = round.source.market(round.ask.asset_class, *day).await;
            round.step();
            match answer.and_then(|whole| known_rows(whole, *day, &round.ask)) {
                Ok(WholeMarketBars { bars, unread }) => {
                    days.push(*day);
                    let told: BTreeSet<&Symbol> = bars.iter().map(|(symbol, _)| symbol).collect();
                    let is_unread = |symbol: &&Symbol| unread.may_concern(symbol) && !told.contains(symbol);
                    doubtful.extend(plan.by_day.iter().filter(is_unread).cloned());
                    for (symbol, bar) in bars {
                        market.entry(symbol).and_modify(|own| own.push(bar));
                    }
                }
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        // The whole market's rows of other symbols are of no use to anyone here.
        let has_rows = market.values().any(|rows| !rows.is_empty());
        let mut has_splits = true;
        if has_rows && let Some((from, to)) = plan.splits {
            let answer = round.source.splits(None, from, to).await;
            round.step();
            match answer {
                Ok(told) => {
                    let is_unread = |symbol: &&Symbol| {
                        let is_named = told.unread.symbols.contains(symbol);
                        is_named || told.unread.nameless > 0 && self.has_moved(symbol, &market)
                    };
                    doubtful.extend(plan.by_day.iter().filter(is_unread).cloned());
                    let answer = SplitAnswer {
                        asset_class: round.ask.asset_class,
                        symbol: None,
                        source: round.ask.source.to_owned(),
                        from,
                        to,
                        asked_at: self.span.now,
                        unread: BTreeSet::new(),
                    };
                    self.learn_splits(answer, told).await;
                }
                Err(error) => {
                    // Without the list, nobody knows whether the histories still hold.
                    has_splits = false;
                    failure = Some(error);
                }
            }
        }
        round.gave_bars |= has_rows;
        if has_rows && has_splits {
            let mut entries = Vec::new();
            for (symbol, rows) in market {
                if doubtful.contains(&symbol) {
                    continue;
                }
                let is_silent = rows.is_empty();
                match self.answer_by_day(&symbol, &days, rows, &round.ask) {
                    // It did not trade: there is nothing to write, and nothing was seen again.
                    Answered::Keep(_) if is_silent => drop(round.answered.insert(symbol)),
                    answered => entries.extend(round.took(&symbol, answered)),
                }
            }
            self.keep(entries, round.ask.source).await;
        }
        match failure {
            Some(error @ SourceError::NotYet { .. }) => {
                let what = format!("{error} ({} symbols)", plan.by_day.len());
                self.problems.push(Problem::new(round.ask.asset_class, ProblemKind::Source, what));
                let sound = plan.by_day.iter().filter(|symbol| self.outdated(symbol).is_none());
                round.answered.extend(sound.filter(|symbol| !doubtful.contains(*symbol)).cloned());
            }
            Some(error) => {
                warn!("{error}");
                self.ask_alone(round, &plan.by_day);
                return;
            }
            None => {}
        }
        self.ask_alone(round, &doubtful);
    }

    /// Tells whether a symbol's bars of the market are so far from those that are held that a split may
    /// lie between: of one that nobody can name, it is the only sign.
    fn has_moved(&self, symbol: &Symbol, market: &BTreeMap<Symbol, Vec<Bar>>) -> bool {
        let newest = market.get(symbol).and_then(|rows| rows.iter().max_by_key(|bar| bar.date));
        let held = self.cached(symbol).and_then(|cached| cached.bars.iter().last());
        let ratio = newest.zip(held).map(|(newest, held)| newest.close / held.close);
        ratio.is_some_and(|ratio| !(1.0 / SPLIT_MOVE..=SPLIT_MOVE).contains(&ratio))
    }

    /// Plans the symbols' own calls where those for the whole market failed: one that the plan does not
    /// include, or a list of splits that is down, must not cost every symbol.
    fn ask_alone<'s>(&self, round: &mut Round<'_>, symbols: impl IntoIterator<Item = &'s Symbol>) {
        let alone = Limits { whole_market: WholeMarket::Unavailable, ..round.ask.limits };
        let open: Vec<Symbol> =
            symbols.into_iter().filter(|symbol| self.outdated(symbol).is_none()).cloned().collect();
        let held = open.iter().filter_map(|symbol| Some((symbol.clone(), self.holding(symbol)?)));
        let own = Plan::new(&Ask { limits: alone, ..round.ask }, &open, &held.collect());
        if !own.fetches.is_empty() {
            warn!("{} symbols are asked for one by one", own.fetches.len());
        }
        own.fetches.into_iter().for_each(|fetch| round.again(fetch));
        round.queue.make_contiguous().sort_by_key(|fetch| fetch.need == Need::Whole);
    }
}

/// Takes the newest day without any bar for one that the vendor does not have yet. An older one is
/// answered all the same: the exchange was closed on it, whatever the calendar says.
fn known_rows(whole: WholeMarketBars, day: NaiveDate, ask: &Ask<'_>) -> Result<WholeMarketBars, SourceError> {
    if whole.bars.is_empty() && day >= ask.last_finished {
        let place = format!("{} (whole market of {day})", ask.source);
        return Err(SourceError::NotYet { place, what: "it has no bar of that session".to_owned() });
    }
    Ok(whole)
}

//! Carries out the plan of calls to one vendor: days of the whole market, then symbol by symbol.
//!
//! A vendor that fails for its own reasons, twice in a row, is not asked for the rest: without a
//! network, five calls a minute and their retries would take an hour to say what two say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::NaiveDate;
use tokio::task::JoinSet;
use tracing::{Instrument, info};

use super::live::Live;
use crate::cache::{Ask, Entry, Fetch, Need, Plan};
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::{Fetched, Source, SourceError};
use crate::sources::{Limits, WholeMarket};

/// Failures in a row after which a vendor is given up.
const GIVE_UP: usize = 2;

/// The most symbols that are asked for at once.
const AT_ONCE: u32 = 8;

/// What became of an answer.
pub(super) enum Answered {
    Keep(Entry),
    /// The history is to be fetched again.
    Again(Fetch),
    /// There is nothing to keep; the reason is told already.
    Nothing,
}

/// Told the calls that are done, and how many there are.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Send + Sync);

/// One vendor, asked once.
struct Round<'a> {
    source: &'a Arc<dyn Source>,
    ask: Ask<'a>,
    queue: VecDeque<Fetch>,
    done: usize,
    total: usize,
    /// Symbols for which the vendor gave an answer, or said that it has none yet.
    answered: BTreeSet<Symbol>,
    progress: Progress<'a>,
}

impl Round<'_> {
    fn step(&mut self) {
        self.done += 1;
        (self.progress)(self.done, self.total.max(self.done));
    }

    fn again(&mut self, fetch: Fetch) {
        self.total += 1;
        self.queue.push_back(fetch);
    }
}

impl Live {
    /// Asks one vendor for what the symbols lack, and keeps what comes.
    pub(super) async fn ask_vendor(
        &mut self,
        source: &Arc<dyn Source>,
        symbols: &[Symbol],
        progress: Progress<'_>,
    ) {
        let name = source.name().to_owned();
        let ask = self.ask(&name, source.as_ref());
        let mut plan = self.plan(&ask, symbols);
        if !self.was_asked || plan.calls() > 0 {
            info!("{}", plan.log_line());
        }
        if plan.calls() > 0 {
            info!("{}", plan.to_string().lines().next().unwrap_or_default());
        }
        self.was_asked = true;
        if !plan.waiting.is_empty() {
            let what = format!(
                "{name} did not have {} yet when it was asked minutes ago, for {} symbols",
                self.span.session,
                plan.waiting.len()
            );
            self.problems.push(Problem::new(self.span.asset_class, ProblemKind::Source, what));
        }
        // Tails come first: a vendor that refuses histories may still have them.
        plan.fetches.sort_by_key(|fetch| fetch.need == Need::Whole);
        let mut round = Round {
            source,
            ask,
            queue: std::mem::take(&mut plan.fetches).into(),
            done: 0,
            total: plan.days.len() + usize::from(plan.splits.is_some()),
            answered: BTreeSet::new(),
            progress,
        };
        round.total += round.queue.len();
        if round.total > 0 {
            progress(0, round.total);
        }
        if !plan.days.is_empty() {
            self.ask_days(&mut round, &plan).await;
        }
        self.ask_symbols(&mut round).await;
        let lacking: Vec<Symbol> =
            round.answered.iter().filter(|symbol| self.lacks(symbol)).cloned().collect();
        self.note_not_yet(lacking, &name).await;
    }

    /// Asks for the whole market, day by day, and fills the histories that end right before.
    async fn ask_days(&mut self, round: &mut Round<'_>, plan: &Plan) {
        let mut market: BTreeMap<Symbol, Vec<Bar>> =
            plan.by_day.iter().map(|symbol| (symbol.clone(), Vec::new())).collect();
        let mut days = Vec::new();
        for day in &plan.days {
            let answer = round.source.market(round.ask.asset_class, *day).await;
            round.step();
            match answer.and_then(|market| some_rows(market.bars, *day, round.ask.source)) {
                Ok(rows) => {
                    days.push(*day);
                    for (symbol, bar) in rows {
                        market.entry(symbol).and_modify(|own| own.push(bar));
                    }
                }
                Err(error) => {
                    self.days_failed(round, plan, &error);
                    break;
                }
            }
        }
        if days.is_empty() {
            return;
        }
        if let Some((from, to)) = plan.splits {
            let answer = round.source.splits(None, from, to).await;
            round.step();
            match answer {
                Ok(splits) => self.splits.extend(splits.splits),
                Err(error) => {
                    // Without the list, nobody knows whether the histories still hold.
                    plan.by_day.iter().for_each(|symbol| self.fail(symbol, error.to_string()));
                    return;
                }
            }
        }
        let is_whole = days.len() == plan.days.len();
        let mut entries = Vec::new();
        for (symbol, rows) in market {
            // Days cut short would look as if the newest bars had vanished.
            if self.is_seen_again(&symbol) && !is_whole {
                continue;
            }
            round.answered.insert(symbol.clone());
            match self.answer_by_day(&symbol, &days, rows, &round.ask) {
                Answered::Keep(entry) => entries.push(entry),
                Answered::Again(fetch) => round.again(fetch),
                Answered::Nothing => {}
            }
        }
        self.keep(entries, round.ask.source).await;
    }

    /// Tells why a day of the whole market did not come. Where its call is refused, the symbols'
    /// own calls may not be.
    fn days_failed(&mut self, round: &mut Round<'_>, plan: &Plan, error: &SourceError) {
        if matches!(error, SourceError::NotYet { .. }) {
            let what = format!("{error} ({} symbols)", plan.by_day.len());
            self.problems.push(Problem::new(round.ask.asset_class, ProblemKind::Source, what));
            round.answered.extend(plan.by_day.iter().cloned());
            return;
        }
        if error.is_transient() {
            plan.by_day.iter().for_each(|symbol| self.fail(symbol, error.to_string()));
            return;
        }
        let alone = Limits { whole_market: WholeMarket::Unavailable, ..round.ask.limits };
        let held = plan.by_day.iter().filter_map(|symbol| Some((symbol.clone(), self.holding(symbol)?)));
        let own = Plan::new(&Ask { limits: alone, ..round.ask }, &plan.by_day, &held.collect());
        own.fetches.into_iter().for_each(|fetch| round.again(fetch));
    }

    /// Asks symbol by symbol, a few at once where the vendor's limit allows, and keeps every answer
    /// before the next is waited for.
    async fn ask_symbols(&mut self, round: &mut Round<'_>) {
        let at_once = round.ask.limits.requests_per_minute.map_or(AT_ONCE, |limit| limit / 5);
        let at_once = at_once.clamp(1, AT_ONCE) as usize;
        let mut tasks = JoinSet::new();
        let mut asked = BTreeMap::new();
        let mut failed_in_a_row = 0;
        let mut last_failure = String::new();
        let mut has_answered = false;
        loop {
            // Until the vendor has answered once, one symbol is the probe for all.
            let width = if has_answered { at_once } else { 1 };
            while tasks.len() < width
                && failed_in_a_row < GIVE_UP
                && let Some(fetch) = round.queue.pop_front()
            {
                let (source, request) = (Arc::clone(round.source), fetch.request.clone());
                let task = tasks.spawn(async move { source.daily(&request).await }.in_current_span());
                asked.insert(task.id(), fetch);
            }
            let Some(first) = tasks.join_next_with_id().await else { break };
            let mut batch = vec![first];
            while let Some(more) = tasks.try_join_next_with_id() {
                batch.push(more);
            }
            let mut entries = Vec::new();
            for joined in batch {
                let (id, answer) = match joined {
                    Ok((id, answer)) => (id, answer),
                    Err(error) => (error.id(), Err(broke_down(round.ask.source))),
                };
                let Some(fetch) = asked.remove(&id) else { continue };
                round.step();
                match answer {
                    Ok(Fetched { bars, problems, notes }) => {
                        notes.iter().for_each(|note| info!("{}: {note}", fetch.request.symbol));
                        failed_in_a_row = 0;
                        has_answered = true;
                        self.problems.extend(problems);
                        round.answered.insert(fetch.request.symbol.clone());
                        match self.answer(&fetch, bars, &round.ask) {
                            Answered::Keep(entry) => entries.push(entry),
                            Answered::Again(fetch) => round.again(fetch),
                            Answered::Nothing => {}
                        }
                    }
                    Err(error) => {
                        last_failure = error.to_string();
                        failed_in_a_row = if is_of_vendor(&error) { failed_in_a_row + 1 } else { 0 };
                        self.fail(&fetch.request.symbol, &last_failure);
                    }
                }
            }
            self.keep(entries, round.ask.source).await;
        }
        for fetch in std::mem::take(&mut round.queue) {
            let why =
                format!("{} was not asked after it failed for others: {last_failure}", round.ask.source);
            self.fail(&fetch.request.symbol, why);
        }
    }
}

/// Takes a day without any bar for one that the vendor does not have yet.
fn some_rows(
    rows: Vec<(Symbol, Bar)>,
    day: NaiveDate,
    source: &str,
) -> Result<Vec<(Symbol, Bar)>, SourceError> {
    if rows.is_empty() {
        let place = format!("{source} (whole market of {day})");
        return Err(SourceError::NotYet { place, what: "it has no bar of that session".to_owned() });
    }
    Ok(rows)
}

/// Tells whether a failure is likely to meet the next symbol too.
fn is_of_vendor(error: &SourceError) -> bool {
    match error {
        SourceError::Unreachable { .. }
        | SourceError::Transport { .. }
        | SourceError::Uncounted { .. }
        | SourceError::RateLimited { .. }
        | SourceError::Unauthorised { .. }
        | SourceError::Unsupported { .. } => true,
        SourceError::Status { code, .. } => matches!(code, 300..400 | 403 | 451 | 500..),
        SourceError::UnknownSymbol { .. } | SourceError::Malformed { .. } | SourceError::NotYet { .. } => {
            false
        }
    }
}

fn broke_down(source: &str) -> SourceError {
    let what = "the source broke down; please report it".to_owned();
    SourceError::Transport { place: source.to_owned(), what }
}

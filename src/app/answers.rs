//! Carries out the plan of calls to one vendor: days of the whole market (see `days`), then symbol by
//! symbol.
//! When a vendor is not asked for the rest, `give_up` says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::{Instrument, info};

use super::give_up::Faults;
use super::live::Live;
use crate::cache::{Absent, Ask, Entry, Fetch, Need, Plan};
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::{Source, SourceError};

/// The most symbols that are asked for at once.
const AT_ONCE: u32 = 8;

/// What became of an answer.
#[derive(Debug)]
pub(super) enum Answered {
    Keep(Box<Entry>),
    /// The history is to be fetched again.
    Again(Fetch),
    /// The vendor has nothing of a symbol of which nothing is held; the reason is told already.
    Empty,
    /// There is nothing to keep; the reason is told already.
    Nothing,
}

/// Told the calls that are done, and how many there are.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Send + Sync);

/// One vendor, asked once.
pub(super) struct Round<'a> {
    pub(super) source: &'a Arc<dyn Source>,
    pub(super) ask: Ask<'a>,
    pub(super) queue: VecDeque<Fetch>,
    pub(super) done: usize,
    pub(super) total: usize,
    /// Symbols for which the vendor gave bars that were taken, or said that it has none yet.
    pub(super) answered: BTreeSet<Symbol>,
    /// Whether it gave a bar of any symbol.
    pub(super) gave_bars: bool,
    /// What the vendor says not to know.
    pub(super) unknown: Vec<Absent>,
    /// Of which it gave no bar, without a word.
    pub(super) silent: Vec<Absent>,
    /// Symbols whose history was found to be wrong.
    pub(super) outdated: Vec<Symbol>,
    pub(super) progress: Progress<'a>,
}

impl Round<'_> {
    pub(super) fn step(&mut self) {
        self.done += 1;
        (self.progress)(self.done, self.total.max(self.done));
    }

    pub(super) fn again(&mut self, fetch: Fetch) {
        self.total += 1;
        self.queue.push_back(fetch);
    }

    fn absent(&self, symbol: &Symbol) -> Absent {
        Absent {
            asset_class: self.ask.asset_class,
            symbol: symbol.clone(),
            source: self.ask.source.to_owned(),
            asked_at: self.ask.now,
            from: self.ask.from,
            session: self.ask.last_finished,
        }
    }

    /// Carries out what became of an answer, and returns what there is to keep.
    pub(super) fn took(&mut self, symbol: &Symbol, answered: Answered) -> Option<Entry> {
        match answered {
            Answered::Keep(entry) => {
                self.answered.insert(symbol.clone());
                return Some(*entry);
            }
            Answered::Again(fetch) => {
                // Whatever it said before was about another history.
                self.answered.remove(symbol);
                self.outdated.push(symbol.clone());
                self.again(fetch);
            }
            Answered::Empty => self.silent.push(self.absent(symbol)),
            Answered::Nothing => {}
        }
        None
    }
}

impl Live {
    /// Asks one vendor for what the symbols lack, the most important first, and keeps what comes.
    pub(super) async fn ask_vendor(
        &mut self,
        source: &Arc<dyn Source>,
        symbols: &[Symbol],
        progress: Progress<'_>,
    ) {
        let name = source.name().to_owned();
        let ask = self.ask(&name, source.as_ref());
        let mut plan = self.plan(&ask, symbols);
        self.plan_checks(&mut plan, source.as_ref(), symbols);
        if !self.was_asked || plan.calls() > 0 {
            info!("{}", plan.log_line());
        }
        if plan.calls() > 0 {
            info!("{}", plan.to_string().lines().next().unwrap_or_default());
        }
        self.was_asked = true;
        self.tell_unasked(&plan, &ask);
        // Tails come first: a vendor that refuses histories may still have them.
        plan.fetches.sort_by_key(|fetch| fetch.need == Need::Whole);
        let mut round = Round {
            source,
            ask,
            queue: std::mem::take(&mut plan.fetches).into(),
            done: 0,
            total: plan.days.len() + usize::from(plan.splits.is_some()),
            answered: BTreeSet::new(),
            gave_bars: false,
            unknown: Vec::new(),
            silent: Vec::new(),
            outdated: Vec::new(),
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
        self.remember(round).await;
    }

    /// Tells which symbols the vendor is not asked for, and why.
    fn tell_unasked(&mut self, plan: &Plan, ask: &Ask<'_>) {
        let name = ask.source;
        if !plan.waiting.is_empty() {
            let what = format!(
                "{name} did not have {} yet when it was asked minutes ago, for {} symbols",
                self.span.session,
                plan.waiting.len()
            );
            self.problems.push(Problem::new(self.span.asset_class, ProblemKind::Source, what));
            self.wait_for(plan.waiting.iter().cloned());
        }
        for symbol in &plan.absent {
            let Some(asked_at) = self.absence(symbol, ask).map(|one| one.asked_at) else { continue };
            let why = format!(
                "{name} had no bars of it when it was asked on {}; check its name, or run `ts cache clear \
                 {symbol}` to have it asked for again",
                asked_at.format("%Y-%m-%d %H:%M UTC")
            );
            self.fail(symbol, why);
        }
        let left = ask.limits.calls_left.unwrap_or_default();
        for symbol in plan.left_out.iter().filter(|symbol| self.lacks(symbol)).cloned().collect::<Vec<_>>() {
            self.fail(&symbol, format!("{name} was not asked: its {left} calls of today went to others"));
        }
    }

    /// Remembers what the vendor does not have, and what it showed to be wrong.
    async fn remember(&mut self, mut round: Round<'_>) {
        let is_done = |symbol: &&Symbol| !self.lacks(symbol);
        // A vendor that has the session for one symbol will not get it later for another.
        let has_session = round.answered.iter().any(|symbol| is_done(&symbol));
        let lacking: Vec<Symbol> = round.answered.iter().filter(|symbol| !is_done(symbol)).cloned().collect();
        if !has_session {
            self.wait_for(lacking.iter().cloned());
        }
        self.note_not_yet(lacking, round.ask.source).await;
        self.note_outdated(&round.outdated).await;
        // Of a vendor that gave nothing to anyone, silence says nothing.
        if round.gave_bars {
            round.unknown.append(&mut round.silent);
        }
        self.note_absent(round.unknown).await;
    }

    /// Asks symbol by symbol, a few at once where the vendor's limit allows, and keeps every answer
    /// before the next is waited for.
    async fn ask_symbols(&mut self, round: &mut Round<'_>) {
        let at_once = round.ask.limits.requests_per_minute.map_or(AT_ONCE, |limit| limit / 5);
        let at_once = at_once.clamp(1, AT_ONCE) as usize;
        let mut tasks = JoinSet::new();
        let mut asked = BTreeMap::new();
        let mut faults = Faults::default();
        let mut has_answered = false;
        loop {
            // Until the vendor has answered once, one symbol is the probe for all.
            let width = if has_answered { at_once } else { 1 };
            while tasks.len() < width
                && !faults.are_enough()
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
                let symbol = &fetch.request.symbol;
                match answer {
                    Ok(fetched) => {
                        faults.clear();
                        has_answered = true;
                        let answered = self.answer(&fetch, fetched, &round.ask);
                        round.gave_bars |= matches!(answered, Answered::Keep(_) | Answered::Again(_));
                        entries.extend(round.took(symbol, answered));
                    }
                    Err(error) => {
                        self.fail(symbol, error.to_string());
                        self.count_fault(round.ask.source, &mut faults, &error);
                        match error {
                            SourceError::NotYet { .. } => drop(round.answered.insert(symbol.clone())),
                            // One refusal takes nothing back of a history that was told before.
                            SourceError::UnknownSymbol { .. } if self.cached(symbol).is_none() => {
                                round.unknown.push(round.absent(symbol));
                            }
                            _ => {}
                        }
                    }
                }
            }
            self.keep(entries, round.ask.source).await;
        }
        for fetch in std::mem::take(&mut round.queue) {
            let why =
                format!("{} was not asked after it failed for others: {}", round.ask.source, faults.last());
            self.fail(&fetch.request.symbol, why);
        }
    }
}

fn broke_down(source: &str) -> SourceError {
    let what = "the source broke down; please report it".to_owned();
    SourceError::Transport { place: source.to_owned(), what }
}

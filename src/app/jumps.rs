//! Asks vendors whether the jumps of the last sessions are splits.
//!
//! A jump that is listed as a split with that ratio shows bars that were not adjusted: the whole
//! history is fetched again. One that the vendor, asked, does not list is a real move, and keeps no
//! BUY back. Where the vendor has no such list, or does not answer, the jump stays suspect.
//!
//! What was answered is kept beside the cache, so that a warm run asks nothing.

use std::sync::Arc;

use chrono::NaiveDate;

use super::answers::Answered;
use super::live::Live;
use crate::bars::{Jump, Split, jumps};
use crate::cache::{Fetch, ListedSplit, SplitAnswer};
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::{Source, SourceError, Splits};

/// A jump keeps a BUY back for so many bars, its own the first.
const RECENT: usize = 5;
/// So many sessions before and after a jump a split may be dated that made it.
const AROUND: usize = 5;

impl Live {
    /// Checks the recent jumps of the symbols against the splits of the vendor that told their history.
    pub(super) async fn check_jumps(&mut self, vendors: &[Arc<dyn Source>], symbols: &[Symbol]) {
        let (cache, class) = (self.cache.clone(), self.span.asset_class);
        let read = tokio::task::spawn_blocking(move || cache.split_answers(class));
        let mut answers = read.await.unwrap_or_default();
        let mut new = Vec::new();
        let recent: Vec<(Symbol, Jump)> = symbols
            .iter()
            .flat_map(|symbol| self.recent_jumps(symbol).into_iter().map(|jump| (symbol.clone(), jump)))
            .collect();
        for (symbol, jump) in recent {
            let Some(name) = self.cached(&symbol).map(|cached| cached.meta.source.clone()) else { continue };
            let vendor = vendors.iter().find(|vendor| vendor.name() == name);
            let known = answers.iter().position(|answer| {
                answer.symbol == symbol && answer.source == name && answer.covers(jump.date)
            });
            let (ttl_hours, now) = (self.cache.ttl_hours(), self.span.now);
            let is_recent = |at: usize| answers[at].is_recent(ttl_hours, now);
            let mut answer = match (known.filter(|at| is_recent(*at)), vendor) {
                (Some(at), _) => answers[at].clone(),
                (None, Some(vendor)) => {
                    let was_refetched = known.is_some_and(|at| answers[at].refetched);
                    match self.ask_splits(vendor, &symbol, jump, was_refetched).await {
                        Some(answer) => answer,
                        None => {
                            // What it said before proves nothing any more: the jump stays suspect.
                            known.into_iter().for_each(|at| drop(answers.remove(at)));
                            continue;
                        }
                    }
                }
                (None, None) => continue,
            };
            let split = answer.splits().find(|split| split.explains(jump.ratio));
            if let (Some(split), false, Some(vendor)) = (&split, answer.refetched, vendor) {
                answer.refetched = self.refetch(vendor, &symbol, split).await;
            }
            answers.retain(|other| {
                !(other.symbol == symbol && other.source == name && other.from == answer.from)
            });
            answers.push(answer.clone());
            new.push(answer);
        }
        for answer in &answers {
            self.splits.extend(answer.splits());
            self.find_real_moves(answer);
        }
        if !new.is_empty() {
            self.note(move |cache| cache.note_splits(&new)).await;
        }
    }

    fn recent_jumps(&self, symbol: &Symbol) -> Vec<Jump> {
        let Some(cached) = self.cached(symbol) else { return Vec::new() };
        let dates = cached.bars.dates();
        let end = dates.partition_point(|date| *date <= self.span.session);
        let Some(since) = dates[..end].get(end.saturating_sub(RECENT)).copied() else { return Vec::new() };
        let mut found = jumps(&cached.bars);
        found.retain(|jump| since <= jump.date && jump.date <= self.span.session);
        found
    }

    /// Asks for the splits around a jump; `None` where the vendor does not say.
    async fn ask_splits(
        &mut self,
        vendor: &Arc<dyn Source>,
        symbol: &Symbol,
        jump: Jump,
        refetched: bool,
    ) -> Option<SplitAnswer> {
        let class = self.span.asset_class;
        let (from, to) = around(class, jump.date);
        match vendor.splits(Some(symbol), from, to).await {
            Ok(Splits { unread, .. }) if unread.may_concern(symbol) => {
                let what = format!("{jump}, and a split that {} lists could not be read", vendor.name());
                self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
                None
            }
            Ok(Splits { splits: listed, .. }) => Some(SplitAnswer {
                asset_class: class,
                symbol: symbol.clone(),
                source: vendor.name().to_owned(),
                from,
                to,
                asked_at: self.span.now,
                splits: listed.iter().map(|own| ListedSplit { date: own.date, ratio: own.ratio }).collect(),
                refetched,
            }),
            Err(SourceError::Unsupported { .. }) => None,
            Err(error) => {
                let what = format!("{jump}, and whether it was split could not be asked: {error}");
                self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
                None
            }
        }
    }

    /// Fetches the whole history again that does not show a listed split; without it, it is not used.
    async fn refetch(&mut self, vendor: &Arc<dyn Source>, symbol: &Symbol, split: &Split) -> bool {
        let name = vendor.name().to_owned();
        let ask = self.ask(&name, vendor.as_ref());
        let Some(holding) = self.holding(symbol) else { return false };
        let fetch = Fetch::whole(&ask, symbol, Some(&holding));
        let why = format!(
            "{name} lists a split {} for 1 on {}, for which its bars were not adjusted",
            split.ratio, split.date
        );
        let what = format!("{why}; its whole history is fetched again");
        self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
        self.distrust(symbol, why);
        match vendor.daily(&fetch.request).await {
            Ok(fetched) => {
                if let Answered::Keep(entry) = self.answer(&fetch, fetched, &ask) {
                    self.keep(vec![entry], &name).await;
                    return true;
                }
            }
            Err(error) => self.fail(symbol, error.to_string()),
        }
        self.note_outdated(std::slice::from_ref(symbol)).await;
        false
    }

    /// Takes the jumps for which an answer lists no split, of any age, for real moves; a recent one is
    /// told.
    fn find_real_moves(&mut self, answer: &SplitAnswer) {
        let symbol = &answer.symbol;
        let Some(cached) = self.cached(symbol).filter(|cached| cached.meta.source == answer.source) else {
            return;
        };
        let is_listed =
            |jump: &Jump| answer.splits().any(|split| split.explains(jump.ratio) || split.date == jump.date);
        let mut real = jumps(&cached.bars);
        real.retain(|jump| answer.covers(jump.date) && !is_listed(jump));
        let recent = self.recent_jumps(symbol);
        for jump in real {
            if recent.contains(&jump) {
                let what = format!("{jump}, and {} lists no split of it: a real move", answer.source);
                self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
            }
            self.real_moves.insert((symbol.clone(), jump.date));
        }
    }
}

/// Returns the sessions between which a split would be dated that made a jump.
fn around(class: AssetClass, date: NaiveDate) -> (NaiveDate, NaiveDate) {
    let (mut from, mut to) = (date, date);
    for _ in 0..AROUND {
        from = calendar::previous_session(class, from);
        to = calendar::next_session(class, to);
    }
    (from, to)
}

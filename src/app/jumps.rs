//! What the splits that vendors list make of the jumps of a price.
//!
//! A jump that is listed as a split with that ratio shows bars that were not adjusted: the whole
//! history is fetched again, and once within each TTL for as long as the bars show it. One that the
//! vendor does not list is a real move, and keeps no BUY back. A list may be late by a session or two,
//! so a jump by the ratio of a split is believed only to a list made two sessions later. Where the
//! vendor has no such list, or does not answer, the jump stays suspect.

use std::sync::Arc;

use chrono::NaiveDate;

use super::answers::{Answered, Progress};
use super::give_up::Faults;
use super::live::Live;
use crate::bars::{Bars, Jump, LISTED_AFTER, Split, jumps};
use crate::cache::{Cached, Fetch, ListedSplit};
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::Source;

/// A jump keeps a BUY back for so many bars, its own the first.
const RECENT: usize = 5;
/// So many sessions before and after a jump a split may be dated that made it.
const AROUND: usize = 5;
/// A smaller split than this is not told from a day's move.
const SMALLEST: f64 = 1.06;

impl Live {
    pub(super) fn recent_jumps(&self, symbol: &Symbol) -> Vec<Jump> {
        let Some(cached) = self.cached(symbol) else { return Vec::new() };
        let dates = cached.bars.dates();
        let end = dates.partition_point(|date| *date <= self.span.session);
        let Some(since) = dates[..end].get(end.saturating_sub(RECENT)).copied() else { return Vec::new() };
        let mut found = jumps(&cached.bars);
        found.retain(|jump| since <= jump.date && jump.date <= self.span.session);
        found
    }

    /// Fetches the histories again that show a split which their vendor lists.
    pub(super) async fn refetch_shown(
        &mut self,
        vendor: &Arc<dyn Source>,
        symbols: &[Symbol],
        faults: &mut Faults,
        progress: Progress<'_>,
    ) {
        let name = vendor.name().to_owned();
        let mut due = Vec::new();
        for symbol in symbols {
            let Some(cached) = self.cached(symbol).filter(|cached| cached.meta.source == name) else {
                continue;
            };
            let is_due = |known: &&ListedSplit| {
                let is_tried = known.refetched_at.is_some_and(|at| self.cache.is_recent(at, self.span.now));
                !is_tried && self.shows(&cached.bars, &known.split())
            };
            let shown = self.known.of(&name, symbol).find(is_due).cloned();
            due.extend(shown.map(|shown| (symbol.clone(), shown)));
        }
        let (fresh, due): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|(symbol, _)| self.came_whole.contains(symbol));
        if !due.is_empty() && !self.given_up.contains_key(&name) {
            progress(0, due.len());
        }
        let mut refetched: Vec<Symbol> = fresh.into_iter().map(|(symbol, _)| symbol).collect();
        for (done, (symbol, split)) in due.iter().enumerate() {
            if self.refetch(vendor, symbol, split, faults).await {
                refetched.push(symbol.clone());
            }
            if !self.given_up.contains_key(&name) {
                progress(done + 1, due.len());
            }
        }
        if refetched.is_empty() {
            return;
        }
        let now = self.span.now;
        self.change_splits(move |known| {
            refetched.iter().for_each(|symbol| known.set_refetched(symbol, &name, now));
        })
        .await;
    }

    /// Fetches the whole history again that shows a listed split; tells whether it came. Before it has
    /// come once, what is held is not used without it.
    async fn refetch(
        &mut self,
        vendor: &Arc<dyn Source>,
        symbol: &Symbol,
        split: &ListedSplit,
        faults: &mut Faults,
    ) -> bool {
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
        if split.refetched_at.is_none() {
            self.distrust(symbol, why);
        }
        if let Some(last) = self.given_up.get(&name) {
            let why = format!("{name} was not asked after it failed for others: {last}");
            self.fail(symbol, why);
        } else {
            match vendor.daily(&fetch.request).await {
                Ok(fetched) => {
                    faults.clear();
                    if let Answered::Keep(entry) = self.answer(&fetch, fetched, &ask) {
                        self.keep(vec![*entry], &name).await;
                        return true;
                    }
                }
                Err(error) => {
                    self.fail(symbol, error.to_string());
                    self.count_fault(&name, faults, &error);
                }
            }
        }
        self.note_outdated(std::slice::from_ref(symbol)).await;
        false
    }

    /// Takes the jumps for which their vendor lists no split, of any age, for real moves; a recent one
    /// is told.
    pub(super) fn find_real_moves(&mut self, symbols: &[Symbol]) {
        for symbol in symbols {
            let Some(cached) = self.cached(symbol) else { continue };
            let source = cached.meta.source.clone();
            let mut real = jumps(&cached.bars);
            real.retain(|jump| self.is_denied(cached, *jump));
            if real.is_empty() {
                continue;
            }
            let recent = self.recent_jumps(symbol);
            for jump in real {
                if recent.contains(&jump) {
                    let what = format!("{jump}, and {source} lists no split of it: a real move");
                    self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
                }
                self.real_moves.insert((symbol.clone(), jump.date));
            }
        }
    }

    /// Tells whether the vendor of a history was asked late enough about a jump, and lists no split that
    /// would have made it.
    fn is_denied(&self, cached: &Cached, jump: Jump) -> bool {
        let (class, source) = (self.span.asset_class, &cached.meta.source);
        let symbol = cached.bars.symbol();
        let (from, to) = around(class, jump.date);
        let Some(asked_at) = self.known.asked(source, symbol, from, jump.date) else { return false };
        let mut listed_by = jump.date;
        if jump.is_common() {
            for _ in 0..LISTED_AFTER {
                listed_by = calendar::next_session(class, listed_by);
            }
        }
        let mut near = self.known.of(source, symbol).filter(|known| from <= known.date && known.date <= to);
        let made_it = |known: &ListedSplit| jump.is_of(known.ratio) || known.date == jump.date;
        listed_by <= calendar::last_finished(class, asked_at) && !near.any(made_it)
    }

    /// Tells whether bars were not adjusted for a split: they move by its ratio on its own day, or jump
    /// by it within a few sessions.
    fn shows(&self, bars: &Bars, split: &Split) -> bool {
        if (1.0 / SMALLEST..=SMALLEST).contains(&split.ratio) {
            return false;
        }
        let at = bars.dates().partition_point(|date| *date < split.date);
        let before = at.checked_sub(1).and_then(|before| bars.get(before));
        let on_its_day =
            before.zip(bars.get(at)).is_some_and(|(last, next)| split.explains(next.close / last.close));
        let (from, to) = around(self.span.asset_class, split.date);
        let is_near = |jump: &Jump| from <= jump.date && jump.date <= to && split.explains(jump.ratio);
        on_its_day || jumps(bars).iter().any(is_near)
    }
}

/// Returns the sessions between which a split would be dated that made a jump.
pub(super) fn around(class: AssetClass, date: NaiveDate) -> (NaiveDate, NaiveDate) {
    let (mut from, mut to) = (date, date);
    for _ in 0..AROUND {
        from = calendar::previous_session(class, from);
        to = calendar::next_session(class, to);
    }
    (from, to)
}

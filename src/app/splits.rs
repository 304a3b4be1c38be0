//! Asks vendors for the splits that a run must not miss: of what is held, since its entry, and around
//! the jumps of the last sessions.
//!
//! Asked of the vendor that told the history, once within the TTL; what it answers is kept beside the
//! cache. Of many positions the whole market's list is asked for, where that is fewer calls. A vendor
//! that fails is given up, and each symbol's line says that it was not asked.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use super::answers::Progress;
use super::give_up::Faults;
use super::jumps::around;
use super::live::Live;
use crate::cache::{Plan, SplitAnswer, SplitCheck};
use crate::calendar;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::{Source, SourceError};

/// So many days of the whole market's splits fit on a vendor's page: about a thousand are listed in half
/// a year.
const DAYS_A_PAGE: i64 = 180;

impl Live {
    /// Asks each vendor for the splits of the symbols whose history it told, has the histories fetched
    /// again that do not show them, and finds the jumps that are none.
    pub(super) async fn check_splits(
        &mut self,
        vendors: &[Arc<dyn Source>],
        symbols: &[Symbol],
        progress: Progress<'_>,
    ) {
        for vendor in vendors.iter().filter(|vendor| vendor.lists_splits()) {
            let checks = self.split_checks(vendor.name(), symbols);
            let mut faults = Faults::default();
            self.ask_splits(vendor, checks, &mut faults, progress).await;
            self.refetch_shown(vendor, symbols, &mut faults, progress).await;
        }
        self.find_real_moves(symbols);
    }

    /// Puts into a plan what will be asked of splits beside it, as far as what is held tells by now.
    pub(super) fn plan_checks(&self, plan: &mut Plan, source: &dyn Source, symbols: &[Symbol]) {
        if !source.lists_splits() {
            return;
        }
        plan.checks = self.split_checks(source.name(), symbols);
        if let Some((from, to)) = plan.splits {
            plan.checks.retain(|check| check.from < from || to < check.to);
        }
    }

    /// Returns what is to be asked of a vendor: what it was not asked within the TTL.
    pub(super) fn split_checks(&self, vendor: &str, symbols: &[Symbol]) -> Vec<SplitCheck> {
        let mut checks = Vec::new();
        let mut held = Vec::new();
        for symbol in symbols {
            if !self.is_told_by(vendor, symbol) {
                continue;
            }
            let own = self.check_of_jumps(vendor, symbol);
            match self.check_since_entry(vendor, symbol) {
                Some(since) => held.push(since.widened(own)),
                None => checks.extend(own),
            }
        }
        let span = held.iter().map(|check| check.from).min().zip(held.iter().map(|check| check.to).max());
        match span {
            Some((from, to)) if pages(from, to) < held.len() => {
                checks.push(SplitCheck { symbol: None, from, to });
            }
            _ => checks.extend(held),
        }
        checks
    }

    /// Moves the first day that the whole market's splits are asked for to the first entry of what is
    /// held, where that costs no further call.
    pub(super) fn since_entries(&self, from: NaiveDate, to: NaiveDate) -> NaiveDate {
        let reachable = self.held_since.values().filter(|entry| pages(**entry, to) == 1);
        reachable.min().map_or(from, |entry| from.min(*entry))
    }

    fn check_since_entry(&self, vendor: &str, symbol: &Symbol) -> Option<SplitCheck> {
        let from = *self.held_since.get(symbol)?;
        let to = self.today().max(from);
        let answered = self.known.asked(vendor, symbol, from, self.span.session.max(from));
        let is_known = answered.is_some_and(|at| self.cache.is_recent(at, self.span.now));
        (!is_known).then(|| SplitCheck { symbol: Some(symbol.clone()), from, to })
    }

    /// Returns the span around the recent jumps of a symbol that are still in doubt.
    fn check_of_jumps(&self, vendor: &str, symbol: &Symbol) -> Option<SplitCheck> {
        let mut check: Option<SplitCheck> = None;
        for jump in self.recent_jumps(symbol) {
            let (from, to) = around(self.span.asset_class, jump.date);
            let to = to.min(self.today()).max(jump.date);
            let answered = self.known.asked(vendor, symbol, from, jump.date);
            if answered.is_some_and(|at| self.is_newest_word(at)) {
                continue;
            }
            let own = SplitCheck { symbol: Some(symbol.clone()), from, to };
            check = Some(own.widened(check));
        }
        check
    }

    /// Tells whether an answer is within the TTL, and no session has finished since.
    fn is_newest_word(&self, asked_at: DateTime<Utc>) -> bool {
        let last_finished = |at| calendar::last_finished(self.span.asset_class, at);
        let now = self.span.now;
        self.cache.is_recent(asked_at, now) && last_finished(asked_at) == last_finished(now)
    }

    /// Tells whether a vendor told the history that is used of a symbol.
    fn is_told_by(&self, vendor: &str, symbol: &Symbol) -> bool {
        self.cached(symbol).is_some_and(|cached| cached.meta.source == vendor)
    }

    fn today(&self) -> NaiveDate {
        calendar::local_date(self.span.asset_class, self.span.now)
    }

    async fn ask_splits(
        &mut self,
        vendor: &Arc<dyn Source>,
        checks: Vec<SplitCheck>,
        faults: &mut Faults,
        progress: Progress<'_>,
    ) {
        let name = vendor.name().to_owned();
        let mut total = checks.len();
        let mut queue: VecDeque<SplitCheck> = checks.into();
        let mut done = 0;
        if total > 0 && !self.given_up.contains_key(&name) {
            progress(0, total);
        }
        while let Some(check) = queue.pop_front() {
            if let Some(last) = self.given_up.get(&name) {
                let why = format!("{name} was not asked after it failed for others: {last}");
                self.tell_unchecked(&name, &check, &why);
                continue;
            }
            let answer = vendor.splits(check.symbol.as_ref(), check.from, check.to).await;
            done += 1;
            progress(done, total);
            match answer {
                Ok(told) => {
                    faults.clear();
                    let is_unread = |symbol: &Symbol| told.unread.may_concern(symbol);
                    if check.symbol.as_ref().is_some_and(is_unread) {
                        let why = format!("a split that {name} lists could not be read");
                        self.tell_unchecked(&name, &check, &why);
                    }
                    let answer = SplitAnswer {
                        asset_class: self.span.asset_class,
                        symbol: check.symbol.clone(),
                        source: name.clone(),
                        from: check.from,
                        to: check.to,
                        asked_at: self.span.now,
                        unread: BTreeSet::new(),
                    };
                    self.learn_splits(answer, told).await;
                    if check.symbol.is_none() {
                        // Whose row of the whole market could not be read is asked for by itself.
                        let held = self.held_since.keys().filter(|held| self.is_told_by(&name, held));
                        queue.extend(held.filter_map(|held| self.check_since_entry(&name, held)));
                        total = done + queue.len();
                    }
                }
                Err(error) => {
                    self.tell_unchecked(&name, &check, &error.to_string());
                    self.count_fault(&name, faults, &error);
                }
            }
        }
    }

    /// Counts a failure of a vendor, and gives it up at the last.
    pub(super) fn count_fault(&mut self, vendor: &str, faults: &mut Faults, error: &SourceError) {
        faults.count(error);
        if faults.are_enough() {
            self.given_up.insert(vendor.to_owned(), faults.last().to_owned());
        }
    }

    /// Says of each symbol that whether it was split is not known.
    fn tell_unchecked(&mut self, vendor: &str, check: &SplitCheck, why: &str) {
        let about: Vec<Symbol> = match &check.symbol {
            Some(symbol) => vec![symbol.clone()],
            None => self.held_since.keys().filter(|held| self.is_told_by(vendor, held)).cloned().collect(),
        };
        for symbol in about {
            let mut what: Vec<String> = self.recent_jumps(&symbol).iter().map(ToString::to_string).collect();
            what.extend(self.held_since.get(&symbol).map(|entry| format!("it is held since {entry}")));
            let what = format!("{}, and whether it was split could not be asked: {why}", what.join("; "));
            self.problems.push(Problem::new(&symbol, ProblemKind::Source, what));
        }
    }
}

/// Counts the pages of the whole market's splits.
fn pages(from: NaiveDate, to: NaiveDate) -> usize {
    usize::try_from((to - from).num_days() / DAYS_A_PAGE).unwrap_or(0) + 1
}

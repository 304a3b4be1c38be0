//! The walk over the sessions: what the one before decided is filled, then the session is decided.
//!
//! Within a date the steps stand in the order of the day: crypto opens at 00:00 UTC, equities open, equities close
//! and are decided, crypto closes and is decided. With fills at the close, a class is filled right before it is
//! decided. Whatever a session decides is done by `decide`; here is only what comes after what.

use std::collections::BTreeSet;
use std::mem;
use std::ops::ControlFlow;

use chrono::NaiveDate;
use rayon::Scope;

use super::account::{Account, Sale};
use super::ahead::Ahead;
use super::floor::Floor;
use super::result::{Backtest, Counts};
use super::scaling::risk_factor;
use super::span::{Begin, LONGEST_REST, dates};
use super::split::ShownSplits;
use super::tally::Tally;
use crate::calendar;
use crate::decide::{Decider, Decision, Prepared};
use crate::domain::{AssetClass, Book, Problem, ProblemKind, Words};
use crate::filters;
use crate::outcomes::DELISTED_AFTER;
use crate::performance::Day;
use crate::scripts;
use crate::scripts::{Rows, Scripts};
use crate::settings;
use crate::settings::{FillTime, Settings};
use crate::signals::Market;

/// What a backtest goes by.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Those that the classes were prepared with.
    pub scripts: &'a Scripts,
    pub settings: &'a Settings,
    pub fill: FillTime,
    /// What fills cost; `None` trades for nothing.
    pub costs: Option<&'a settings::Backtest>,
    /// The first session that is decided; bars before it are warm-up.
    pub from: Option<NaiveDate>,
    /// The last session that is decided.
    pub to: Option<NaiveDate>,
    /// Whether the decisions that are watched say why.
    pub words: Words,
}

/// A session that has just been decided.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    pub asset_class: AssetClass,
    pub session: NaiveDate,
    /// The book that it was decided on.
    pub book: &'a Book,
    /// The settings that it was decided with.
    pub settings: &'a Settings,
    /// What was decided, where [`Rules::words`] are told.
    pub decision: Option<&'a Decision>,
    pub problems: &'a [Problem],
    /// Dates before this one, and all.
    pub done: usize,
    pub total: usize,
}

/// Folds the core over history.
///
/// `classes` are prepared with all their bars, one each, in any order. `watch` is shown each session after it is
/// decided and before it is ordered, and stops the walk at the end of that date by [`ControlFlow::Break`]. The same
/// arguments give the same bytes, and bars after a session change nothing of what it decided, filled or marked, but
/// that a symbol which has fallen silent is sold as delisted only where the span has no later bar of it.
pub fn backtest(
    classes: &[Prepared],
    rules: &Rules<'_>,
    watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
) -> Backtest {
    walk(classes, rules, (Begin::Sessions, AtEnd::Marks), watch)
}

/// Does the same with each class decided from its own last session before [`Rules::from`] on, so that the first orders
/// of every class fill in the span. The curve begins with the last of these sessions, on which nothing is held.
pub fn backtest_from_eve(
    classes: &[Prepared],
    rules: &Rules<'_>,
    watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
) -> Backtest {
    walk(classes, rules, (Begin::Eve, AtEnd::Marks), watch)
}

/// Does the same, and sells at its close, with costs, what is held on the last session; that session's orders are
/// dropped. No trade stays open.
pub fn backtest_sold(
    classes: &[Prepared],
    rules: &Rules<'_>,
    watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
) -> Backtest {
    walk(classes, rules, (Begin::Sessions, AtEnd::Sells), watch)
}

fn walk(
    classes: &[Prepared],
    rules: &Rules<'_>,
    (begin, at_end): (Begin, AtEnd),
    watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
) -> Backtest {
    let bound: Vec<Rows> = classes.iter().map(|own| rules.scripts.bind(&own.columns)).collect();
    let markets =
        classes.iter().zip(&bound).map(|(own, rows)| Market::new(&own.columns, rules.scripts, rows));
    let markets: Vec<Market<'_>> = markets.collect();
    // Equities before crypto.
    let mut stands: Vec<Stand<'_>> = classes
        .iter()
        .zip(bound.iter().zip(&markets))
        .map(|(prepared, (rows, market))| {
            Stand::new(Decider { prepared, scripts: rules.scripts, rows, market }, rules, begin)
        })
        .collect();
    stands.sort_by_key(|stand| stand.decider.prepared.columns.panel().asset_class());
    // On the scripts' own threads, so that no call of a rule has to change to one.
    scripts::pool().scope(|scope| Walk::new(classes, rules, stands, scope).run(at_end, watch))
}

/// What a walk does with what is held after its last session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtEnd {
    Marks,
    Sells,
}

/// One class on its way through the dates.
struct Stand<'a> {
    decider: Decider<'a>,
    splits: ShownSplits,
    /// What is to be sold.
    sales: Vec<Sale>,
    ahead: Ahead<'a>,
    /// The first session that is decided, where the span has a beginning.
    begin: Option<NaiveDate>,
    /// Whether its bars ended long ago, so that nothing of it is held.
    has_left: bool,
}

impl<'a> Stand<'a> {
    fn new(decider: Decider<'a>, rules: &Rules<'_>, begin: Begin) -> Self {
        let splits = ShownSplits::of(decider.prepared);
        let begin = begin.of(decider.prepared, rules.from);
        let ahead = Ahead::new(decider, begin, rules.to);
        Self { decider, splits, sales: Vec::new(), ahead, begin, has_left: false }
    }
}

struct Walk<'a, 'r, 'scope> {
    classes: &'a [Prepared],
    rules: Rules<'a>,
    /// Equities before crypto.
    stands: Vec<Stand<'a>>,
    scope: &'r Scope<'scope>,
    account: Account,
    /// The settings of a decision, with the risk of its session.
    scaled: Option<Settings>,
    tally: Tally,
    counts: Counts,
}

impl<'a: 'scope, 'r, 'scope> Walk<'a, 'r, 'scope> {
    fn new(
        classes: &'a [Prepared],
        rules: &Rules<'a>,
        stands: Vec<Stand<'a>>,
        scope: &'r Scope<'scope>,
    ) -> Self {
        Self {
            classes,
            rules: *rules,
            stands,
            scope,
            account: Account::of_cash(rules.settings.risk.account_equity),
            scaled: rules.settings.backtest.volatility_scaling.then(|| rules.settings.clone()),
            tally: Tally::default(),
            counts: Counts::default(),
        }
    }

    fn run(
        mut self,
        at_end: AtEnd,
        watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
    ) -> Backtest {
        let mut dates = dates(self.classes, self.rules.from, self.rules.to);
        let is_before = |date: &NaiveDate| self.rules.from.is_some_and(|from| *date < from);
        let eves: BTreeSet<NaiveDate> =
            self.stands.iter().filter_map(|stand| stand.begin).filter(is_before).collect();
        let begin = eves.last().copied();
        dates.splice(..0, eves);
        let mut days = Vec::with_capacity(dates.len());
        for (done, date) in dates.iter().enumerate() {
            let mut flow = ControlFlow::Continue(());
            let open: Vec<usize> =
                (0..self.stands.len()).filter(|stand| self.is_open(*stand, *date)).collect();
            match self.rules.fill {
                // Crypto's day begins before New York's.
                FillTime::NextOpen => open.iter().rev().for_each(|stand| self.fill(*stand, *date)),
                FillTime::NextClose => {}
            }
            let is_sold = at_end == AtEnd::Sells && done + 1 == dates.len();
            for stand in open {
                if self.rules.fill == FillTime::NextClose {
                    if is_sold {
                        // Bought at the very close at which all is sold, it would pay for nothing.
                        self.end_orders(stand, *date);
                    }
                    self.fill(stand, *date);
                }
                if is_sold {
                    // All is sold at this close and no order outlives it, so nothing is left to decide.
                    let floor = self.floor(stand, *date);
                    self.account.mark(floor.today());
                    continue;
                }
                if self.decide(stand, *date, (done, dates.len()), watch).is_break() {
                    flow = ControlFlow::Break(());
                }
            }
            self.leave_ended(*date);
            if begin.is_none_or(|begin| *date >= begin) {
                days.push(self.account.end_day(*date));
            }
            if flow.is_break() {
                break;
            }
        }
        if at_end == AtEnd::Sells
            && let Some(last) = days.last_mut()
        {
            *last = self.sell_all(*last);
        }
        let dates = dates.into_iter().filter(|date| begin.is_none_or(|begin| *date >= begin)).count();
        self.finish(days, dates)
    }

    /// Lets the orders of a class lapse whose bars ended before a date, and sells what is held of it once as many sessions
    /// have passed as take one symbol for delisted.
    fn leave_ended(&mut self, date: NaiveDate) {
        for stand in 0..self.stands.len() {
            let own = &mut self.stands[stand];
            let columns = &own.decider.prepared.columns;
            let Some(newest) =
                columns.sessions().last().copied().filter(|newest| date - *newest > LONGEST_REST)
            else {
                continue;
            };
            let (class, tomorrow) = (columns.panel().asset_class(), date.succ_opt().unwrap_or(date));
            if own.has_left {
                continue;
            }
            let is_over = calendar::sessions_between(class, newest, tomorrow) >= DELISTED_AFTER;
            own.has_left = is_over;
            let lapsed = self.account.lapse(class);
            self.tally.add(class, date, lapsed);
            if is_over {
                let floor = self.floor(stand, newest);
                self.account.end_class(&floor);
            }
        }
    }

    /// Sells everything at its last close, and returns the last day as it then is.
    fn sell_all(&mut self, last: Day) -> Day {
        for stand in 0..self.stands.len() {
            let sessions = self.stands[stand].decider.prepared.columns.sessions();
            let until = sessions.partition_point(|session| *session <= last.date);
            let Some(session) = until.checked_sub(1).map(|place| sessions[place]) else { continue };
            self.end_orders(stand, last.date);
            let floor = self.floor(stand, session);
            self.account.sell_all(&floor);
        }
        let day = self.account.end_day(last.date);
        Day { traded: last.traded + day.traded, ..day }
    }

    fn is_open(&self, stand: usize, date: NaiveDate) -> bool {
        let Stand { decider, begin, .. } = &self.stands[stand];
        let is_in_span = *begin == Some(date) || self.rules.from.is_none_or(|from| date >= from);
        is_in_span && decider.prepared.columns.sessions().binary_search(&date).is_ok()
    }

    fn floor(&self, stand: usize, session: NaiveDate) -> Floor<'a> {
        let Rules { scripts, fill, costs, .. } = self.rules;
        Floor { prepared: self.stands[stand].decider.prepared, scripts, session, time: fill, charges: costs }
    }

    /// Drops what the class's session before ordered.
    fn end_orders(&mut self, stand: usize, date: NaiveDate) {
        let class = self.floor(stand, date).class();
        let dropped = self.account.end_orders(class);
        self.tally.add(class, date, dropped);
    }

    /// Fills what the class's session before decided.
    fn fill(&mut self, stand: usize, date: NaiveDate) {
        let floor = self.floor(stand, date);
        for (symbol, ratio) in self.stands[stand].splits.on(date) {
            self.account.split(&floor, symbol, *ratio);
        }
        let not_filled = self.account.fill(&floor, &mut self.stands[stand].sales);
        self.tally.add(floor.class(), date, not_filled);
        for (last, delisted) in self.account.sell_delisted(&floor, self.rules.to) {
            self.tally.add(floor.class(), last, [delisted]);
        }
    }

    /// Decides the class's session and orders what it buys.
    fn decide(
        &mut self,
        stand: usize,
        date: NaiveDate,
        (done, total): (usize, usize),
        watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
    ) -> ControlFlow<()> {
        let floor = self.floor(stand, date);
        let Rules { settings, words, .. } = self.rules;
        if let Some(scaled) = &mut self.scaled {
            scaled.risk.risk_per_trade = settings.risk.risk_per_trade * risk_factor(floor.prepared, date);
        }
        let settings = self.scaled.as_ref().unwrap_or(settings);
        let Stand { decider, ahead, .. } = &mut self.stands[stand];
        let (today, found) = ahead.next(self.scope);
        self.account.mark(today);
        let (book, tracks) = self.account.tracked();
        let (mut choice, decision, problems) = decider.decide(settings, book, tracks, (today, found), words);
        let asset_class = floor.class();
        let flow = watch(&Step {
            asset_class,
            session: date,
            book,
            settings,
            decision: decision.as_ref(),
            problems: &problems,
            done,
            total,
        });
        if settings.backtest.limit_recommendations {
            let most = settings.signals.max_recommendations;
            let cut = choice.buys.len().saturating_sub(most);
            choice.buys.truncate(most);
            if cut > 0 {
                *choice.rejected.entry(filters::CUT).or_default() += cut;
            }
        }
        // Worded once for all sessions, where nobody reads of each.
        if words == Words::LeftOut {
            self.tally.add_stale(decider.prepared, date);
            if choice.is_decided {
                self.tally.add_lacking(asset_class, date, decider.market, &found.lacking);
            }
        }
        for (filter, rejected) in mem::take(&mut choice.rejected) {
            self.counts.filtered += rejected;
            *self.counts.filtered_by.entry(filter).or_default() += rejected;
        }
        self.counts.ordered += choice.buys.len();
        self.tally.add(asset_class, date, problems);
        let decided = self.account.order(&floor, choice);
        let sales = &mut self.stands[stand].sales;
        // One that still waits is sold once, for the reason that was told first.
        let is_new = |own: &Sale| sales.iter().all(|waiting| waiting.trade != own.trade);
        let decided: Vec<Sale> = decided.into_iter().filter(is_new).collect();
        sales.extend(decided);
        flow
    }

    fn finish(self, days: Vec<Day>, dates: usize) -> Backtest {
        let prepared: Vec<&Prepared> = self.stands.iter().map(|own| own.decider.prepared).collect();
        let counts = Counts {
            signals: self.counts.filtered + self.counts.ordered,
            fills: self.account.filled,
            cut: self.account.cut,
            ..self.counts
        };
        let paid = self.account.paid;
        let last = days.last().map(|day| day.date);
        let (trades, book) = self.account.into_trades(&prepared, last);
        let mut problems = self.tally.told();
        let span = days.first().map(|day| day.date).zip(last);
        let ended: Vec<Problem> = prepared.iter().filter_map(|own| ends_early(own, span?)).collect();
        problems.extend(ended.iter().cloned());
        Backtest { days, trades, book, counts, paid, problems, tally: self.tally, ended, dates }
    }
}

/// Says of a class that its bars end long before the walk does: from there on the account trades without it.
fn ends_early(prepared: &Prepared, (first, last): (NaiveDate, NaiveDate)) -> Option<Problem> {
    let columns = &prepared.columns;
    let newest = columns.sessions().last().filter(|newest| last - **newest > LONGEST_REST)?;
    // A class without a session in the span was none of the walk's.
    if *newest < first {
        return None;
    }
    let message = format!(
        "its bars end on {newest}, and the walk goes on to {last} without it: once {DELISTED_AFTER} sessions have passed, \
         what is held of it is sold at that close (data_end); `--to {newest}` ends the walk there"
    );
    Some(Problem::new(columns.panel().asset_class(), ProblemKind::Stale, message))
}

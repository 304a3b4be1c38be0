//! The walk over the sessions: what the one before decided is filled, then the session is decided.
//!
//! Within a date the steps stand in the order of the day: crypto opens at 00:00 UTC, equities open, equities close
//! and are decided, crypto closes and is decided. With fills at the close, a class is filled right before it is
//! decided. Whatever a session decides is done by `decide`; here is only what comes after what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::{AddAssign, ControlFlow};

use chrono::{NaiveDate, TimeDelta};

use super::account::{Account, Waiting};
use super::cost::Paid;
use super::floor::Floor;
use super::scaling::risk_factor;
use super::split::ShownSplits;
use super::tally::Tally;
use crate::decide::{Decision, Prepared, decide_scanned};
use crate::domain::{AssetClass, Book, Problem, ProblemKind, Words};
use crate::filters;
use crate::performance::{Day, Trade};
use crate::scripts;
use crate::scripts::{Rows, Scripts};
use crate::settings;
use crate::settings::{FillTime, Settings};
use crate::signals::{Scan, scan_sessions};

/// So many rows are scanned together, on all cores: few enough to stop soon, and to hold in memory.
const ROWS_SCANNED: usize = 65_536;

/// No market rests longer.
const LONGEST_REST: TimeDelta = TimeDelta::days(7);

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
    pub decision: &'a Decision,
    pub problems: &'a [Problem],
    /// Dates before this one, and all.
    pub done: usize,
    pub total: usize,
}

/// What a backtest made.
#[derive(Clone, Debug, PartialEq)]
pub struct Backtest {
    /// One a date on which a class had a session, oldest first; empty where the span has none.
    pub days: Vec<Day>,
    /// By entry; those that are still open are marked at the last close.
    pub trades: Vec<Trade>,
    /// The account at the end; what is pending was decided on the last session.
    pub book: Book,
    pub counts: Counts,
    /// What all fills cost.
    pub paid: Paid,
    /// One for each symbol or script and matter, however many sessions told it.
    pub problems: Vec<Problem>,
    /// All dates of the span; more than `days` where it was stopped.
    pub dates: usize,
}

/// How many signals became what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Eligible and triggered, on all sessions.
    pub signals: usize,
    /// Of these, rejected by a filter.
    pub filtered: usize,
    /// Those by the name of the filter. One that several filters reject counts once: where decisions are in words
    /// for the first of them, else for the last.
    pub filtered_by: BTreeMap<&'static str, usize>,
    /// Of these, ordered.
    pub ordered: usize,
    /// Fills of entries and exits.
    pub fills: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.signals += other.signals;
        self.filtered += other.filtered;
        for (filter, rejected) in other.filtered_by {
            *self.filtered_by.entry(filter).or_default() += rejected;
        }
        self.ordered += other.ordered;
        self.fills += other.fills;
    }
}

impl Backtest {
    /// Tells whether it was stopped before the end of the span.
    pub fn is_stopped(&self) -> bool {
        self.days.len() < self.dates
    }
}

/// Folds the core over history.
///
/// `classes` are prepared with all their bars, one each, in any order. `watch` is shown each decision before it is
/// ordered, and stops the walk at the end of that date by [`ControlFlow::Break`]. The same arguments give the same
/// bytes, and bars after a session change nothing of what it decided, filled or marked.
pub fn backtest(
    classes: &[Prepared],
    rules: &Rules<'_>,
    watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
) -> Backtest {
    // On the scripts' own threads, so that no call of a rule has to change to one.
    scripts::pool().install(|| Walk::new(classes, rules).run(AtEnd::Marks, watch))
}

/// Does the same, and sells at its close, with costs, what is held on the last session; that session's orders are
/// dropped. No trade stays open.
pub fn backtest_sold(
    classes: &[Prepared],
    rules: &Rules<'_>,
    watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
) -> Backtest {
    scripts::pool().install(|| Walk::new(classes, rules).run(AtEnd::Sells, watch))
}

/// Returns the days from `from` to `to` on which a class has a session, oldest first.
pub fn dates(classes: &[Prepared], from: Option<NaiveDate>, to: Option<NaiveDate>) -> Vec<NaiveDate> {
    let is_in_span =
        |date: &NaiveDate| from.is_none_or(|from| *date >= from) && to.is_none_or(|to| *date <= to);
    let sessions = classes.iter().flat_map(|own| own.columns.sessions()).copied();
    sessions.filter(is_in_span).collect::<BTreeSet<NaiveDate>>().into_iter().collect()
}

/// Returns those of [`dates`] on which every class has a session: on them a walk may end and another begin without an
/// order of any class being lost in between.
pub fn shared_dates(classes: &[Prepared], from: Option<NaiveDate>, to: Option<NaiveDate>) -> Vec<NaiveDate> {
    let mut shared = dates(classes, from, to);
    shared.retain(|date| classes.iter().all(|own| own.columns.sessions().binary_search(date).is_ok()));
    shared
}

/// What a walk does with what is held after its last session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtEnd {
    Marks,
    Sells,
}

/// One class on its way through the dates.
struct Desk<'a> {
    prepared: &'a Prepared,
    rows: Rows,
    splits: ShownSplits,
    waiting: Option<Waiting>,
    /// What the scripts say on the next sessions, beginning with the one that is decided next.
    scans: VecDeque<Scan>,
}

struct Walk<'a> {
    classes: &'a [Prepared],
    rules: Rules<'a>,
    /// Equities before crypto.
    desks: Vec<Desk<'a>>,
    account: Account,
    /// The settings of a decision, with the risk of its session.
    scaled: Option<Settings>,
    tally: Tally,
    counts: Counts,
}

impl<'a> Walk<'a> {
    fn new(classes: &'a [Prepared], rules: &Rules<'a>) -> Self {
        let desk = |prepared: &'a Prepared| Desk {
            prepared,
            rows: rules.scripts.bind(&prepared.columns),
            splits: ShownSplits::of(prepared),
            waiting: None,
            scans: VecDeque::new(),
        };
        let mut desks: Vec<Desk<'_>> = classes.iter().map(desk).collect();
        desks.sort_by_key(|desk| desk.prepared.columns.panel().asset_class());
        Self {
            classes,
            rules: *rules,
            desks,
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
        let dates = dates(self.classes, self.rules.from, self.rules.to);
        let mut days = Vec::with_capacity(dates.len());
        for (done, date) in dates.iter().enumerate() {
            let mut flow = ControlFlow::Continue(());
            let open: Vec<usize> = (0..self.desks.len()).filter(|desk| self.is_open(*desk, *date)).collect();
            match self.rules.fill {
                // Crypto's day begins before New York's.
                FillTime::NextOpen => open.iter().rev().for_each(|desk| self.fill(*desk, *date)),
                FillTime::NextClose => {}
            }
            for desk in open {
                if self.rules.fill == FillTime::NextClose {
                    self.fill(desk, *date);
                }
                if at_end == AtEnd::Sells && done + 1 == dates.len() {
                    // All is sold at this close and no order outlives it, so nothing is left to decide.
                    let floor = self.floor(desk, *date);
                    self.account.mark(&floor);
                    continue;
                }
                if self.decide(desk, *date, (done, dates.len()), watch).is_break() {
                    flow = ControlFlow::Break(());
                }
            }
            days.push(self.account.end_day(*date));
            if flow.is_break() {
                break;
            }
        }
        if at_end == AtEnd::Sells
            && let Some(last) = days.last_mut()
        {
            *last = self.sell_all(*last);
        }
        self.finish(days, dates.len())
    }

    /// Sells everything at its last close, and returns the last day as it then is.
    fn sell_all(&mut self, last: Day) -> Day {
        for desk in 0..self.desks.len() {
            let sessions = self.desks[desk].prepared.columns.sessions();
            let until = sessions.partition_point(|session| *session <= last.date);
            let Some(session) = until.checked_sub(1).map(|place| sessions[place]) else { continue };
            let floor = self.floor(desk, session);
            self.account.sell_all(&floor);
        }
        let day = self.account.end_day(last.date);
        Day { traded: last.traded + day.traded, ..day }
    }

    fn is_open(&self, desk: usize, date: NaiveDate) -> bool {
        self.desks[desk].prepared.columns.sessions().binary_search(&date).is_ok()
    }

    fn floor(&self, desk: usize, session: NaiveDate) -> Floor<'a> {
        let Rules { fill, costs, .. } = self.rules;
        Floor { prepared: self.desks[desk].prepared, session, time: fill, charges: costs }
    }

    /// Fills what the class's session before decided.
    fn fill(&mut self, desk: usize, date: NaiveDate) {
        let floor = self.floor(desk, date);
        let Some(mut waiting) = self.desks[desk].waiting.take() else { return };
        for (symbol, ratio) in self.desks[desk].splits.on(date) {
            self.account.split(&floor, &mut waiting.held, symbol, *ratio);
        }
        let not_filled = self.account.fill(&floor, &waiting);
        self.tally.add(date, not_filled);
        for (last, delisted) in self.account.sell_delisted(&floor) {
            self.tally.add(last, [delisted]);
        }
    }

    /// Decides the class's session and orders what it buys.
    fn decide(
        &mut self,
        desk: usize,
        date: NaiveDate,
        (done, total): (usize, usize),
        watch: &mut (dyn FnMut(&Step<'_>) -> ControlFlow<()> + Send),
    ) -> ControlFlow<()> {
        let floor = self.floor(desk, date);
        let Rules { scripts, settings, words, .. } = self.rules;
        self.account.mark(&floor);
        if let Some(scaled) = &mut self.scaled {
            scaled.risk.risk_per_trade = settings.risk.risk_per_trade * risk_factor(floor.prepared, date);
        }
        let mut scan = self.scan(desk, date);
        // Worded once for all sessions, where nobody reads of each.
        let not_ready = match words {
            Words::Told => Vec::new(),
            Words::LeftOut => std::mem::take(&mut scan.not_ready),
        };
        let settings = self.scaled.as_ref().unwrap_or(settings);
        let (book, rows) = (&self.account.book, &self.desks[desk].rows);
        let (mut decision, problems) =
            decide_scanned(floor.prepared, (scripts, rows), settings, book, date, (scan, words));
        let flow = watch(&Step {
            asset_class: decision.asset_class,
            session: date,
            book,
            settings,
            decision: &decision,
            problems: &problems,
            done,
            total,
        });
        if settings.backtest.limit_recommendations {
            let most = settings.signals.max_recommendations;
            let cut = filters::cut(&mut decision.recommendations, most, |buy| {
                (buy.symbol.clone(), buy.strategy_name.clone())
            });
            decision.filtered.extend(cut);
        }
        if decision.no_decision.is_none() {
            self.tally.add_not_ready(date, &not_ready);
        }
        self.counts.filtered += decision.filtered.len();
        for own in &decision.filtered {
            *self.counts.filtered_by.entry(own.filter).or_default() += 1;
        }
        self.counts.ordered += decision.recommendations.len();
        self.tally.add(date, problems);
        self.account.order(&decision);
        self.desks[desk].waiting = Some(Waiting::of(decision));
        flow
    }

    /// Returns what the scripts say on a session of a class; those after it are scanned with it.
    fn scan(&mut self, desk: usize, date: NaiveDate) -> Scan {
        let Rules { scripts, to, .. } = self.rules;
        let Desk { prepared, scans, .. } = &mut self.desks[desk];
        if scans.is_empty() {
            let sessions = prepared.columns.sessions();
            let first = sessions.partition_point(|session| *session < date);
            let end = to.map_or(sessions.len(), |to| sessions.partition_point(|session| *session <= to));
            let symbols = prepared.columns.panel().symbols().len().max(1);
            let together = (ROWS_SCANNED / symbols).max(32);
            let next = &sessions[first..end.min(first + together)];
            scans.extend(scan_sessions(&prepared.columns, scripts, next, &[], |_| ()));
        }
        // Every session from the first one on is decided, each in its turn.
        scans.pop_front().unwrap_or_default()
    }

    fn finish(self, days: Vec<Day>, dates: usize) -> Backtest {
        let prepared: Vec<&Prepared> = self.desks.iter().map(|desk| desk.prepared).collect();
        let counts = Counts {
            signals: self.counts.filtered + self.counts.ordered,
            fills: self.account.filled,
            ..self.counts
        };
        let paid = self.account.paid;
        let last = days.last().map(|day| day.date);
        let (trades, book) = self.account.into_trades(&prepared, last);
        let mut problems = self.tally.told();
        problems.extend(prepared.iter().filter_map(|own| ends_early(own, last?)));
        Backtest { days, trades, book, counts, paid, problems, dates }
    }
}

/// Says of a class that its bars end long before the walk does: from there on the curve has it standing still.
fn ends_early(prepared: &Prepared, last: NaiveDate) -> Option<Problem> {
    let columns = &prepared.columns;
    let newest = columns.sessions().last().filter(|newest| last - **newest > LONGEST_REST)?;
    let message = format!(
        "its bars end on {newest}, and the walk goes on to {last}: what it holds stands at its last close; \
         `--to {newest}` ends there"
    );
    Some(Problem::new(columns.panel().asset_class(), ProblemKind::Stale, message))
}

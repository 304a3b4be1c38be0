//! Decides one session: exits first, then the ranked entries that fit beside what is left.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::mem;

use chrono::NaiveDate;
use rustc_hash::FxHashSet;

use super::check::{Checked, check};
use super::day::Day;
use super::doubt::doubt;
use super::exits;
use super::exits::tracks;
use super::lot::Check;
use super::market;
use super::reasoning;
use super::track::Track;
use super::{Decision, Direction, MarketOverview, Prepared, Recommendation, Regime, recommendation_id};
use crate::bars::{OnDay, Panel};
use crate::domain::Symbol;
use crate::domain::Words;
use crate::domain::{Book, Position};
use crate::domain::{Problem, ProblemKind};
use crate::filters;
use crate::filters::{Candidate, Context, Filtered, Moves, Remaining};
use crate::scripts::{Rows, Scripts};
use crate::settings::Settings;
use crate::signals::{Found, Market};

/// Decides one session of one asset class.
///
/// `scripts` must be the ones that `prepared` was made with. The recommendations are ranked
/// and filtered but not cut to `max_recommendations`: a caller cuts with [`filters::cut`].
/// Problems come sorted. The same arguments give the same bytes; bars after `session` have no
/// influence.
pub fn decide(
    prepared: &Prepared,
    scripts: &Scripts,
    settings: &Settings,
    book: &Book,
    session: NaiveDate,
) -> (Decision, Vec<Problem>) {
    decide_watched(prepared, scripts, settings, book, session, &mut |_, _, _| ())
}

/// Decides like [`decide`], and tells `watch` each filter's verdict on each candidate.
pub(super) fn decide_watched(
    prepared: &Prepared,
    scripts: &Scripts,
    settings: &Settings,
    book: &Book,
    session: NaiveDate,
    watch: &mut filters::Watch<'_>,
) -> (Decision, Vec<Problem>) {
    let rows = scripts.bind(&prepared.columns);
    let market = Market::new(&prepared.columns, scripts, &rows);
    let found = market.find(&[session], &[]).pop().unwrap_or_default();
    let mut tracks = tracks(prepared, scripts, book);
    let today = prepared.columns.panel().on(session);
    let decider = Decider { prepared, scripts, rows: &rows, market: &market };
    let chosen = decider.choose(settings, book, &mut tracks, (today, &found), Words::Told, watch);
    decider.told(chosen, book, session)
}

/// What sessions of one class are decided with, bound once for all of them.
#[derive(Clone, Copy, Debug)]
pub struct Decider<'a> {
    pub prepared: &'a Prepared,
    /// Those that `prepared` was made with.
    pub scripts: &'a Scripts,
    /// The scripts bound to the prepared columns.
    pub rows: &'a Rows,
    /// The same three, as signals are asked of them.
    pub market: &'a Market<'a>,
}

/// What a session decides, by places and rows, for a caller who carries it out.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Whether entries could be decided.
    pub is_decided: bool,
    /// The market's, which is remembered with each order.
    pub regime: Option<Regime>,
    /// Of each position of the class, in the order of the book.
    pub checks: Vec<Check>,
    /// The entries, ranked.
    pub buys: Vec<Candidate>,
    /// How many signals each filter rejected. One that several reject counts once, for the first of them; where words
    /// are left out `held` comes before all others, and the correlation guard after them.
    pub rejected: BTreeMap<&'static str, usize>,
}

impl Decider<'_> {
    /// Decides a session of the prepared panel as [`decide`] does, from what the scripts said on it and from the tracks of all positions of
    /// the book, at their places. With [`Words::LeftOut`] the same is decided, and there is no [`Decision`]; that a row
    /// is not ready, or a symbol without a bar, is then for the caller to tell.
    pub fn decide(
        &self,
        settings: &Settings,
        book: &Book,
        tracks: &mut [Track],
        (today, found): (OnDay<'_>, &Found),
        words: Words,
    ) -> (Choice, Option<Decision>, Vec<Problem>) {
        let mut chosen = self.choose(settings, book, tracks, (today, found), words, &mut |_, _, _| ());
        match words {
            Words::Told => {
                let choice = chosen.choice(chosen.checked.checks.clone(), chosen.buys.clone());
                let (decision, problems) = self.told(chosen, book, today.session());
                (choice, Some(decision), problems)
            }
            Words::LeftOut => {
                let (checks, buys) = (mem::take(&mut chosen.checked.checks), mem::take(&mut chosen.buys));
                (chosen.choice(checks, buys), None, sorted(chosen.problems))
            }
        }
    }

    fn choose<'b>(
        &'b self,
        settings: &Settings,
        book: &'b Book,
        tracks: &mut [Track],
        (today, found): (OnDay<'_>, &Found),
        words: Words,
        watch: &mut filters::Watch<'_>,
    ) -> Chosen<'b> {
        let Self { prepared, scripts, rows, market } = *self;
        let (panel, session) = (today.panel(), today.session());
        let day = prepared.days.on(prepared, session);
        let mut checked = check(prepared, (scripts, rows), book, tracks, today);
        let mut problems = day.problems.clone();
        if words == Words::Told {
            problems.extend(day.stale.iter().map(|place| prepared.stale(*place, session)));
        }
        problems.append(&mut checked.problems);
        let mut chosen =
            Chosen { day, checked, buys: Vec::new(), filtered: Vec::new(), passed_over: 0, problems };
        if chosen.day.no_decision.is_some() {
            return chosen;
        }
        chosen.problems.extend(found.problems.iter().cloned());
        if words == Words::Told {
            chosen.problems.extend(found.lacking.iter().map(|own| market.not_ready(own).problem()));
        }
        let symbol = |place: usize| book.positions[place].symbol.clone();
        let sold: FxHashSet<Symbol> = chosen.checked.sold().map(symbol).collect();
        // What the class bought after the session has not taken its slot and cash yet.
        let is_later = |own: &Position| own.asset_class == panel.asset_class() && own.entry_date > session;
        let later = (0..book.positions.len()).filter(|place| is_later(&book.positions[*place]));
        let gone = chosen.checked.sold().chain(later);
        let context = Context {
            settings,
            columns: &prepared.columns,
            health: &prepared.health,
            session,
            book: Remaining::of(book, gone),
            sold: &sold,
            words,
            moves: Moves::default(),
            invested: OnceCell::new(),
            taken: OnceCell::new(),
        };
        let is_taken = match words {
            Words::Told => Vec::new(),
            Words::LeftOut => taken(panel, &context, tracks),
        };
        if !is_taken.is_empty() {
            // None of what is left is taken.
            context.taken.get_or_init(FxHashSet::default);
        }
        let mut candidates = Vec::with_capacity(found.triggered.len());
        for own in &found.triggered {
            // Rejected whatever else is so, and most of what triggers: told of by its number alone.
            if is_taken.get(own.owner as usize).copied().unwrap_or_default() {
                chosen.passed_over += 1;
                continue;
            }
            match Candidate::new(market.signal(found, own), settings, book.equity) {
                Ok(candidate) => candidates.push(candidate),
                Err(problem) => chosen.problems.push(problem),
            }
        }
        let (kept, filtered) = filters::select_watched(candidates, &context, watch);
        for candidate in &kept {
            let signal = &candidate.signal;
            if let Some(doubt) = doubt(prepared, scripts, &signal.strategy, signal.row, Direction::Buy) {
                let message = format!("{} buys on suspect bars: {doubt}", signal.strategy);
                chosen.problems.push(Problem::new(&signal.symbol, ProblemKind::Suspect, message));
            }
        }
        (chosen.buys, chosen.filtered) = (kept, filtered);
        chosen
    }

    /// Puts what was chosen into words.
    fn told(&self, chosen: Chosen<'_>, book: &Book, session: NaiveDate) -> (Decision, Vec<Problem>) {
        let Self { prepared, scripts, rows, .. } = *self;
        let (held, exits) =
            exits::told(prepared, (scripts, rows), book, &chosen.checked.checks, session, Words::Told);
        let Day { market, no_decision, .. } = chosen.day.into_owned();
        let market = MarketOverview { breadth: market::breadth(prepared, session), ..market };
        let buys = chosen.buys.into_iter().map(|candidate| buy(scripts, rows, candidate));
        let decision = Decision {
            asset_class: market.asset_class,
            session,
            no_decision,
            recommendations: buys.collect(),
            exits,
            filtered: chosen.filtered,
            near_misses: Vec::new(),
            held,
            market,
        };
        (decision, sorted(chosen.problems))
    }
}

/// What was chosen on a session, before it is put into words.
struct Chosen<'a> {
    day: Cow<'a, Day>,
    checked: Checked,
    buys: Vec<Candidate>,
    filtered: Vec<Filtered>,
    /// Signals whose symbol is held, ordered or sold, and which are none of the filtered.
    passed_over: usize,
    problems: Vec<Problem>,
}

impl Chosen<'_> {
    fn choice(&self, checks: Vec<Check>, buys: Vec<Candidate>) -> Choice {
        let mut rejected = BTreeMap::new();
        for own in &self.filtered {
            *rejected.entry(own.filter).or_default() += 1;
        }
        if self.passed_over > 0 {
            *rejected.entry(filters::HELD).or_default() += self.passed_over;
        }
        Choice {
            is_decided: self.day.no_decision.is_none(),
            regime: self.day.market.regime,
            checks,
            buys,
            rejected,
        }
    }
}

/// Whether each symbol of the panel is held, ordered or sold.
fn taken(panel: &Panel, context: &Context<'_>, tracks: &[Track]) -> Vec<bool> {
    let mut is_taken = vec![false; panel.symbols().len()];
    let book = &context.book;
    let class = panel.asset_class();
    let held = book.places().filter(|(_, own)| own.asset_class == class);
    let owners = held.filter_map(|(place, _)| tracks[place].owner());
    let others = book.ordered(class).chain(context.sold).filter_map(|symbol| panel.position(symbol));
    owners.chain(others).for_each(|owner| is_taken[owner] = true);
    is_taken
}

fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort();
    problems.dedup();
    problems
}

fn buy(scripts: &Scripts, rows: &Rows, candidate: Candidate) -> Recommendation {
    let reasoning = reasoning::of_entry(scripts, rows, &candidate);
    let Candidate { signal, combined_score, conviction, size } = candidate;
    let strategy = signal.strategy.to_string();
    Recommendation {
        id: recommendation_id(signal.session, &strategy, signal.asset_class, &signal.symbol, Direction::Buy),
        symbol: signal.symbol,
        asset_class: signal.asset_class,
        direction: Direction::Buy,
        conviction: Some(conviction),
        current_price: signal.close,
        entry_price: signal.close,
        target_price: Some(signal.target),
        stop_price: signal.stop,
        position_size_pct: size.fraction,
        risk_pct: size.risk,
        size_cap: size.cap,
        quantity: size.quantity,
        adv20: signal.adv20,
        technical_score: Some(signal.score),
        news_score: None,
        sentiment_score: None,
        combined_score: Some(combined_score),
        components: signal.components,
        signal_type: signal.trigger.to_string(),
        reasoning,
        news_headlines: Vec::new(),
        generated_at: None,
        script_hash: scripts.strategy(&strategy).map(|own| own.hash().to_owned()).unwrap_or_default(),
        strategy_name: strategy,
        session: signal.session,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::PositionStatus;
    use crate::decide::fixtures::{Case, bought, position, told};
    use crate::decide::{MarketBars, prepare_since};
    use crate::domain::{AssetClass, Conviction};
    use crate::signals::fixtures::{ALWAYS, day, every_day, flat, scripts, series, symbol};

    fn always(series: Vec<crate::bars::Bars>) -> Case {
        Case::new(scripts(&[("always", ALWAYS)]), series)
    }

    #[track_caller]
    fn check_number(number: f64, expected: f64) {
        assert!((number - expected).abs() < 1e-9 * expected, "{number} {expected}");
    }

    #[test]
    fn a_buy_carries_every_number_that_it_rests_on() {
        let (decision, problems) = always(vec![flat("X", 85.0)]).decide(29);
        assert_eq!(problems, []);
        let [buy] = &decision.recommendations[..] else { panic!("{decision:?}") };
        for (number, expected) in [
            (buy.current_price, 85.0),
            (buy.entry_price, 85.0),
            (buy.stop_price, 76.5),
            (buy.target_price.expect("a BUY has one"), 102.0),
            (buy.position_size_pct, 0.0748),
            (buy.risk_pct, 0.00748),
            (buy.quantity, 88.0),
            (buy.combined_score.expect("a BUY has one"), 8.5),
        ] {
            check_number(number, expected);
        }
        assert_eq!((buy.conviction, buy.size_cap), (Some(Conviction::High), None));
        assert_eq!((buy.signal_type.as_str(), buy.generated_at), ("always", None));
        let id = recommendation_id(day(29), "always", AssetClass::Equity, &symbol("X"), Direction::Buy);
        assert_eq!(buy.id, id);
        assert_eq!(
            buy.reasoning,
            "X closed at 85.00 and triggered always of always: close 85.00 > 1. Score 8.5 = price 8.5 × 1. \
             Stop 76.50 (10.0% below), target 102.00; 7.5% of equity risks 0.75%."
        );
    }

    #[test]
    fn a_stale_symbol_is_named_with_its_newest_bar_and_costs_itself_alone() {
        let case = always(vec![flat("A", 85.0), flat("B", 80.0), series("C", 0, &[90.0; 27])]);
        let (decision, problems) = case.decide(29);
        assert_eq!(bought(&decision), ["A", "B"]);
        let expected = ["C: no bar on 2024-01-30, the newest is of 2024-01-27: not signalled"];
        assert_eq!(told(&problems, ProblemKind::Stale), expected);
    }

    #[test]
    fn a_session_that_was_not_prepared_is_not_decided() {
        let scripts = scripts(&[("always", ALWAYS)]);
        let market = MarketBars::of(AssetClass::Equity, vec![flat("A", 85.0)]);
        let prepared = prepare_since(market, &scripts, day(28), every_day).expect("distinct symbols");
        let book = Book::of_cash(1e5);
        let decide = |offset| decide(&prepared, &scripts, &Settings::defaults(), &book, day(offset)).0;
        assert_eq!(decide(28).recommendations.len(), 1);
        assert_eq!(decide(27).recommendations, []);
        let expected = "2024-01-28 lies before the sessions that were prepared";
        assert_eq!(decide(27).no_decision.as_deref(), Some(expected));
    }

    #[test]
    fn where_most_are_stale_nothing_is_bought_and_exits_still_run() {
        let short = |name| series(name, 0, &[85.0; 27]);
        let closes: Vec<f64> = (0..30).map(|n| if n < 29 { 100.0 } else { 131.0 }).collect();
        let case = always(vec![series("A", 0, &closes), short("B"), short("C")])
            .holding(vec![position("A", "always", 80.0)]);
        let (decision, _) = case.decide(29);
        assert_eq!(bought(&decision), [""; 0]);
        assert_eq!(decision.exits.len(), 1);
        let expected = "bars are missing for 2024-01-30: 1 of 3 symbols have one; the last session \
                        with bars of most is 2024-01-27; to decide that one, use --date 2024-01-27";
        assert_eq!(decision.no_decision.as_deref(), Some(expected));
        assert_eq!(case.decide(26).0.no_decision, None);
    }

    #[test]
    fn half_of_the_symbols_are_enough_to_decide() {
        let case = always(vec![flat("A", 85.0), series("B", 0, &[85.0; 27])]);
        assert_eq!(bought(&case.decide(29).0), ["A"]);
    }

    #[test]
    fn an_erring_script_costs_its_own_entries_for_that_session_alone() {
        let text =
            ALWAYS.replace("return \"always\";", "if row.close == 80.0 { throw \"odd\"; }\n\"always\"");
        let closes: Vec<f64> = (0..30).map(|n| if n < 29 { 85.0 } else { 80.0 }).collect();
        let series = || vec![flat("A", 85.0), series("B", 0, &closes)];
        let case = Case::new(scripts(&[("broken", &text)]), series());
        let (decision, problems) = case.decide(29);
        assert_eq!(bought(&decision), [""; 0]);
        let message = &told(&problems, ProblemKind::ScriptRun)[0];
        for part in ["broken.rhai:4:40", "`entry`", "odd", "on B, 2024-01-30", "close 80"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert_eq!(bought(&case.decide(28).0), ["A", "B"]);
        let beside = Case::new(scripts(&[("broken", &text), ("sound", ALWAYS)]), series());
        assert_eq!(bought(&beside.decide(29).0), ["A", "B"]);
    }

    /// One slot, a position in A that its rule sells at 131, and a candidate B.
    fn one_slot(strategies: &[&str]) -> Case {
        let closes: Vec<f64> = (0..30).map(|n| if n < 29 { 100.0 } else { 131.0 }).collect();
        let positions = strategies.iter().map(|name| position("A", name, 80.0)).collect();
        let mut case = always(vec![series("A", 0, &closes), flat("B", 90.0)]).holding(positions);
        case.settings.risk.max_positions = 1;
        case
    }

    #[test]
    fn an_exit_frees_its_slot_for_another_symbol_only() {
        let (decision, _) = one_slot(&["always"]).decide(29);
        assert_eq!(bought(&decision), ["B"]);
        let reasons: Vec<&str> = decision.filtered.iter().map(|own| own.reason.as_str()).collect();
        assert_eq!(reasons, ["A is sold on this session; no re-entry on the same one"]);
    }

    #[test]
    fn what_another_strategy_holds_of_a_sold_symbol_keeps_its_slot() {
        let (decision, _) = one_slot(&["always", "gone"]).decide(29);
        let statuses: Vec<PositionStatus> = decision.held.iter().map(|held| held.status).collect();
        assert_eq!(statuses, [PositionStatus::Sell, PositionStatus::Unchecked]);
        assert_eq!(bought(&decision), [""; 0]);
        assert_eq!(decision.filtered[1].reason, "no slot is left (risk.max_positions 1): 1 held");
    }

    #[test]
    fn pending_orders_of_the_first_class_hold_their_slots() {
        let mut case = always(vec![flat("A", 85.0), flat("B", 80.0)]);
        case.settings.risk.max_positions = 2;
        let mut coin = position("BTC", "coins", 80.0);
        coin.asset_class = AssetClass::Crypto;
        case.book = Book::of_positions(100_000.0, vec![coin]);
        assert_eq!(bought(&case.decide(29).0), ["A"]);
        case.book = crate::decide::order(case.book.clone(), &case.decide(29).0);
        let (decision, _) = case.decide(29);
        assert_eq!(bought(&decision), [""; 0]);
        assert_eq!(decision.filtered[0].reason, "already ordered by always on 2024-01-30");
    }

    #[test]
    fn doubtful_bars_withhold_the_buy_and_are_named_every_day() {
        let jumped: Vec<f64> = (0..30).map(|n| if n < 27 { 170.0 } else { 85.0 }).collect();
        let (decision, problems) = always(vec![series("J", 0, &jumped), flat("A", 85.0)]).decide(29);
        assert_eq!(bought(&decision), ["A"]);
        assert!(decision.filtered[0].reason.starts_with("suspect bars: the close of 2024-01-28 is 0.50"));
        assert_eq!(told(&problems, ProblemKind::Suspect).len(), 1, "{problems:?}");
    }

    #[test]
    fn a_score_without_a_weight_is_told_and_not_passed_over() {
        let mut case = always(vec![flat("A", 85.0)]);
        case.settings.signals.technical_weight = 0.0;
        let (decision, problems) = case.decide(29);
        assert_eq!(bought(&decision), [""; 0]);
        assert_eq!(told(&problems, ProblemKind::Score).len(), 1, "{problems:?}");
    }

    #[test]
    fn the_reason_is_what_held_and_nothing_else() {
        let text = ALWAYS
            .replace(
                "row.close > 1.0",
                "row.close > row.ma20 * 0.5 && (row.close > 900.0 || row.ma20 < 90.0)",
            )
            .replace(
                "return \"always\";",
                "if row.close > 100.0 { return \"high\"; }\nif row.close > 80.0 { return \"mid\"; }",
            );
        let (decision, _) = Case::new(scripts(&[("rule", &text)]), vec![flat("X", 85.0)]).decide(29);
        let reasoning = &decision.recommendations[0].reasoning;
        let expected = "triggered mid of rule: close 85.00 > ma20 85.00 × 0.5 = 42.50, ma20 85.00 < 90, \
                        close 85.00 > 80. Score 8.5";
        assert!(reasoning.contains(expected), "{reasoning}");
    }

    #[test]
    fn bars_after_the_session_have_no_influence() {
        let long: Vec<f64> = (0..60).map(|n| if n < 30 { 85.0 } else { 300.0 }).collect();
        let (short, long) = (always(vec![flat("A", 85.0)]), always(vec![series("A", 0, &long)]));
        assert_eq!(short.decide(29), long.decide(29));
    }
}

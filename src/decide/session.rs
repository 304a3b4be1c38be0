//! Decides one session: exits first, then the ranked entries that fit beside what is left.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::exits;
use super::market;
use super::reasoning;
use super::{Decision, Direction, MarketOverview, Prepared, Recommendation, recommendation_id};
use crate::domain::Book;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::filters;
use crate::filters::{Candidate, Context};
use crate::scripts::Scripts;
use crate::settings::Settings;
use crate::signals;
use crate::signals::NotReady;

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
    let columns = &prepared.columns;
    let rows = scripts.bind(columns);
    let (market, mut problems) = market::overview(prepared, session);
    let (stale, no_decision) = stale(prepared, &market, session);
    problems.extend(stale);
    let exits = exits::exits(prepared, scripts, &rows, book, session);
    problems.extend(exits.problems);
    let mut decision = Decision {
        asset_class: market.asset_class,
        session,
        no_decision,
        recommendations: Vec::new(),
        exits: exits.sells,
        filtered: Vec::new(),
        near_misses: Vec::new(),
        held: exits.held,
        market,
    };
    if decision.no_decision.is_none() {
        let scan = signals::scan(columns, scripts, &rows, session, &[]);
        problems.extend(scan.problems);
        problems.extend(scan.not_ready.iter().map(NotReady::problem));
        problems.extend(unhealthy(prepared, session));

        let sold: BTreeSet<Symbol> = decision.exits.iter().map(|exit| exit.symbol.clone()).collect();
        let after_exits = without(book, &decision, &sold);
        let context =
            Context { settings, columns, health: &prepared.health, session, book: &after_exits, sold: &sold };
        let candidates: Vec<Candidate> = scan
            .signals
            .into_iter()
            .filter_map(|signal| Candidate::new(signal, settings, book.equity))
            .collect();
        let (kept, filtered) = filters::select(candidates, &context);
        decision.filtered = filtered;
        decision.recommendations =
            kept.into_iter().map(|candidate| buy(prepared, scripts, candidate)).collect();
    }
    problems.sort();
    problems.dedup();
    (decision, problems)
}

/// Names the universe's symbols without a bar on the session; where they are most of it,
/// nothing can be decided, and the second value says so.
fn stale(prepared: &Prepared, market: &MarketOverview, session: NaiveDate) -> (Vec<Problem>, Option<String>) {
    let columns = &prepared.columns;
    let panel = columns.panel();
    let mut problems = Vec::new();
    let mut newest = None;
    for (position, symbol) in panel.symbols().iter().enumerate() {
        if !columns.is_tradable(position) {
            continue;
        }
        let dates = &panel.dates()[panel.rows(position)];
        let before = dates[..dates.partition_point(|date| *date <= session)].last().copied();
        newest = newest.max(before);
        if before == Some(session) {
            continue;
        }
        let message = match before {
            Some(date) => format!("no bar on {session}, the newest is of {date}: not signalled"),
            None => format!("no bar on {session} or before it: not signalled"),
        };
        problems.push(Problem::new(symbol, ProblemKind::Stale, message));
    }
    let most_are_stale = market.symbols_with_bar * 2 < market.symbols || market.symbols == 0;
    let no_decision = most_are_stale.then(|| {
        let newest = match newest {
            Some(date) => format!("the newest bar is of {date}; to decide that session, use --date {date}"),
            None => "there is no bar before it either".to_owned(),
        };
        format!(
            "no decision: bars missing for {session}: {} of {} symbols have one; {newest}",
            market.symbols_with_bar, market.symbols
        )
    });
    (problems, no_decision)
}

/// Names the universe's symbols whose bars are in doubt on the session.
fn unhealthy(prepared: &Prepared, session: NaiveDate) -> Vec<Problem> {
    let (columns, health) = (&prepared.columns, &prepared.health);
    let panel = columns.panel();
    let mut problems = Vec::new();
    for row in columns.rows_on(session).iter().map(|row| *row as usize) {
        let owner = panel.owner(row);
        if !columns.is_tradable(owner) {
            continue;
        }
        let symbol = &panel.symbols()[owner];
        if let Some(jump) = health.suspect(row) {
            problems.push(Problem::new(
                symbol,
                ProblemKind::Suspect,
                format!("{jump}: no BUY for five sessions"),
            ));
        }
        if let Some(gap) = health.gap(row) {
            problems.push(Problem::new(symbol, ProblemKind::Gap, format!("{gap}: no BUY for 20 sessions")));
        }
        problems.extend(health.warnings(panel, row));
    }
    problems
}

/// The book as the entries find it: what is sold has freed its slot and its cash.
fn without(book: &Book, decision: &Decision, sold: &BTreeSet<Symbol>) -> Book {
    let mut left = book.clone();
    let class = decision.asset_class;
    let is_sold = |symbol: &Symbol| sold.contains(symbol);
    for position in book.positions.iter().filter(|p| p.asset_class == class && is_sold(&p.symbol)) {
        left.cash += position.market_value();
    }
    left.positions.retain(|p| p.asset_class != class || !is_sold(&p.symbol));
    left
}

fn buy(prepared: &Prepared, scripts: &Scripts, candidate: Candidate) -> Recommendation {
    let reasoning = reasoning::of_entry(prepared, scripts, &candidate);
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

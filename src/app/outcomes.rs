//! Past recommendations between the journal and the core: read, followed with the run's own bars, and handed back.
//!
//! A run of a session that lies before what was found already follows them anew, as they stood on that day, and
//! keeps nothing of it. A journal that cannot be read costs the record, and not the decision.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use super::App;
use crate::calendar;
use crate::decide::Direction;
use crate::domain::{AssetClass, Symbol};
use crate::domain::{Problem, ProblemKind};
use crate::journal;
use crate::journal::{Journal, JournalError, RecommendationRow};
use crate::outcomes::{Fill, Followed, Stage, Told, records};
use crate::report::{Past, PastRecommendation};
use crate::settings::SourceName;

/// How the journal marks a closed one whose symbol has no bars any more.
const DELISTED: &str = "delisted";
/// Settled ones stay in the report's list for so long after their end; the record has them for ever.
const LISTED: Days = Days::new(60);

/// The BUYs that the journal holds of the classes of a run, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) past: Vec<Followed>,
    /// Some are followed anew for an earlier session, so nothing that is found may be kept.
    is_rewound: bool,
}

/// Reads what the journal holds of each class before its session. On the simulated market the journal's real
/// recommendations have no place.
pub(super) fn known(
    app: &App,
    source: Option<SourceName>,
    sessions: &BTreeMap<AssetClass, NaiveDate>,
) -> (Known, Vec<Problem>) {
    if source == Some(SourceName::Simulated) {
        return (Known::default(), Vec::new());
    }
    let path = &app.loaded.settings.journal.path;
    let read = Journal::open_to_read(path).and_then(|journal| journal.recommendations(NaiveDate::MIN));
    match read {
        Ok(rows) => (Known::of(rows, sessions), Vec::new()),
        Err(JournalError::Missing { .. }) => (Known::default(), Vec::new()),
        Err(error) => {
            let message = format!("failed to {error}; so past recommendations are not told");
            (Known::default(), vec![Problem::new("", ProblemKind::Journal, message)])
        }
    }
}

impl Known {
    fn of(rows: Vec<RecommendationRow>, sessions: &BTreeMap<AssetClass, NaiveDate>) -> Self {
        let mut known = Self::default();
        for row in told_last(rows) {
            let recommendation = &row.recommendation;
            let Some(session) = sessions.get(&recommendation.asset_class) else { continue };
            if recommendation.session >= *session {
                continue;
            }
            let told = Told::of(recommendation, row.run);
            let followed = match &row.outcome {
                Some(outcome) if outcome.last_session <= *session => followed(told, outcome),
                Some(_) => {
                    known.is_rewound = true;
                    Followed::waiting(told)
                }
                None => Followed::waiting(told),
            };
            known.past.push(followed);
        }
        known
    }

    /// Returns the symbols of a class that are followed further, each with the session since which no split of it
    /// may be missed.
    pub(super) fn symbols(&self, class: AssetClass) -> BTreeMap<Symbol, NaiveDate> {
        let mut symbols: BTreeMap<Symbol, NaiveDate> = BTreeMap::new();
        for own in self.unsettled(class) {
            let since = symbols.entry(own.told.symbol.clone()).or_insert(own.told.session);
            *since = (*since).min(own.told.session);
        }
        symbols
    }

    /// Returns the oldest session of a class that following them asks about; `None` where nothing is followed.
    pub(super) fn oldest_session_asked(&self, class: AssetClass) -> Option<NaiveDate> {
        self.unsettled(class).map(Followed::oldest_session_asked).min()
    }

    fn unsettled(&self, class: AssetClass) -> impl Iterator<Item = &Followed> {
        self.past.iter().filter(move |own| own.told.asset_class == class && !own.is_settled())
    }

    /// Returns the rows to keep once they were followed to `past`: those that could still change.
    pub(super) fn to_keep(&self, past: &[Followed]) -> Vec<journal::Outcome> {
        if self.is_rewound {
            return Vec::new();
        }
        let open: Vec<Uuid> =
            self.past.iter().filter(|own| !own.is_settled()).map(|own| own.told.id).collect();
        past.iter().filter(|own| open.contains(&own.told.id)).map(row).collect()
    }
}

/// Tells them as the report does: the newer ones, and the record of all, with the month of `session` apart.
pub(super) fn told(past: &[Followed], session: NaiveDate) -> Past {
    let is_listed = |own: &&Followed| !own.is_settled() || own.last_session >= session - LISTED;
    let mut listed: Vec<&Followed> = past.iter().filter(is_listed).collect();
    listed.sort_by(|a, b| (b.told.session, &a.told.symbol).cmp(&(a.told.session, &b.told.symbol)));
    Past {
        recommendations: listed.into_iter().map(PastRecommendation::of).collect(),
        record: records(past, session),
    }
}

/// Takes each BUY once: by the run that is followed already, or else by the newest, which corrects the others.
fn told_last(rows: Vec<RecommendationRow>) -> Vec<RecommendationRow> {
    let mut by_id: BTreeMap<Uuid, RecommendationRow> = BTreeMap::new();
    let buys = rows.into_iter().filter(|row| row.recommendation.direction == Direction::Buy);
    for row in buys {
        let is_followed = row.outcome.as_ref().is_some_and(|outcome| outcome.run == row.run);
        let id = row.recommendation.id;
        // The newest run comes first.
        if is_followed || !by_id.contains_key(&id) {
            by_id.insert(id, row);
        }
    }
    let mut told: Vec<RecommendationRow> = by_id.into_values().collect();
    told.sort_by_key(|row| (row.recommendation.session, row.recommendation.id));
    told
}

fn followed(told: Told, outcome: &journal::Outcome) -> Followed {
    let reason = outcome.exit_reason.clone();
    let stage = match outcome.state {
        journal::OutcomeState::Waiting => Stage::Waiting,
        journal::OutcomeState::Open => Stage::Open,
        journal::OutcomeState::NotFilled => Stage::NotFilled(reason.clone().unwrap_or_default()),
        journal::OutcomeState::Closed if reason.as_deref() == Some(DELISTED) => Stage::Delisted,
        journal::OutcomeState::Closed => Stage::Closed,
    };
    let fill = |(session, price)| Fill { session, price };
    let (entry, exit) = (outcome.entry.map(fill), outcome.exit.map(fill));
    // The journal keeps days and no counts; where a symbol lacked a bar, this one counts it too.
    let class = told.asset_class;
    let bars_held = match (entry, exit) {
        (Some(entry), Some(exit)) => Some(calendar::sessions_between(class, entry.session, exit.session)),
        (Some(entry), None) => {
            let day_after = outcome.last_session.succ_opt().unwrap_or(outcome.last_session);
            Some(calendar::sessions_between(class, entry.session, day_after))
        }
        (None, _) => None,
    };
    Followed {
        stage,
        entry,
        exit,
        exit_reason: reason.filter(|_| entry.is_some()),
        stop_price: outcome.stop_price,
        stop_session: outcome.stop_session,
        target_touched: outcome.target_touched,
        stop_touched: outcome.stop_touched,
        last_session: outcome.last_session,
        last_close: outcome.last_close,
        bars_held,
        unchecked: None,
        told,
    }
}

fn row(own: &Followed) -> journal::Outcome {
    let (state, reason) = match &own.stage {
        Stage::Waiting => (journal::OutcomeState::Waiting, None),
        Stage::NotFilled(why) => (journal::OutcomeState::NotFilled, Some(why.clone())),
        Stage::Open | Stage::StrategyGone => (journal::OutcomeState::Open, own.exit_reason.clone()),
        Stage::Closed | Stage::Delisted => (journal::OutcomeState::Closed, own.exit_reason.clone()),
    };
    let fill = |fill: Fill| (fill.session, fill.price);
    journal::Outcome {
        recommendation: own.told.id,
        run: own.told.run,
        state,
        entry: own.entry.map(fill),
        stop_price: own.stop_price,
        stop_session: own.stop_session,
        exit: own.exit.map(fill),
        exit_reason: reason,
        r_multiple: own.r_multiple(),
        target_touched: own.target_touched,
        stop_touched: own.stop_touched,
        last_session: own.last_session,
        last_close: own.last_close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, number).expect("a date")
    }

    fn told_on(session: NaiveDate) -> Told {
        Told {
            id: Uuid::from_u128(5),
            run: Uuid::from_u128(9),
            symbol: Symbol::new("NVDA").expect("a symbol"),
            asset_class: AssetClass::Equity,
            strategy: "equity_momentum".to_owned(),
            session,
            close: 214.38,
            stop_price: 205.52,
            target_price: Some(232.1),
            quantity: 10.0,
        }
    }

    #[test]
    fn every_stage_comes_back_from_the_journal_as_it_went() {
        let waiting = Followed::waiting(told_on(day(9)));
        let open = Followed {
            stage: Stage::Open,
            entry: Some(Fill { session: day(10), price: 215.0 }),
            stop_price: 207.0,
            stop_session: day(12),
            target_touched: Some(day(11)),
            last_session: day(12),
            last_close: Some(220.0),
            bars_held: Some(2),
            ..waiting.clone()
        };
        let selling = Followed { exit_reason: Some("ma20_cross".to_owned()), ..open.clone() };
        let closed = Followed {
            stage: Stage::Closed,
            exit: Some(Fill { session: day(13), price: 219.0 }),
            last_session: day(13),
            ..selling.clone()
        };
        let delisted = Followed {
            stage: Stage::Delisted,
            exit: Some(Fill { session: day(13), price: 220.0 }),
            exit_reason: Some(DELISTED.to_owned()),
            ..closed.clone()
        };
        let not_filled = Followed {
            stage: Stage::NotFilled("it opened low".to_owned()),
            last_session: day(10),
            ..waiting.clone()
        };
        for own in [waiting, open, selling, closed, delisted, not_filled] {
            assert_eq!(followed(own.told.clone(), &row(&own)), own);
        }
    }

    #[test]
    fn the_list_ends_and_the_record_does_not() {
        let ended = |session: NaiveDate, id: u128| Followed {
            told: Told { id: Uuid::from_u128(id), ..told_on(session) },
            stage: Stage::Closed,
            entry: Some(Fill { session, price: 100.0 }),
            exit: Some(Fill { session, price: 90.0 }),
            last_session: session,
            ..Followed::waiting(told_on(session))
        };
        let old = NaiveDate::from_ymd_opt(2025, 3, 3).expect("a date");
        let told = told(&[ended(old, 1), ended(day(2), 2), ended(day(9), 3)], day(20));
        let listed: Vec<NaiveDate> = told.recommendations.iter().map(|own| own.session).collect();
        assert_eq!(listed, [day(9), day(2)]);
        assert_eq!((told.record[0].all.closed, told.record[0].month.closed), (3, 2));
    }
}

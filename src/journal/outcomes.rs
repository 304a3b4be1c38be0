//! What became of past recommendations, followed as if each had been filled.
//!
//! Keeps what the caller found; finding it is the work of the decision's own exits and fills. Prices are as traded
//! at the entry.

use chrono::NaiveDate;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::named_params;
use uuid::Uuid;

use super::Journal;
use super::JournalError;
use super::values::one_of;
use super::values::parsed;
use super::values::parsed_if_there;

/// How far a recommendation's outcome is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeState {
    /// Its fill is yet to come.
    Waiting,
    Open,
    Closed,
    /// The open lay under the stop, or there was no bar.
    NotFilled,
}

impl OutcomeState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Open, Self::Closed, Self::NotFilled];

    /// Returns the word that the journal and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::NotFilled => "not_filled",
        }
    }
}

/// What became of one recommendation.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its id, the same in every run that made it.
    pub recommendation: Uuid,
    /// The run whose numbers are followed.
    pub run: Uuid,
    pub state: OutcomeState,
    /// The session and the price of the fill.
    pub entry: Option<(NaiveDate, f64)>,
    /// As advanced.
    pub stop_price: f64,
    pub stop_session: NaiveDate,
    /// The session and the price of the exit's fill.
    pub exit: Option<(NaiveDate, f64)>,
    pub exit_reason: Option<String>,
    /// The result in units of the risk at the fill; of an open one, at its last close.
    pub r_multiple: Option<f64>,
    /// The first session that traded at the target, and at the stop.
    pub target_touched: Option<NaiveDate>,
    pub stop_touched: Option<NaiveDate>,
    /// The newest session that was looked at, and its close.
    pub last_session: NaiveDate,
    pub last_close: Option<f64>,
}

impl Journal {
    /// Stores outcomes in the place of what was known of the same recommendations, all or none.
    ///
    /// # Errors
    /// A run that the journal does not hold; a journal that cannot be written.
    pub fn put_outcomes(&self, outcomes: &[Outcome]) -> Result<(), JournalError> {
        self.write(|transaction| {
            for outcome in outcomes {
                put(transaction, outcome)?;
            }
            Ok(())
        })
    }

    /// Returns every outcome, the one looked at last first.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn outcomes(&self) -> Result<Vec<Outcome>, JournalError> {
        self.read(|connection| {
            let sql = "SELECT * FROM outcomes ORDER BY last_session DESC, recommendation";
            let mut select = connection.prepare_cached(sql)?;
            let rows = select.query_map([], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn put(connection: &Connection, own: &Outcome) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO outcomes (recommendation, run, state, entry_date, entry_price, stop_price,
             stop_session, exit_date, exit_price, exit_reason, r_multiple, target_touched, stop_touched,
             last_session, last_close)
         VALUES (:id, :run, :state, :entry_date, :entry_price, :stop, :stop_session, :exit_date, :exit_price,
             :reason, :r, :target_touched, :stop_touched, :last_session, :last_close)",
    )?;
    let day = |date: Option<NaiveDate>| date.map(|date| date.to_string());
    insert.execute(named_params! {
        ":id": own.recommendation.to_string(),
        ":run": own.run.to_string(),
        ":state": own.state.as_str(),
        ":entry_date": day(own.entry.map(|(date, _)| date)),
        ":entry_price": own.entry.map(|(_, price)| price),
        ":stop": own.stop_price,
        ":stop_session": own.stop_session.to_string(),
        ":exit_date": day(own.exit.map(|(date, _)| date)),
        ":exit_price": own.exit.map(|(_, price)| price),
        ":reason": own.exit_reason,
        ":r": own.r_multiple,
        ":target_touched": day(own.target_touched),
        ":stop_touched": day(own.stop_touched),
        ":last_session": own.last_session.to_string(),
        ":last_close": own.last_close,
    })?;
    Ok(())
}

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<Outcome> {
    let fill = |date: &str, price: &str| {
        let date = parsed_if_there::<NaiveDate>(row, date)?;
        Ok::<_, rusqlite::Error>(date.zip(row.get::<_, Option<f64>>(price)?))
    };
    Ok(Outcome {
        recommendation: parsed(row, "recommendation")?,
        run: parsed(row, "run")?,
        state: one_of(row, "state", &OutcomeState::ALL, OutcomeState::as_str)?,
        entry: fill("entry_date", "entry_price")?,
        stop_price: row.get("stop_price")?,
        stop_session: parsed(row, "stop_session")?,
        exit: fill("exit_date", "exit_price")?,
        exit_reason: row.get("exit_reason")?,
        r_multiple: row.get("r_multiple")?,
        target_touched: parsed_if_there(row, "target_touched")?,
        stop_touched: parsed_if_there(row, "stop_touched")?,
        last_session: parsed(row, "last_session")?,
        last_close: row.get("last_close")?,
    })
}

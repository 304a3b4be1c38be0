//! Holdouts that were looked at: each look is kept, because the next one proves less.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use rusqlite::Row;
use rusqlite::named_params;
use serde::Serialize;

use super::Journal;
use super::JournalError;
use super::values::instant;
use super::values::json;
use super::values::parsed;
use crate::domain::AssetClass;

/// One look at a holdout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reveal {
    pub revealed_at: DateTime<Utc>,
    /// The first and the last session that was shown.
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub asset_classes: Vec<AssetClass>,
    /// Of the scripts that traded it, in hex.
    pub scripts_hash: String,
    /// The constants that were set, by name.
    pub constants: BTreeMap<String, f64>,
    /// The combinations of constants that were walked before it, once for each window of a walk forward.
    pub trials: usize,
}

impl Reveal {
    /// Tells whether this look showed a session of one of the classes within a span.
    pub fn shows(&self, classes: &[AssetClass], from: NaiveDate, to: NaiveDate) -> bool {
        let shares_class = self.asset_classes.iter().any(|class| classes.contains(class));
        shares_class && self.from <= to && from <= self.to
    }
}

impl Journal {
    /// Keeps a look, and returns how many before it showed any of its sessions.
    ///
    /// # Errors
    /// A journal that cannot be written: then the holdout must not be shown.
    pub fn put_reveal(&self, reveal: &Reveal) -> Result<usize, JournalError> {
        self.write(|transaction| {
            let before = transaction
                .prepare_cached("SELECT * FROM holdout_reveals")?
                .query_map([], row)?
                .collect::<rusqlite::Result<Vec<Reveal>>>()?;
            let word = |class: &AssetClass| class.as_str();
            let classes: Vec<&str> = reveal.asset_classes.iter().map(word).collect();
            transaction
                .prepare_cached(
                    "INSERT INTO holdout_reveals (revealed_at, from_session, to_session, asset_classes,
                         scripts_hash, constants, trials)
                     VALUES (:at, :from, :to, :classes, :scripts, :constants, :trials)",
                )?
                .execute(named_params! {
                    ":at": instant(reveal.revealed_at),
                    ":from": reveal.from.to_string(),
                    ":to": reveal.to.to_string(),
                    ":classes": serde_json::json!(classes).to_string(),
                    ":scripts": reveal.scripts_hash,
                    ":constants": serde_json::json!(reveal.constants).to_string(),
                    ":trials": reveal.trials,
                })?;
            let shows = |own: &&Reveal| own.shows(&reveal.asset_classes, reveal.from, reveal.to);
            Ok(before.iter().filter(shows).count())
        })
    }

    /// Returns every look, the newest first.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn reveals(&self) -> Result<Vec<Reveal>, JournalError> {
        self.read(|connection| {
            let sql = "SELECT * FROM holdout_reveals ORDER BY revealed_at DESC, id DESC";
            let mut select = connection.prepare_cached(sql)?;
            let rows = select.query_map([], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<Reveal> {
    Ok(Reveal {
        revealed_at: parsed(row, "revealed_at")?,
        from: parsed(row, "from_session")?,
        to: parsed(row, "to_session")?,
        asset_classes: json(row, "asset_classes")?,
        scripts_hash: row.get("scripts_hash")?,
        constants: json(row, "constants")?,
        trials: row.get("trials")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reveal(from: &str, to: &str, class: AssetClass) -> Reveal {
        let day = |text: &str| text.parse().expect("a date");
        Reveal {
            revealed_at: format!("{to}T12:00:00.5Z").parse().expect("an instant"),
            from: day(from),
            to: day(to),
            asset_classes: vec![class],
            scripts_hash: "abc".to_owned(),
            constants: BTreeMap::from([("STOP_ATR_MULT".to_owned(), 0.1)]),
            trials: 100,
        }
    }

    #[test]
    fn a_look_counts_those_before_it_that_showed_one_of_its_sessions() {
        let journal = Journal::in_memory().expect("memory");
        let looks = [
            (reveal("2026-01-01", "2026-03-31", AssetClass::Equity), 0),
            (reveal("2026-03-31", "2026-05-31", AssetClass::Equity), 1),
            (reveal("2026-04-01", "2026-05-31", AssetClass::Crypto), 0),
            (reveal("2026-02-01", "2026-04-30", AssetClass::Equity), 2),
            (reveal("2025-01-01", "2025-12-31", AssetClass::Equity), 0),
        ];
        for (look, before) in &looks {
            assert_eq!(journal.put_reveal(look).expect("it is kept"), *before, "{look:?}");
        }
        let kept = journal.reveals().expect("it is read");
        assert_eq!(kept.len(), 5);
        assert_eq!((&kept[0], &kept[4]), (&looks[2].0, &looks[4].0), "the newest first, whole");
    }
}

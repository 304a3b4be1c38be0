//! What a long-running command says of the scripts it runs: which version is in force, how the
//! last edit turned out, and what the edits since the report before change.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::domain::AssetClass;
use crate::domain::format;
use crate::signals::{Signal, SignalDiff};

/// The version of the scripts and templates that a report was made with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reload {
    /// 1 at the start of the command, one more with each edit that came into force.
    pub generation: u64,
    /// The hash of all scripts and templates, and of the settings about them.
    pub hash: String,
    pub loaded_at: DateTime<Utc>,
    pub last_reload: LastReload,
    /// Of each class whose scripts were edited since its report before.
    pub changes: Vec<Changes>,
}

/// How the newest edit turned out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LastReload {
    pub at: DateTime<Utc>,
    /// Whether the edit is in force; the problems say what keeps it out.
    pub succeeded: bool,
}

/// What edits change on a session, in raw signals: before filters and ranking.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes {
    pub asset_class: AssetClass,
    pub session: NaiveDate,
    /// The generation that the one in force is compared with.
    pub against: u64,
    #[serde(flatten)]
    pub diff: SignalDiff,
}

/// The changes of one class, for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangesView {
    pub market: String,
    pub session: String,
    /// How many of each kind, or that there are none.
    pub summary: String,
    pub rows: Vec<ChangeRow>,
    pub more: String,
}

/// One signal that is gained, lost or moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangeRow {
    pub symbol: String,
    pub strategy: String,
    /// `gained`, `lost` or `moved`.
    pub kind: &'static str,
    pub text: String,
}

impl Changes {
    /// Describes the changes, `shown` rows at most.
    pub(super) fn view(&self, market: &str, shown: usize) -> ChangesView {
        let SignalDiff { gained, lost, moved } = &self.diff;
        let alone = |kind, signal: &Signal| row(kind, signal, one(signal));
        let rows = gained.iter().map(|signal| alone("gained", signal));
        let rows = rows.chain(lost.iter().map(|signal| alone("lost", signal)));
        let rows =
            rows.chain(moved.iter().map(|own| row("moved", &own.after, difference(&own.before, &own.after))));
        let mut rows: Vec<ChangeRow> = rows.collect();
        let rest = rows.len().saturating_sub(shown);
        rows.truncate(shown);
        let counts = match self.diff.is_empty() {
            true => "no raw signal gained, lost or moved".to_owned(),
            false => format!(
                "{} gained, {} lost, {} moved",
                format::count(gained.len(), "raw signal"),
                lost.len(),
                moved.len()
            ),
        };
        ChangesView {
            market: market.to_owned(),
            session: format::day(self.session),
            summary: format!("{counts} against generation {}", self.against),
            rows,
            more: if rest > 0 { format!("and {rest} more") } else { String::new() },
        }
    }
}

impl Reload {
    /// Says which version is in force, in a few words for the foot.
    pub(super) fn stamp(&self) -> String {
        let instant = |at: DateTime<Utc>| at.format("%-d %b %Y %H:%M UTC").to_string();
        let hash = format::short_hash(&self.hash);
        let stamp = format!("generation {} {hash}, loaded {}", self.generation, instant(self.loaded_at));
        if self.last_reload.succeeded {
            return stamp;
        }
        format!("{stamp}; the edit of {} failed and is not in force", instant(self.last_reload.at))
    }
}

fn row(kind: &'static str, signal: &Signal, text: String) -> ChangeRow {
    let strategy = format::clean(&signal.strategy);
    ChangeRow { symbol: signal.symbol.to_string(), strategy, kind, text: format::clean(&text) }
}

fn one(signal: &Signal) -> String {
    format!("{}, score {}", signal.trigger, format::fixed(signal.score, 1))
}

/// Names what is different between two signals of one place, each as before → after.
pub fn difference(before: &Signal, after: &Signal) -> String {
    let mut parts = Vec::new();
    if before.trigger != after.trigger {
        parts.push(format!("{} → {}", before.trigger, after.trigger));
    }
    if before.score != after.score {
        let (short, full) = (|score| format::fixed(score, 1), |score| format::fixed(score, 4));
        let write = if short(before.score) == short(after.score) { full } else { short };
        parts.push(format!("score {} → {}", write(before.score), write(after.score)));
    }
    for (name, before, after) in [("stop", before.stop, after.stop), ("target", before.target, after.target)]
    {
        if before != after {
            parts.push(format!("{name} {} → {}", format::price(before), format::price(after)));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn each_change_is_a_row_and_a_long_list_says_what_it_leaves_out() {
        let report = example::reloaded();
        let changes = &report.reload.as_ref().expect("it was reloaded").changes[0];
        let view = changes.view("US equities", 3);
        assert_eq!(view.summary, "1 raw signal gained, 1 lost, 2 moved against generation 2");
        let rows: Vec<String> =
            view.rows.iter().map(|row| format!("{} {}: {}", row.kind, row.symbol, row.text)).collect();
        let expected = [
            "gained AMD: breakout_20d, score 7.1",
            "lost META: breakout_55d, score 5.1",
            "moved NVDA: score 8.1 → 8.4, stop 203.30 → 205.52",
        ];
        assert_eq!((&rows[..], view.more.as_str()), (&expected.map(str::to_owned)[..], "and 1 more"));
    }

    #[test]
    fn an_edit_without_effect_says_so() {
        let session = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date");
        let changes =
            Changes { asset_class: AssetClass::Equity, session, against: 1, diff: SignalDiff::default() };
        assert_eq!(
            changes.view("US equities", 3).summary,
            "no raw signal gained, lost or moved against generation 1"
        );
    }

    #[test]
    fn a_failed_edit_stands_in_the_foot() {
        let mut reload = example::reloaded().reload.expect("it was reloaded");
        assert_eq!(reload.stamp(), "generation 3 5d0c2a7e, loaded 20 Nov 2026 19:02 UTC");
        reload.last_reload.succeeded = false;
        assert!(reload.stamp().ends_with("; the edit of 20 Nov 2026 19:02 UTC failed and is not in force"));
    }
}

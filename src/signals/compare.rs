//! What two versions of the scripts say differently: signals gained, lost and moved.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use super::Signal;
use crate::domain::AssetClass;
use crate::domain::Symbol;

/// The differences between two lists of signals, each list in the order of its sessions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SignalDiff {
    /// Signals of the later version alone.
    #[serde(serialize_with = "rows")]
    pub gained: Vec<Signal>,
    /// Signals of the earlier version alone.
    #[serde(serialize_with = "rows")]
    pub lost: Vec<Signal>,
    /// Signals of both, with another trigger, score, stop or target.
    pub moved: Vec<Moved>,
}

/// One signal before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    pub before: Signal,
    pub after: Signal,
}

impl SignalDiff {
    /// Tells whether both versions say the same.
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty() && self.moved.is_empty()
    }

    /// Puts the differences of another span or class behind these.
    pub fn append(&mut self, mut other: Self) {
        self.gained.append(&mut other.gained);
        self.lost.append(&mut other.lost);
        self.moved.append(&mut other.moved);
    }
}

/// Compares what two versions of the scripts say of the same bars.
///
/// A signal is the same one where session, class, symbol and strategy are; its numbers are
/// compared exactly, since the same script on the same bars gives the same bytes.
pub fn compare(before: &[Signal], after: &[Signal]) -> SignalDiff {
    let mut before: Vec<&Signal> = before.iter().collect();
    let mut after: Vec<&Signal> = after.iter().collect();
    before.sort_by_key(|signal| key(signal));
    after.sort_by_key(|signal| key(signal));
    let mut diff = SignalDiff::default();
    let mut earlier = before.into_iter().peekable();
    for later in after {
        while let Some(lost) = earlier.next_if(|own| key(own) < key(later)) {
            diff.lost.push(lost.clone());
        }
        match earlier.next_if(|own| key(own) == key(later)) {
            None => diff.gained.push(later.clone()),
            Some(own) if has_moved(own, later) => {
                diff.moved.push(Moved { before: own.clone(), after: later.clone() });
            }
            Some(_) => {}
        }
    }
    diff.lost.extend(earlier.cloned());
    diff
}

fn key(signal: &Signal) -> (NaiveDate, AssetClass, &str, &Symbol) {
    (signal.session, signal.asset_class, &signal.strategy, &signal.symbol)
}

fn has_moved(before: &Signal, after: &Signal) -> bool {
    let numbers = |signal: &Signal| [signal.score, signal.stop, signal.target];
    before.trigger != after.trigger || numbers(before) != numbers(after)
}

/// A signal as programs read it, by the names of `ts signals`.
#[derive(Serialize)]
struct Row<'a> {
    date: NaiveDate,
    symbol: &'a Symbol,
    asset_class: AssetClass,
    strategy: &'a str,
    #[serde(flatten)]
    said: Said<'a>,
}

#[derive(Serialize)]
struct Said<'a> {
    trigger: &'a str,
    score: f64,
    close: f64,
    stop: f64,
    target: f64,
}

fn said(signal: &Signal) -> Said<'_> {
    let Signal { trigger, score, close, stop, target, .. } = signal;
    Said { trigger, score: *score, close: *close, stop: *stop, target: *target }
}

fn rows<S: Serializer>(signals: &[Signal], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(signals.iter().map(|signal| Row {
        date: signal.session,
        symbol: &signal.symbol,
        asset_class: signal.asset_class,
        strategy: &signal.strategy,
        said: said(signal),
    }))
}

impl Serialize for Moved {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            date: NaiveDate,
            symbol: &'a Symbol,
            asset_class: AssetClass,
            strategy: &'a str,
            before: Said<'a>,
            after: Said<'a>,
        }
        let row = Row {
            date: self.after.session,
            symbol: &self.after.symbol,
            asset_class: self.after.asset_class,
            strategy: &self.after.strategy,
            before: said(&self.before),
            after: said(&self.after),
        };
        row.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixtures::{day, signal};

    /// Compares signals that are given as symbol and score; says what came of each.
    fn check(before: &[(&str, f64)], after: &[(&str, f64)], expected: &[&str]) {
        let all = |rows: &[(&str, f64)]| -> Vec<Signal> {
            rows.iter().map(|(name, score)| signal(name, *score)).collect()
        };
        let diff = compare(&all(before), &all(after));
        let mut told: Vec<String> = diff.gained.iter().map(|own| format!("+{}", own.symbol)).collect();
        told.extend(diff.lost.iter().map(|own| format!("-{}", own.symbol)));
        told.extend(
            diff.moved
                .iter()
                .map(|own| format!("{} {}>{}", own.after.symbol, own.before.score, own.after.score)),
        );
        assert_eq!(told, expected);
        assert_eq!(diff.is_empty(), expected.is_empty());
    }

    #[test]
    fn each_signal_is_gained_lost_moved_or_the_same() {
        check(&[], &[], &[]);
        check(&[("A", 7.0)], &[("A", 7.0)], &[]);
        check(&[], &[("B", 7.0), ("A", 7.0)], &["+A", "+B"]);
        check(&[("B", 7.0), ("A", 7.0)], &[], &["-A", "-B"]);
        check(
            &[("A", 7.0), ("B", 6.0), ("D", 5.0)],
            &[("B", 6.5), ("C", 7.0), ("D", 5.0)],
            &["+C", "-A", "B 6>6.5"],
        );
    }

    #[test]
    fn the_same_symbol_on_another_day_or_of_another_strategy_is_another_signal() {
        let mut later = signal("A", 7.0);
        later.session = day(30);
        let mut other = signal("A", 7.0);
        other.strategy = "other".into();
        let diff = compare(&[signal("A", 7.0)], &[other, later]);
        assert_eq!((diff.gained.len(), diff.lost.len(), diff.moved.len()), (2, 1, 0));
    }

    #[test]
    fn another_trigger_stop_or_target_moves_a_signal() {
        let edits: [fn(&mut Signal); 3] =
            [|own| own.trigger = "other".into(), |own| own.stop += 1.0, |own| own.target += 1.0];
        for edit in edits {
            let mut after = signal("A", 7.0);
            edit(&mut after);
            assert_eq!(compare(&[signal("A", 7.0)], &[after]).moved.len(), 1);
        }
        let mut elsewhere = signal("A", 7.0);
        elsewhere.row += 1;
        assert!(compare(&[signal("A", 7.0)], &[elsewhere]).is_empty());
    }

    #[test]
    fn programs_read_it_by_the_names_of_the_signals_table() {
        let diff = compare(&[signal("A", 7.0), signal("B", 7.0)], &[signal("B", 8.0), signal("C", 7.0)]);
        let json = serde_json::to_value(&diff).expect("finite numbers");
        assert_eq!(json["gained"][0]["symbol"], "C");
        assert_eq!(json["gained"][0]["date"], "2024-01-30");
        assert_eq!(json["lost"][0]["trigger"], "always");
        assert_eq!(
            (&json["moved"][0]["before"]["score"], &json["moved"][0]["after"]["score"]),
            (&7.0.into(), &8.0.into())
        );
    }
}

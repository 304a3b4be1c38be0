//! The fingerprint of the settings that decide, for the foot of the mail and the journal.
//!
//! Two runs with the same fingerprint, scripts, bars and positions decide the same. What cannot change a
//! decision (mail, secrets, paths, schedule, rate limits) is left out, and so is the order in
//! which a universe is written.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use super::model::Benchmark;
use super::model::Risk;
use super::model::Settings;
use super::model::SignalSettings;
use super::model::SourceName;
use super::model::Strategy;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::hex;

/// What decides, in a fixed order of fields; the maps are sorted by name.
#[derive(Serialize)]
struct Deciding<'a> {
    universe: [Vec<&'a Symbol>; 2],
    benchmark: &'a Benchmark,
    sources: [&'a [SourceName]; 2],
    signals: &'a SignalSettings,
    risk: &'a Risk,
    strategies: &'a BTreeMap<String, Strategy>,
    sectors: &'a BTreeMap<Symbol, String>,
}

/// Returns the SHA-256 of the settings that decide, as 64 hexadecimal digits.
pub fn settings_hash(settings: &Settings) -> String {
    let sorted = |class| {
        let mut symbols: Vec<&Symbol> = settings.universe.of(class).iter().collect();
        symbols.sort();
        symbols
    };
    let deciding = Deciding {
        universe: AssetClass::ALL.map(sorted),
        benchmark: &settings.benchmark,
        sources: AssetClass::ALL.map(|class| settings.sources.of(class)),
        signals: &settings.signals,
        risk: &settings.risk,
        strategies: &settings.strategies,
        sectors: &settings.sectors,
    };
    let canonical = serde_json::to_vec(&deciding).expect("text keys and finite numbers are always JSON");
    hex(Sha256::digest(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Number;

    fn hash_after(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::defaults();
        change(&mut settings);
        settings_hash(&settings)
    }

    #[test]
    fn what_decides_changes_it() {
        let plain = hash_after(|_| {});
        assert_eq!(plain.len(), 64);
        let constants = |value| {
            hash_after(move |s| {
                let strategy =
                    Strategy { enabled: true, constants: BTreeMap::from([("N".to_owned(), value)]) };
                s.strategies.insert("equity_momentum".to_owned(), strategy);
            })
        };
        let changed = [
            hash_after(|s| s.risk.max_position = 0.1),
            hash_after(|s| s.universe.crypto.truncate(3)),
            hash_after(|s| s.signals.scorer = "other".to_owned()),
            hash_after(|s| s.sources.equity.reverse()),
            constants(Number::Integer(2)),
            constants(Number::Float(2.0)),
        ];
        let distinct: std::collections::BTreeSet<_> = changed.iter().chain([&plain]).collect();
        assert_eq!(distinct.len(), 7);
    }

    #[test]
    fn what_does_not_decide_leaves_it() {
        let plain = hash_after(|_| {});
        assert_eq!(plain, hash_after(|s| s.email.recipients.push("a@b.c".to_owned())));
        assert_eq!(plain, hash_after(|s| s.cache.dir = "elsewhere".into()));
        assert_eq!(plain, hash_after(|s| s.universe.equity.reverse()));
        assert_eq!(plain, hash_after(|s| s.secrets.smtp_password = Some("x".into())));
    }
}

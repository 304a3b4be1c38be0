//! The settings that decide, and no others: what the journal keeps of a run, so that it can be decided again.
//!
//! Holds no path, address or secret, so that none can be stored by way of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::model::Benchmark;
use super::model::Risk;
use super::model::Settings;
use super::model::SignalSettings;
use super::model::SourceName;
use super::model::Strategy;
use super::model::Universe;
use crate::domain::Symbol;

/// A copy of what [`super::settings_hash`] is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DecidingSettings {
    universe: [Vec<Symbol>; 2],
    benchmark: Benchmark,
    sources: [Vec<SourceName>; 2],
    signals: SignalSettings,
    risk: Risk,
    strategies: BTreeMap<String, Strategy>,
    sectors: BTreeMap<Symbol, String>,
}

impl DecidingSettings {
    /// Copies what decides.
    pub fn of(settings: &Settings) -> Self {
        Self {
            universe: [settings.universe.equity.clone(), settings.universe.crypto.clone()],
            benchmark: settings.benchmark.clone(),
            sources: [settings.sources.equity.clone(), settings.sources.crypto.clone()],
            signals: settings.signals.clone(),
            risk: settings.risk.clone(),
            strategies: settings.strategies.clone(),
            sectors: settings.sectors.clone(),
        }
    }

    /// Returns settings that decide the same; everything else in them is the built-in default.
    pub fn restored(self) -> Settings {
        let mut settings = Settings::defaults();
        let [equity, crypto] = self.universe;
        settings.universe = Universe { equity, crypto };
        settings.benchmark = self.benchmark;
        [settings.sources.equity, settings.sources.crypto] = self.sources;
        settings.signals = self.signals;
        settings.risk = self.risk;
        settings.strategies = self.strategies;
        settings.sectors = self.sectors;
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Number;
    use crate::settings::settings_hash;

    #[test]
    fn what_is_restored_from_json_decides_the_same_and_holds_no_secret() {
        let mut settings = Settings::defaults();
        settings.risk.risk_per_trade = 0.1 + 0.2;
        settings.universe.equity.reverse();
        settings.secrets.smtp_password = Some("hunter2".into());
        settings.email.recipients.push("me@example.com".to_owned());
        let constants =
            [("BARS", Number::Integer(20)), ("MULT", Number::Float(20.0)), ("ODD", Number::Float(0.3))];
        let constants = constants.map(|(name, value)| (name.to_owned(), value)).into();
        settings.strategies.insert("own".to_owned(), Strategy { enabled: false, constants });
        let json = serde_json::to_string(&DecidingSettings::of(&settings)).expect("plain values");
        assert!(!json.contains("hunter2") && !json.contains("example.com"), "{json}");
        let back: DecidingSettings = serde_json::from_str(&json).expect("as it was written");
        let back = back.restored();
        assert_eq!(settings_hash(&back), settings_hash(&settings));
        assert_eq!(back.universe.equity, settings.universe.equity);
        assert!(back.secrets.smtp_password.is_none() && back.email.recipients.is_empty());
    }
}

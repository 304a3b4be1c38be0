//! What the settings say about scripts.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::settings::Settings;

/// What the settings say about scripts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The scorer of strategies that name none.
    pub default_scorer: String,
    /// New values of constants, by strategy.
    pub overrides: BTreeMap<String, BTreeMap<String, f64>>,
    /// Strategies that make no entries.
    pub disabled: BTreeSet<String>,
}

impl Options {
    /// Reads the options from the settings.
    ///
    /// A strategy whose table changes nothing is not mentioned: the built-in settings switch on
    /// strategies that a folder of one's own need not have.
    pub fn of(settings: &Settings) -> Self {
        let strategies = || settings.strategies.iter();
        let changed = strategies().filter(|(_, own)| !own.constants.is_empty()).map(|(name, own)| {
            let constants = own.constants.iter().map(|(constant, value)| (constant.clone(), value.as_f64()));
            (name.clone(), constants.collect())
        });
        let switched_off = strategies().filter(|(_, own)| !own.enabled).map(|(name, _)| name.clone());
        Self {
            default_scorer: settings.signals.scorer.clone(),
            overrides: changed.collect(),
            disabled: switched_off.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_changes_nothing_mentions_no_strategy() {
        let settings = Settings::defaults();
        assert!(!settings.strategies.is_empty(), "the defaults switch some on");
        let options = Options::of(&settings);
        assert_eq!((options.overrides.len(), options.disabled.len()), (0, 0));
        assert_eq!(options.default_scorer, "technical");
    }
}

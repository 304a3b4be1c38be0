//! What the settings say about scripts.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::Scripts;
use crate::domain::closest;
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

/// A constant that none of the strategies in question has.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("no constant `{name}`{}; there are {}", meant.as_ref().map(|own| format!("; did you mean `{own}`?")).unwrap_or_default(), known.join(", "))]
pub struct UnknownConstant {
    pub name: String,
    /// The one that is most like it, where one is.
    pub meant: Option<String>,
    /// Those that can be set.
    pub known: Vec<String>,
}

impl Options {
    /// Sets constants over those of the settings, each in every strategy of `scripts`, and every scorer of one, that
    /// defines it as a number.
    ///
    /// `scripts` are compiled with these options; they must be compiled again with what is returned.
    ///
    /// # Errors
    /// [`UnknownConstant`] for a name that none of them defines.
    pub fn with_constants(
        mut self,
        scripts: &Scripts,
        constants: &[(String, f64)],
    ) -> Result<Self, UnknownConstant> {
        let strategies = || scripts.strategies().iter();
        let scorers: BTreeMap<&str, &BTreeMap<String, f64>> = strategies()
            .filter_map(|own| scripts.scorer_of(own))
            .map(|scorer| (scorer.name(), scorer.constants()))
            .collect();
        let defined: BTreeMap<&str, &BTreeMap<String, f64>> =
            strategies().map(|own| (own.name(), own.constants())).chain(scorers).collect();
        for (name, value) in constants {
            let mut is_known = false;
            for (script, _) in defined.iter().filter(|(_, own)| own.contains_key(name)) {
                self.overrides.entry((*script).to_owned()).or_default().insert(name.clone(), *value);
                is_known = true;
            }
            if !is_known {
                let known: BTreeSet<&String> = defined.values().flat_map(|own| own.keys()).collect();
                return Err(UnknownConstant {
                    name: name.clone(),
                    meant: closest(name, known.iter().map(|own| (own.as_str(), (*own).clone()))),
                    known: known.into_iter().cloned().collect(),
                });
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripts::fixtures::{HEAD, RULES, options, source};

    const SCORER: &str = "const FLAT = 7.5;\nconst WEIGHTS = #{ flat: 1.0 };\nfn flat(row, signal) { FLAT }";

    /// Two strategies with `BARS` and `STOP_ATR_MULT`, one of them with `OWN`, scored by [`SCORER`].
    fn scripts(options: &Options) -> Scripts {
        let one = format!("{HEAD}const BARS = 10;\nconst OWN = 1.5;\n{RULES}");
        let two = format!("{HEAD}const BARS = 20;\n{RULES}");
        let (scripts, errors) =
            Scripts::check(&[source("one", &one), source("two", &two), source("flat", SCORER)], options);
        assert_eq!(errors, []);
        scripts
    }

    #[test]
    fn a_constant_is_set_wherever_the_strategies_and_their_scorers_have_it() {
        let mut settings = options();
        settings.overrides.insert("one".to_owned(), BTreeMap::from([("OWN".to_owned(), 3.0)]));
        let before = scripts(&settings);
        let set = |names: &[&str], pairs: &[(&str, f64)]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            settings.clone().with_constants(&before.only(&names), &pairs).map(|options| scripts(&options))
        };
        let value = |scripts: &Scripts, name: &str, constant: &str| {
            scripts.strategy(name).expect("it was loaded").constants()[constant]
        };
        let both = set(&["one", "two"], &[("BARS", 15.0), ("FLAT", 6.0)]).expect("both are defined");
        assert_eq!((value(&both, "one", "BARS"), value(&both, "two", "BARS")), (15.0, 15.0));
        assert_eq!(value(&both, "one", "OWN"), 3.0, "what the settings say stays");
        assert_eq!(both.scorer("flat").expect("it was loaded").constants()["FLAT"], 6.0);
        let one = set(&["one"], &[("BARS", 15.0)]).expect("it is defined");
        assert_eq!((value(&one, "one", "BARS"), value(&one, "two", "BARS")), (15.0, 20.0));
    }

    #[test]
    fn a_constant_that_no_strategy_in_question_has_is_named_with_the_likely_one_and_all() {
        let told = |names: &[&str], constant: &str| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let only = scripts(&options()).only(&names);
            let unknown =
                options().with_constants(&only, &[(constant.to_owned(), 1.0)]).expect_err("unknown");
            unknown.to_string()
        };
        let all = "there are BARS, FLAT, OWN, STOP_ATR_MULT";
        assert_eq!(
            told(&["one"], "STOP_ATR"),
            format!("no constant `STOP_ATR`; did you mean `STOP_ATR_MULT`?; {all}")
        );
        assert_eq!(told(&["two"], "OWN"), "no constant `OWN`; there are BARS, FLAT, STOP_ATR_MULT");
        assert_eq!(told(&["two"], "META"), "no constant `META`; there are BARS, FLAT, STOP_ATR_MULT");
    }

    #[test]
    fn a_table_that_changes_nothing_mentions_no_strategy() {
        let settings = Settings::defaults();
        assert!(!settings.strategies.is_empty(), "the defaults switch some on");
        let options = Options::of(&settings);
        assert_eq!((options.overrides.len(), options.disabled.len()), (0, 0));
        assert_eq!(options.default_scorer, "technical");
    }
}

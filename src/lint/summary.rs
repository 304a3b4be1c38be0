//! What a script is, reads and needs: told beside the findings.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::domain::AssetClass;
use crate::features::Feature;
use crate::scripts::Constants;
use crate::scripts::Function;
use crate::scripts::Rule;
use crate::scripts::Scorer;
use crate::scripts::Scripts;
use crate::scripts::Strategy;
use crate::scripts::WhyNot;

/// One script that was checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub name: String,
    pub file: String,
    #[serde(flatten)]
    pub role: Role,
    /// The features that it reads, sorted; `true` for those without which it is not shown a row.
    pub features: BTreeMap<String, bool>,
    /// Bars of history without which a symbol is never shown to one of its functions.
    pub bars_needed: usize,
    /// Bars that are loaded, so that averages which never forget are right to 1e−9.
    pub bars_loaded: usize,
    /// Each function that the host calls, with why it is interpreted; `None` for one that runs in
    /// columns.
    pub functions: BTreeMap<String, Option<String>>,
    /// Its constants with the values used, in the order of the text.
    pub constants: Vec<(String, Value)>,
}

/// What a script is for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Role {
    Strategy {
        asset_class: AssetClass,
        scorer: String,
    },
    Scorer {
        weights: BTreeMap<String, f64>,
    },
    /// It did not load; its findings say why.
    Broken,
}

impl Summary {
    /// Describes a script of a snapshot, or one that is not in it.
    pub(super) fn of(scripts: &Scripts, name: &str, file: &str) -> Self {
        if let Some(strategy) = scripts.strategy(name).filter(|strategy| strategy.path() == file) {
            return Self::strategy(strategy);
        }
        if let Some(scorer) = scripts.scorer(name).filter(|scorer| scorer.path() == file) {
            return Self::scorer(scorer);
        }
        Self::new(name, file, Role::Broken, Vec::new(), |_| None, &Constants::default())
    }

    fn strategy(strategy: &Strategy) -> Self {
        let functions = Rule::ALL.into_iter().filter_map(|rule| strategy.function(rule)).collect();
        let (asset_class, scorer) = (strategy.asset_class(), strategy.scorer_name().to_owned());
        let role = Role::Strategy { asset_class, scorer };
        let why_not = |function: &Function| strategy.why_not_columns(function);
        Self::new(strategy.name(), strategy.path(), role, functions, why_not, strategy.all_constants())
    }

    fn scorer(scorer: &Scorer) -> Self {
        let role = Role::Scorer {
            weights: scorer.weights().iter().map(|(name, weight)| (name.to_string(), *weight)).collect(),
        };
        Self::new(
            scorer.name(),
            scorer.path(),
            role,
            scorer.functions().iter().collect(),
            |function| scorer.why_not_columns(function),
            scorer.all_constants(),
        )
    }

    fn new<'a>(
        name: &str,
        file: &str,
        role: Role,
        functions: Vec<&'a Function>,
        why_not: impl Fn(&'a Function) -> Option<&'a WhyNot>,
        constants: &Constants,
    ) -> Self {
        let reads = functions.iter().flat_map(|function| function.reads()).map(|read| &read.feature);
        let mut features: BTreeMap<String, bool> =
            reads.clone().map(|feature| (feature.to_string(), false)).collect();
        let required: Vec<&Feature> = functions.iter().flat_map(|function| function.required()).collect();
        features.extend(required.iter().map(|feature| (feature.to_string(), true)));
        let written = ["META", "WEIGHTS"];
        Self {
            name: name.to_owned(),
            file: file.to_owned(),
            role,
            features,
            bars_needed: required.iter().map(|feature| feature.first_bar() + 1).max().unwrap_or(0),
            functions: functions
                .iter()
                .map(|function| (function.name().to_owned(), why_not(function).map(ToString::to_string)))
                .collect(),
            bars_loaded: reads.map(Feature::bars_needed).max().unwrap_or(0),
            constants: constants
                .names()
                .filter(|name| !written.contains(name))
                .filter_map(|name| Some((name.to_owned(), constant(constants.value(name)?))))
                .collect(),
        }
    }
}

fn constant(value: &rhai::Dynamic) -> Value {
    if let Ok(whole) = value.as_int() {
        return json!(whole);
    }
    if let Ok(broken) = value.as_float() {
        return json!(broken);
    }
    if let Ok(truth) = value.as_bool() {
        return json!(truth);
    }
    json!(value.to_string())
}

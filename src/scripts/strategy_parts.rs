//! What a strategy must state besides its rules, and the functions that it must define: checked
//! once, when it is loaded.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::str::FromStr;

use rhai::Map;

use super::compile::Draft;
use super::function::Function;
use super::reads::Kind;
use super::vocabulary::closest;
use crate::domain::AssetClass;
use crate::features::Feature;

const META_KEYS: [&str; 3] = ["asset_class", "version", "scorer"];
const DEFAULT_REWARD_RISK: f64 = 2.0;
const DEFAULT_MAX_ADV_FRACTION: f64 = 0.005;

/// The functions that a strategy may define.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Eligible,
    Entry,
    Stop,
    Exit,
}

/// What a strategy is made of, checked.
#[derive(Debug)]
pub(super) struct StrategyParts {
    pub asset_class: AssetClass,
    pub version: Option<i64>,
    pub scorer: Option<String>,
    pub stop_atr_mult: f64,
    pub reward_risk: f64,
    pub max_adv_fraction: f64,
    pub functions: BTreeMap<Rule, Function>,
}

impl Rule {
    pub const ALL: [Self; 4] = [Self::Eligible, Self::Entry, Self::Exit, Self::Stop];

    /// What a function of the rule is given.
    fn kinds(self) -> &'static [Kind] {
        match self {
            Rule::Eligible | Rule::Entry => &[Kind::Row],
            Rule::Exit | Rule::Stop => &[Kind::Row, Kind::Position],
        }
    }
}

impl StrategyParts {
    /// Returns the functions with what each is given.
    pub fn functions(&self) -> impl Iterator<Item = (&Function, &[Kind])> {
        self.functions.iter().map(|(rule, function)| (function, rule.kinds()))
    }

    /// Returns every feature that the functions read.
    pub fn features(&self) -> BTreeSet<Feature> {
        let reads = self.functions.values().flat_map(Function::reads);
        reads.map(|read| read.feature.clone()).collect()
    }

    /// Checks what only strategies must have; `None` where something is missing, which is then
    /// among the draft's findings.
    pub fn check(draft: &mut Draft) -> Option<Self> {
        let functions = [
            (Rule::Eligible, "eligible", "eligible(row)"),
            (Rule::Entry, "entry", "entry(row)"),
            (Rule::Exit, "exit", "exit(row, position)"),
            (Rule::Stop, "stop", "stop(row, position)"),
        ]
        .into_iter()
        .filter(|(rule, name, _)| *rule != Rule::Stop || draft.program.named(name).next().is_some())
        .collect::<Vec<_>>();
        let functions = functions
            .into_iter()
            .filter_map(|(rule, name, signature)| {
                Some((rule, draft.function(name, rule.kinds(), signature)?))
            })
            .collect();

        draft.check_keys("META", &META_KEYS);
        let has_value = draft.constants.value("META").is_some() || !draft.constants.is_defined("META");
        let meta =
            draft.constants.value("META").and_then(|meta| meta.clone().try_cast::<Map>()).unwrap_or_default();
        let place = draft.constants.position("META");
        let class = meta.get("asset_class").map(ToString::to_string).unwrap_or_default();
        let asset_class = AssetClass::from_str(&class);
        if asset_class.is_err() && has_value {
            let wanted = "`const META = #{ asset_class: \"equity\", version: 1 };`, or `\"crypto\"`";
            let (message, help) = match draft.constants.spelt_otherwise("META") {
                Some(other) => (
                    format!("`{other}` is not `META`: capitals count"),
                    format!("write it in capitals: {wanted}"),
                ),
                None => (
                    "`META.asset_class` is neither `equity` nor `crypto`".to_owned(),
                    format!("begin with {wanted}"),
                ),
            };
            draft.findings.add(place, "bad_meta", message, help);
        }
        let version = meta.get("version").and_then(|version| version.as_int().ok());
        if meta.contains_key("version") && version.is_none() {
            draft.findings.add(
                place,
                "bad_meta",
                "`META.version` is not a whole number",
                "write `version: 1`",
            );
        }
        let scorer = meta.get("scorer").and_then(|name| name.clone().into_string().ok());
        if meta.contains_key("scorer") && scorer.is_none() {
            let help = "name a file of scorers/ without its ending, as in `scorer: \"technical\"`";
            draft.findings.add(place, "bad_meta", "`META.scorer` is not text", help);
        }
        let stop_atr_mult = positive(draft, "STOP_ATR_MULT", None);
        let reward_risk = positive(draft, "REWARD_RISK", Some(DEFAULT_REWARD_RISK));
        let max_adv_fraction = positive(draft, "MAX_ADV_FRACTION", Some(DEFAULT_MAX_ADV_FRACTION));
        Some(Self {
            asset_class: asset_class.ok()?,
            version,
            scorer,
            stop_atr_mult: stop_atr_mult?,
            reward_risk: reward_risk?,
            max_adv_fraction: max_adv_fraction?,
            functions,
        })
    }
}

/// Reads a number that must be above zero.
fn positive(draft: &mut Draft, name: &str, default: Option<f64>) -> Option<f64> {
    let place = draft.constants.position(name);
    let defined = draft.constants.is_defined(name);
    match draft.number(name) {
        Some(number) if number > 0.0 => Some(number),
        Some(number) => {
            draft.findings.add(place, "bad_constant", format!("`{name}` is {number}"), "it must be above 0");
            None
        }
        None if defined => None,
        None => {
            if default.is_none() {
                let help = match draft.constants.spelt_otherwise(name) {
                    Some(other) => format!("`{other}` is another name: write it in capitals"),
                    None => match closest(name, draft.constants.names()) {
                        Some(meant) => format!("did you mean it by `{meant}`? write `const {name} = …;`"),
                        None => {
                            format!("add `const {name} = 2.5;`, the stop's distance in average true ranges")
                        }
                    },
                };
                draft.findings.add(place, "missing_constant", format!("`{name}` is not defined"), help);
            }
            default
        }
    }
}

//! (stand-in until the feature columns land)

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::bars::Panel;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown feature `{0}`; did you mean `{1}`?")]
pub struct UnknownFeature(String, String);

impl Feature {
    pub fn parse(name: &str) -> Result<Self, UnknownFeature> {
        let mut rest = name;
        for prefix in ["benchmark_", "prev_", "rank_", "prev_", "rank_"] {
            rest = rest.strip_prefix(prefix).unwrap_or(rest);
        }
        let shape: String = rest.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        let mut shape = shape.replace("##", "#");
        while shape.contains("##") {
            shape = shape.replace("##", "#");
        }
        let known = [
            "open",
            "high",
            "low",
            "close",
            "volume",
            "ma#",
            "ma#_slope",
            "ema#",
            "atr#",
            "roc#",
            "returns_#d",
            "highest_close_#d",
            "lowest_close_#d",
            "highest_high_#d",
            "lowest_low_#d",
            "adv#",
            "volume_ratio#",
            "stddev#",
            "zscore",
            "zscore#",
            "rsi#",
            "adx#",
        ];
        match known.contains(&shape.as_str()) {
            true => Ok(Self(name.to_owned())),
            false => Err(UnknownFeature(name.to_owned(), "ma50".to_owned())),
        }
    }

    pub fn bars_needed(&self) -> usize {
        self.first_bar() + 1
    }

    pub fn first_bar(&self) -> usize {
        let digits: String =
            self.0.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let window: usize = digits.parse().unwrap_or(1);
        window - 1 + if self.0.ends_with("_slope") { 20 } else { 0 }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug)]
pub struct Column(Arc<Vec<Option<f64>>>);

impl Column {
    pub fn get(&self, row: usize) -> Option<f64> {
        *self.0.get(row)?
    }
}

#[derive(Clone, Debug)]
pub struct Columns(Arc<(Panel, BTreeMap<Feature, Column>)>);

impl Columns {
    pub fn column(&self, feature: &Feature) -> Option<&Column> {
        self.0.1.get(feature)
    }

    pub fn panel(&self) -> &Panel {
        &self.0.0
    }
}

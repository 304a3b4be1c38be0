//! The flags of `ts backtest` that try many constants, or keep sessions back: read here, carried out by the app.

use std::str::FromStr;

use chrono::NaiveDate;
use clap::Args;

use crate::app::{HoldoutRequest, Refusal, Showing};
use crate::backtest::{Grid, GridError, Lengths, Values};

/// More combinations than these are walked only where that is confirmed.
const MANY: usize = 10_000;
/// More than these are never walked: what they come to would not fit in memory.
const MOST: usize = 1_000_000;

/// Which constants are tried, and how.
#[derive(Debug, Args)]
pub(super) struct GridArgs {
    /// Sets a constant in every script that has it: to one value, to each of a,b,c, or to lo, lo+step … up to hi; all
    /// combinations of several values are walked and compared
    #[arg(long = "set", value_name = "NAME=VALUE|A,B,C|LO:HI:STEP")]
    settings: Vec<Setting>,
    /// Walks a grid of more than 10,000 combinations
    #[arg(long)]
    large_grid: bool,
    /// Takes the best combination of TRAIN sessions and trades the next TEST with it, over and over: 504:126 chooses
    /// on two years of New York's sessions and trades half of one (of crypto alone every day is a session)
    #[arg(long, value_name = "TRAIN:TEST")]
    pub(super) walk_forward: Option<Lengths>,
}

impl GridArgs {
    /// Returns the combinations.
    ///
    /// # Errors
    /// Usage: a constant that is set twice, or too many combinations.
    pub(super) fn grid(&self) -> Result<Grid, Refusal> {
        let settings = self.settings.iter().map(|own| (own.name.clone(), own.values.clone())).collect();
        let most = if self.large_grid { MOST } else { MANY };
        Grid::new(settings, most).map_err(|error| {
            let what_next = match (&error, self.large_grid) {
                (GridError::TooLarge { .. }, false) => "; take fewer values, or confirm with --large-grid",
                (GridError::TooLarge { .. }, true) => "; take fewer values",
                _ => "",
            };
            Refusal::Usage(format!("--set: {error}{what_next}"))
        })
    }
}

/// Returns the one combination that constants are set to.
///
/// # Errors
/// Usage: a constant that is set twice, or to several values.
pub(super) fn single(settings: &[Setting]) -> Result<Grid, Refusal> {
    let settings = settings.iter().map(|own| (own.name.clone(), own.values.clone())).collect();
    Grid::new(settings, 1)
        .map_err(|error| Refusal::Usage(format!("--set: {error}; give each constant one value")))
}

/// Which sessions are kept back.
#[derive(Debug, Args)]
pub(super) struct HoldoutArgs {
    /// Keeps the sessions from this day on out of everything
    #[arg(long, value_name = "YYYY-MM-DD")]
    holdout: Option<NaiveDate>,
    /// Shows the holdout too, and writes down in the journal that it was looked at
    #[arg(long, requires = "holdout")]
    reveal: bool,
}

impl HoldoutArgs {
    /// Returns the holdout that is asked for.
    pub(super) fn request(&self) -> Option<HoldoutRequest> {
        let showing = if self.reveal { Showing::Revealed } else { Showing::Hidden };
        self.holdout.map(|from| HoldoutRequest { from, showing })
    }
}

/// A constant and the values that it is set to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    name: String,
    values: Values,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, values)) = text.split_once('=') else {
            return Err("write the constant's name, `=` and its value: STOP_ATR_MULT=3.0".to_owned());
        };
        let values = match values.split(':').collect::<Vec<_>>()[..] {
            [listed] => Values::listed(listed.split(',').map(number).collect::<Result<_, _>>()?),
            [low, high, step] => Values::stepped(number(low)?, number(high)?, number(step)?),
            _ => return Err(format!("`{values}` is no range; write LO:HI:STEP, such as 2:4:0.5")),
        };
        let values = values.map_err(|error| error.to_string())?;
        Ok(Self { name: name.trim().to_owned(), values })
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(&str, Values), &str>) {
        let found = text.parse::<Setting>().map(|own| (own.name, own.values));
        let expected = expected.map(|(name, values)| (name.to_owned(), values)).map_err(str::to_owned);
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_setting_is_one_value_a_list_or_a_range() {
        check("A=3", Ok(("A", Values::Listed(vec![3.0]))));
        check(" A = 3, 1.5 ,2", Ok(("A", Values::Listed(vec![1.5, 2.0, 3.0]))));
        check("A=-1:1:0.5", Ok(("A", Values::Stepped { low: -1.0, high: 1.0, step: 0.5 })));
    }

    #[test]
    fn what_is_no_setting_says_what_to_write() {
        check("A", Err("write the constant's name, `=` and its value: STOP_ATR_MULT=3.0"));
        check("A=far", Err("`far` is not a number"));
        check("A=1,,2", Err("`` is not a number"));
        check("A=1:2", Err("`1:2` is no range; write LO:HI:STEP, such as 2:4:0.5"));
        check("A=1:2:0", Err("a step of 0 leads nowhere; write one above 0"));
        check("A=2:1:1", Err("2 lies above 1; write the lower end first: 1:2:STEP"));
        check("A=inf", Err("`inf` is not a finite number; write one such as 2.5"));
    }
}

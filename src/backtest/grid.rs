//! A grid of constants: every combination of the values that are tried, in one fixed order.
//!
//! Values of an axis ascend, so that the next place on it is the next larger value; the last axis varies fastest.
//! Refuses what is no finite number, a value or a name that comes twice, and more combinations than were agreed on
//! before one of them is made.

use crate::domain::format::fixed;

/// The values of one constant, not yet written out.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// As they were given.
    Listed(Vec<f64>),
    /// From `low` in equal steps up to `high`, which is among them where a step meets it.
    Stepped { low: f64, high: f64, step: f64 },
}

/// Why values or a grid are none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GridError {
    #[error("`{0}` is not a finite number; write one such as 2.5")]
    NotFinite(f64),
    #[error("a step of {0} leads nowhere; write one above 0")]
    Step(f64),
    #[error("{low} lies above {high}; write the lower end first: {high}:{low}:STEP")]
    Reversed { low: f64, high: f64 },
    #[error("{0} comes twice; leave one out")]
    ValueTwice(f64),
    #[error("`{0}` is set twice; write all its values once, as in {0}=1,2")]
    NameTwice(String),
    #[error("the grid has {} combinations, over {}", fixed(*count, 0), fixed(*most as f64, 0))]
    TooLarge { count: f64, most: usize },
}

impl Values {
    /// Takes values as they are listed.
    ///
    /// # Errors
    /// One that is not finite, or comes twice.
    pub fn listed(mut values: Vec<f64>) -> Result<Self, GridError> {
        if let Some(odd) = values.iter().find(|value| !value.is_finite()) {
            return Err(GridError::NotFinite(*odd));
        }
        values.sort_by(f64::total_cmp);
        match values.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(GridError::ValueTwice(pair[0])),
            None => Ok(Self::Listed(values)),
        }
    }

    /// Takes equal steps from `low` to `high`.
    ///
    /// # Errors
    /// An end or a step that is not finite, a step of 0 or less, or ends in the wrong order.
    pub fn stepped(low: f64, high: f64, step: f64) -> Result<Self, GridError> {
        if let Some(odd) = [low, high, step].into_iter().find(|value| !value.is_finite()) {
            return Err(GridError::NotFinite(odd));
        }
        if step <= 0.0 {
            return Err(GridError::Step(step));
        }
        if low > high {
            return Err(GridError::Reversed { low, high });
        }
        Ok(Self::Stepped { low, high, step })
    }

    /// How many there are; a number that may be larger than any list.
    fn count(&self) -> f64 {
        match self {
            Self::Listed(values) => values.len() as f64,
            // A step that meets the end but for rounding counts.
            Self::Stepped { low, high, step } => ((high - low) / step + 1e-9).floor() + 1.0,
        }
    }

    fn written_out(self) -> Vec<f64> {
        match self {
            Self::Listed(values) => values,
            Self::Stepped { low, step, .. } => {
                let decimals = decimals(low).max(decimals(step));
                let count = self.count() as usize;
                (0..count).map(|place| rounded(low + place as f64 * step, decimals)).collect()
            }
        }
    }
}

/// The decimals that a number is written with.
fn decimals(value: f64) -> usize {
    value.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

/// 0.1 + 2 × 0.1 is 0.3 to the person who wrote the steps.
fn rounded(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

/// One constant and the values that it takes, ascending; one value alone holds it fixed.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub name: String,
    pub values: Vec<f64>,
}

/// All combinations of some constants' values. Without an axis it has one combination, that changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    axes: Vec<Axis>,
}

impl Grid {
    /// Makes a grid of at most so many combinations.
    ///
    /// # Errors
    /// A name that comes twice, or [`GridError::TooLarge`], before any value is written out.
    pub fn new(settings: Vec<(String, Values)>, most: usize) -> Result<Self, GridError> {
        for (place, (name, _)) in settings.iter().enumerate() {
            if settings[..place].iter().any(|(other, _)| other == name) {
                return Err(GridError::NameTwice(name.clone()));
            }
        }
        let count: f64 = settings.iter().map(|(_, values)| values.count()).product();
        if count > most as f64 {
            return Err(GridError::TooLarge { count, most });
        }
        let axis = |(name, values): (String, Values)| Axis { name, values: values.written_out() };
        Ok(Self { axes: settings.into_iter().map(axis).collect() })
    }

    /// Returns how many combinations there are.
    #[expect(clippy::len_without_is_empty, reason = "a grid has at least one combination")]
    pub fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// Returns the axes on which there is something to choose.
    pub fn varying(&self) -> Vec<&Axis> {
        self.axes.iter().filter(|axis| axis.values.len() > 1).collect()
    }

    /// Returns the constants of a combination, fixed ones among them; the last axis varies fastest.
    pub fn combination(&self, index: usize) -> Vec<(String, f64)> {
        let places = self.places(index);
        self.axes.iter().zip(places).map(|(axis, place)| (axis.name.clone(), axis.values[place])).collect()
    }

    /// Returns the constants of a combination that vary in the grid.
    pub fn chosen(&self, index: usize) -> Vec<(String, f64)> {
        let all = self.axes.iter().zip(self.combination(index));
        all.filter(|(axis, _)| axis.values.len() > 1).map(|(_, own)| own).collect()
    }

    /// Returns the combinations that lie one step away on one axis, in the grid's order.
    pub fn neighbours(&self, index: usize) -> Vec<usize> {
        let places = self.places(index);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut stride = 1;
        for (axis, place) in self.axes.iter().zip(places).rev() {
            before.extend((place > 0).then(|| index - stride));
            after.extend((place + 1 < axis.values.len()).then(|| index + stride));
            stride *= axis.values.len();
        }
        before.reverse();
        before.extend(after);
        before
    }

    /// Returns the constants that do nothing: each step on them, from any combination, leads to one that is the same.
    pub fn idle(&self, is_same: impl Fn(usize, usize) -> bool) -> Vec<&Axis> {
        let mut idle = Vec::new();
        let mut stride = 1;
        for axis in self.axes.iter().rev() {
            let length = axis.values.len();
            let has_above = |index: &usize| (index / stride) % length + 1 < length;
            if length > 1 && (0..self.len()).filter(has_above).all(|index| is_same(index, index + stride)) {
                idle.push(axis);
            }
            stride *= length;
        }
        idle.reverse();
        idle
    }

    /// The place of a combination on each axis.
    fn places(&self, index: usize) -> Vec<usize> {
        let mut rest = index;
        let mut places: Vec<usize> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let place = rest % axis.values.len();
                rest /= axis.values.len();
                place
            })
            .collect();
        places.reverse();
        places
    }
}

/// Writes constants as they are set: `A=1, B=2.5`.
pub fn as_set(constants: &[(String, f64)]) -> String {
    constants.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grid(axes: &[(&str, &[f64])]) -> Grid {
        let settings = axes
            .iter()
            .map(|(name, values)| ((*name).to_owned(), Values::listed(values.to_vec()).expect("sound")));
        Grid::new(settings.collect(), 100).expect("a small grid")
    }

    fn check(values: Result<Values, GridError>, expected: Result<&[f64], &str>) {
        let found = values.map(Values::written_out).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn values_ascend_and_steps_are_the_decimals_that_were_written() {
        check(Values::listed(vec![3.0, 1.0, 2.0]), Ok(&[1.0, 2.0, 3.0]));
        check(Values::stepped(0.1, 0.5, 0.1), Ok(&[0.1, 0.2, 0.3, 0.4, 0.5]));
        check(Values::stepped(-1.0, 1.0, 0.75), Ok(&[-1.0, -0.25, 0.5]));
        check(Values::stepped(5.0, 5.0, 1.0), Ok(&[5.0]));
        check(Values::stepped(1e-7, 3e-7, 1e-7), Ok(&[1e-7, 2e-7, 3e-7]));
    }

    #[test]
    fn values_that_are_none_are_refused_with_what_to_write() {
        check(Values::stepped(1.0, 2.0, 0.0), Err("a step of 0 leads nowhere; write one above 0"));
        check(Values::stepped(1.0, 2.0, -1.0), Err("a step of -1 leads nowhere; write one above 0"));
        check(Values::stepped(3.0, 2.0, 1.0), Err("3 lies above 2; write the lower end first: 2:3:STEP"));
        check(
            Values::stepped(1.0, f64::INFINITY, 1.0),
            Err("`inf` is not a finite number; write one such as 2.5"),
        );
        check(Values::listed(vec![f64::NAN]), Err("`NaN` is not a finite number; write one such as 2.5"));
        check(Values::listed(vec![2.0, 1.0, 2.0]), Err("2 comes twice; leave one out"));
    }

    #[test]
    fn a_grid_that_is_too_large_is_refused_before_it_is_written_out() {
        let huge = Values::stepped(0.0, 1.0, 1e-12).expect("a step");
        let two = Values::listed(vec![1.0, 2.0]).expect("two");
        let error = Grid::new(vec![("A".to_owned(), huge), ("B".to_owned(), two.clone())], 10_000);
        let told = error.expect_err("too large").to_string();
        assert_eq!(told, "the grid has 2,000,000,000,002 combinations, over 10,000");
        let twice = Grid::new(vec![("A".to_owned(), two.clone()), ("A".to_owned(), two)], 100);
        assert_eq!(twice, Err(GridError::NameTwice("A".to_owned())));
    }

    #[test]
    fn the_last_axis_varies_fastest_and_a_fixed_one_is_in_every_combination() {
        let grid = grid(&[("A", &[1.0, 2.0]), ("F", &[9.0]), ("B", &[5.0, 6.0, 7.0])]);
        assert_eq!(grid.len(), 6);
        assert_eq!(as_set(&grid.combination(1)), "A=1, F=9, B=6");
        assert_eq!(as_set(&grid.combination(3)), "A=2, F=9, B=5");
        assert_eq!(as_set(&grid.chosen(5)), "A=2, B=7");
        assert_eq!(grid.varying().iter().map(|axis| axis.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(grid.neighbours(0), [1, 3]);
        assert_eq!(grid.neighbours(4), [1, 3, 5]);
        let single = Grid::default();
        assert_eq!((single.len(), single.combination(0), single.neighbours(0)), (1, vec![], vec![]));
    }

    proptest! {
        #[test]
        fn neighbours_differ_in_one_constant_by_one_step_and_see_each_other(
            sizes in prop::collection::vec(1..5_usize, 0..4),
        ) {
            let settings = sizes.iter().enumerate().map(|(place, size)| {
                let values = Values::stepped(0.0, *size as f64 - 1.0, 1.0).expect("steps of one");
                (format!("C{place}"), values)
            });
            let grid = Grid::new(settings.collect(), 1_000).expect("a small grid");
            for index in 0..grid.len() {
                let own = grid.combination(index);
                for other in grid.neighbours(index) {
                    let away: f64 =
                        own.iter().zip(grid.combination(other)).map(|(a, b)| (a.1 - b.1).abs()).sum();
                    prop_assert_eq!(away, 1.0);
                    prop_assert!(grid.neighbours(other).contains(&index));
                }
                // Each combination comes once.
                prop_assert!((0..index).all(|before| grid.combination(before) != own));
            }
        }
    }
}

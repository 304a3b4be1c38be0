//! Windows that move over history: on the sessions of one stretch something is chosen, on the next it has to trade.
//!
//! A window's choice is made at the close of its last training session and decides at that very close, so that its
//! first fills are those of the first test session and no session is lost between two windows. At the end of a window
//! its positions are sold at the last close, with costs, and nothing is decided there: the next choice does. Test
//! stretches touch and never overlap; refuses to look at one before its time.

use std::str::FromStr;

use chrono::NaiveDate;

use super::result::Backtest;
use crate::performance::{Figure, Undefined};

/// How many sessions a window chooses on, and how many it then trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    pub train: usize,
    pub test: usize,
}

/// What is no pair of lengths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no pair of lengths; write the sessions to choose on and to trade, such as 504:126 (at least 20:1)"
)]
pub struct BadLengths(String);

/// Fewer sessions than these say nothing of a ratio.
const LEAST_TRAIN: usize = 20;

impl FromStr for Lengths {
    type Err = BadLengths;

    fn from_str(text: &str) -> Result<Self, BadLengths> {
        let bad = || BadLengths(text.to_owned());
        let (train, test) = text.split_once(':').ok_or_else(bad)?;
        let length = |text: &str| text.trim().parse::<usize>().map_err(|_| bad());
        let (train, test) = (length(train)?, length(test)?);
        if train < LEAST_TRAIN || test == 0 { Err(bad()) } else { Ok(Self { train, test }) }
    }
}

/// One window; all dates are sessions and belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub train_from: NaiveDate,
    /// The last training session, at whose close the test begins.
    pub train_to: NaiveDate,
    pub test_from: NaiveDate,
    pub test_to: NaiveDate,
}

/// Cuts sessions, oldest first, into windows, each a test's length after the one before. The last test may be
/// shorter; too few sessions for one window give none.
pub fn windows(sessions: &[NaiveDate], lengths: Lengths) -> Vec<Window> {
    let Lengths { train, test } = lengths;
    let starts = (0..sessions.len().saturating_sub(train)).step_by(test);
    let window = |start: usize| Window {
        train_from: sessions[start],
        train_to: sessions[start + train - 1],
        test_from: sessions[start + train],
        test_to: sessions[(start + train).saturating_add(test).min(sessions.len()) - 1],
    };
    starts.map(window).collect()
}

/// Joins the test walks of windows into one, in their order.
///
/// Each begins on the session before its test with what the one before ended with; that session is counted once.
pub fn joined(walks: Vec<Backtest>) -> Option<Backtest> {
    let mut walks = walks.into_iter();
    let mut whole = walks.next()?;
    walks.for_each(|next| whole.go_on(next));
    Some(whole)
}

/// Returns how much of what was chosen is left where it traded.
///
/// # Formula
/// Sharpe ratio of the joined test stretches / mean of the windows' Sharpe ratios on their training stretches, after
/// the walk-forward efficiency of Pardo (The Evaluation and Optimization of Trading Strategies, 2008), which divides
/// annual profits.
///
/// # Errors
/// No ratio on one of the sides, or a training mean that is not above 0.
pub fn efficiency(out_of_sample: Figure, in_sample: &[Figure]) -> Figure {
    let known: Vec<f64> = in_sample.iter().filter_map(|figure| figure.ok()).collect();
    if known.is_empty() {
        return Err(Undefined("no window has a Sharpe ratio in sample"));
    }
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    if mean <= 0.0 { Err(Undefined("the windows did not earn in sample")) } else { Ok(out_of_sample? / mean) }
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    fn sessions(count: usize) -> Vec<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date");
        (0..count as u64).map(|day| first + Days::new(day)).collect()
    }

    fn check(text: &str, expected: Option<(usize, usize)>) {
        let found = text.parse::<Lengths>().map(|own| (own.train, own.test));
        assert_eq!(found.as_ref().ok(), expected.as_ref(), "{text}");
        if let Err(error) = found {
            assert!(error.to_string().contains("such as 504:126"), "{error}");
        }
    }

    #[test]
    fn lengths_are_two_counts_of_sessions() {
        check("504:126", Some((504, 126)));
        check(" 20 : 1 ", Some((20, 1)));
        check(&format!("20:{}", usize::MAX), Some((20, usize::MAX)));
        for odd in ["", "504", "504:0", "19:5", "-504:126", "2y:6m", "504:126:3", "1.5:2"] {
            check(odd, None);
        }
    }

    #[test]
    fn the_last_test_may_be_shorter_and_too_few_sessions_make_no_window() {
        let days = sessions(47);
        let cut = |count: usize| windows(&days[..count], Lengths { train: 20, test: 10 });
        let place = |date: NaiveDate| days.iter().position(|day| *day == date).expect("one of them");
        let told: Vec<[usize; 4]> = cut(47)
            .iter()
            .map(|own| [own.train_from, own.train_to, own.test_from, own.test_to].map(place))
            .collect();
        assert_eq!(told, [[0, 19, 20, 29], [10, 29, 30, 39], [20, 39, 40, 46]]);
        assert_eq!(cut(20), []);
        assert_eq!(cut(21).len(), 1);
        let endless = windows(&days, Lengths { train: 20, test: usize::MAX });
        assert_eq!(endless.iter().map(|own| place(own.test_to)).collect::<Vec<_>>(), [46]);
    }

    #[test]
    fn efficiency_is_the_part_that_is_left() {
        let none = Err(Undefined("the account never moved"));
        assert_eq!(efficiency(Ok(0.5), &[Ok(1.5), none, Ok(0.5)]), Ok(0.5));
        assert_eq!(efficiency(none, &[Ok(1.0)]), none);
        assert!(efficiency(Ok(0.5), &[Ok(-1.0)]).is_err());
        assert!(efficiency(Ok(0.5), &[none]).is_err());
    }

    proptest! {
        #[test]
        fn tests_touch_follow_their_training_and_end_with_the_sessions(
            count in 0..300_usize, train in 20..60_usize, test in 1..50_usize,
        ) {
            let days = sessions(count);
            let windows = windows(&days, Lengths { train, test });
            prop_assert_eq!(windows.is_empty(), count <= train);
            for own in &windows {
                prop_assert_eq!(own.train_to + Days::new(1), own.test_from);
                prop_assert!(own.test_from <= own.test_to);
            }
            for pair in windows.windows(2) {
                prop_assert_eq!(pair[0].test_to, pair[1].train_to);
            }
            prop_assert_eq!(windows.last().map(|own| own.test_to), days.last().copied().filter(|_| count > train));
        }
    }
}

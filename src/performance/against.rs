//! Figures of the curve beside its benchmark's, which has no session on some of the account's.

use chrono::NaiveDate;

use super::curve::{Day, NOISE};
use super::figure::{Evidence, Figure, Kind, Undefined, Unit};
use super::sample::{covariance, mean};

const NO_BENCHMARK: Undefined = Undefined("the benchmark has too few closes on these sessions");
const FLAT: Undefined = Undefined("the account or the benchmark never moved");

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "benchmark_return",
        label: "Benchmark's return",
        unit: Unit::Fraction,
        formula: "the benchmark's last close / its first − 1",
        compute: benchmark_return,
    },
    Kind {
        name: "excess_return",
        label: "Above the benchmark",
        unit: Unit::Fraction,
        formula: "the account's return from the benchmark's first close to its last − the benchmark's return",
        compute: excess_return,
    },
    Kind {
        name: "correlation",
        label: "Correlation to the benchmark",
        unit: Unit::Ratio,
        formula: "Pearson's, of the sessions' returns",
        compute: correlation,
    },
    Kind {
        name: "beta",
        label: "Beta",
        unit: Unit::Ratio,
        formula: "covariance of the returns / the benchmark's variance",
        compute: |evidence| beta(&enough(evidence)?),
    },
    Kind {
        name: "alpha",
        label: "Alpha a year",
        unit: Unit::Fraction,
        formula: "mean of return − beta × the benchmark's, × sessions a year (Jensen 1968, over no interest)",
        compute: alpha,
    },
];

/// A line through fewer returns says nothing.
const LEAST: usize = 20;
const FEW: Undefined = Undefined("fewer than 20 sessions beside the benchmark");

/// A close stands for so many days after it: New York was never closed for longer between two sessions.
const CARRIED: i64 = 7;

/// Returns the benchmark's close as it was known on each day: its own, or the last one before, up to seven days old.
///
/// Without that, a curve with weekends would lose the return of each Monday, and of Saturday and Sunday: what the
/// account made on a weekend stands beside a benchmark that did not move, and Monday's moves belong together. A span
/// that begins on a holiday begins with the close before it. Before the benchmark's first bar, and where it has none
/// for longer, there is nothing to compare with.
///
/// `bars` are dates and closes, oldest first.
pub fn closes_on(days: &[Day], bars: &[(NaiveDate, f64)]) -> Vec<Option<f64>> {
    let known = |day: &Day| {
        let until = bars.partition_point(|(date, _)| *date <= day.date);
        let (date, close) = *bars.get(until.checked_sub(1)?)?;
        ((day.date - date).num_days() <= CARRIED).then_some(close)
    };
    days.iter().map(known).collect()
}

/// The account's and the benchmark's returns of each session where both days have a close of it.
fn pairs(evidence: &Evidence<'_>) -> Vec<(f64, f64)> {
    let closes = evidence.benchmark.windows(2);
    let days = evidence.days.windows(2);
    days.zip(closes)
        .filter_map(|(day, close)| Some((day[1].equity / day[0].equity - 1.0, close[1]? / close[0]? - 1.0)))
        .collect()
}

/// The same, where there are enough for a line through them.
fn enough(evidence: &Evidence<'_>) -> Result<Vec<(f64, f64)>, Undefined> {
    let pairs = pairs(evidence);
    match pairs.len() {
        0 => Err(NO_BENCHMARK),
        few if few < LEAST => Err(FEW),
        _ => Ok(pairs),
    }
}

fn benchmark_return(evidence: &Evidence<'_>) -> Figure {
    let mut closes = evidence.benchmark.iter().copied().flatten();
    let first = closes.next().ok_or(NO_BENCHMARK)?;
    Ok(closes.next_back().ok_or(NO_BENCHMARK)? / first - 1.0)
}

fn excess_return(evidence: &Evidence<'_>) -> Figure {
    let mut beside = evidence.days.iter().zip(evidence.benchmark).filter(|(_, close)| close.is_some());
    let (first, _) = beside.next().ok_or(NO_BENCHMARK)?;
    let (last, _) = beside.next_back().ok_or(NO_BENCHMARK)?;
    Ok(last.equity / first.equity - 1.0 - benchmark_return(evidence)?)
}

fn correlation(evidence: &Evidence<'_>) -> Figure {
    let pairs = enough(evidence)?;
    let of = |side: fn(&(f64, f64)) -> f64| {
        let own: Vec<(f64, f64)> = pairs.iter().map(|pair| (side(pair), side(pair))).collect();
        covariance(&own).ok_or(NO_BENCHMARK)
    };
    let (own, other) = (of(|pair| pair.0)?, of(|pair| pair.1)?);
    if own.sqrt() <= NOISE || other.sqrt() <= NOISE {
        return Err(FLAT);
    }
    Ok(covariance(&pairs).ok_or(NO_BENCHMARK)? / (own * other).sqrt())
}

fn beta(pairs: &[(f64, f64)]) -> Figure {
    let benchmark: Vec<(f64, f64)> = pairs.iter().map(|(_, own)| (*own, *own)).collect();
    let variance = covariance(&benchmark).ok_or(NO_BENCHMARK)?;
    if variance.sqrt() <= NOISE { Err(FLAT) } else { Ok(covariance(pairs).ok_or(NO_BENCHMARK)? / variance) }
}

fn alpha(evidence: &Evidence<'_>) -> Figure {
    let pairs = enough(evidence)?;
    let beta = beta(&pairs)?;
    let rest: Vec<f64> = pairs.iter().map(|(own, benchmark)| own - beta * benchmark).collect();
    Ok(mean(&rest).ok_or(NO_BENCHMARK)? * evidence.year.sessions())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::Year;
    use crate::performance::fixtures::days_from;

    /// A Friday's close stands until Monday's comes; the days begin on a Saturday.
    #[test]
    fn a_close_stands_for_the_sessions_without_one() {
        let days = days_from("2024-01-06", &[1.0; 12]);
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let bars = [(date("2024-01-05"), 10.0), (date("2024-01-08"), 11.0)];
        let mut expected = vec![Some(10.0); 2];
        expected.extend([Some(11.0); 8]);
        // The 16th is eight days after the last bar.
        expected.extend([None; 2]);
        assert_eq!(closes_on(&days, &bars), expected);
        assert_eq!(closes_on(&days, &bars[1..])[..3], [None, None, Some(11.0)]);
        assert_eq!(closes_on(&days, &[]), [None; 12]);
    }

    #[test]
    fn a_line_is_not_laid_through_a_handful_of_returns() {
        let of = |sessions: usize| {
            let equity: Vec<f64> = (0..sessions).map(|number| 100.0 + (number * 7 % 5) as f64).collect();
            let days = days_from("2024-01-01", &equity);
            let closes: Vec<Option<f64>> = equity.iter().map(|own| Some(own * 2.0)).collect();
            let evidence = Evidence { days: &days, trades: &[], benchmark: &closes, year: Year::Crypto };
            [correlation(&evidence), beta(&enough(&evidence).unwrap_or_default()), alpha(&evidence)]
        };
        assert_eq!(of(20)[0], Err(FEW));
        assert_eq!(of(20)[2], Err(FEW));
        let [correlation, beta, alpha] = of(21).map(|own| own.expect("enough of them"));
        assert!((correlation - 1.0).abs() < 1e-12 && (beta - 1.0).abs() < 1e-12 && alpha.abs() < 1e-12);
    }

    #[test]
    fn the_returns_of_weekends_and_mondays_take_part() {
        let days = days_from("2024-01-05", &[100.0, 101.0, 102.0, 103.0]);
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let closes = closes_on(&days, &[(date("2024-01-05"), 10.0), (date("2024-01-08"), 11.0)]);
        let evidence = Evidence { days: &days, trades: &[], benchmark: &closes, year: Year::Crypto };
        let moves: Vec<f64> = pairs(&evidence).iter().map(|pair| (pair.1 * 1e9).round() / 1e9).collect();
        assert_eq!(moves, [0.0, 0.0, 0.1]);
    }
}

//! Figures of the curve beside its benchmark's.

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
        compute: |evidence| beta(&pairs(evidence)),
    },
    Kind {
        name: "alpha",
        label: "Alpha a year",
        unit: Unit::Fraction,
        formula: "mean of return − beta × the benchmark's, × sessions a year (Jensen 1968, over no interest)",
        compute: alpha,
    },
];

/// The account's and the benchmark's returns of each session where both days have its close.
fn pairs(evidence: &Evidence<'_>) -> Vec<(f64, f64)> {
    let closes = evidence.benchmark.windows(2);
    let days = evidence.days.windows(2);
    days.zip(closes)
        .filter_map(|(day, close)| Some((day[1].equity / day[0].equity - 1.0, close[1]? / close[0]? - 1.0)))
        .collect()
}

fn benchmark_return(evidence: &Evidence<'_>) -> Figure {
    let mut closes = evidence.benchmark.iter().copied().flatten();
    let first = closes.next().ok_or(NO_BENCHMARK)?;
    Ok(closes.next_back().ok_or(NO_BENCHMARK)? / first - 1.0)
}

fn correlation(evidence: &Evidence<'_>) -> Figure {
    let pairs = pairs(evidence);
    let of = |side: fn(&(f64, f64)) -> f64| {
        let own: Vec<(f64, f64)> = pairs.iter().map(|pair| (side(pair), side(pair))).collect();
        covariance(&own).ok_or(NO_BENCHMARK)
    };
    let spread = (of(|pair| pair.0)? * of(|pair| pair.1)?).sqrt();
    if spread == 0.0 { Err(FLAT) } else { Ok(covariance(&pairs).ok_or(NO_BENCHMARK)? / spread) }
}

fn beta(pairs: &[(f64, f64)]) -> Figure {
    let benchmark: Vec<(f64, f64)> = pairs.iter().map(|(_, own)| (*own, *own)).collect();
    let variance = covariance(&benchmark).ok_or(NO_BENCHMARK)?;
    if variance == 0.0 { Err(FLAT) } else { Ok(covariance(pairs).ok_or(NO_BENCHMARK)? / variance) }
}

fn alpha(evidence: &Evidence<'_>) -> Figure {
    let pairs = pairs(evidence);
    let beta = beta(&pairs)?;
    let rest: Vec<f64> = pairs.iter().map(|(own, benchmark)| own - beta * benchmark).collect();
    Ok(mean(&rest).ok_or(NO_BENCHMARK)? * evidence.sessions_per_year)
}

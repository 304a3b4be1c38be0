//! Figures of the account's curve.

use super::curve::{Day, NOISE, returns};
use super::drawdown::{drawdowns, longest, of_deepest};
use super::figure::{Evidence, Figure, Kind, Undefined, Unit, finite};
use super::sample::{deviation, mean};
use super::year::DAYS_A_YEAR;

const NO_SPAN: Undefined = Undefined("fewer than two sessions");
const FEW: Undefined = Undefined("fewer than three sessions");
const FLAT: &str = "the account never moved";
/// From fewer sessions nothing is extrapolated to a year.
const LEAST: usize = 20;
const TOO_SHORT: Undefined = Undefined("fewer than 20 sessions are too few to extrapolate to a year");

pub(super) static KINDS: &[Kind] = &[
    Kind {
        name: "total_return",
        label: "Total return",
        unit: Unit::Fraction,
        formula: "last equity / first − 1",
        compute: total_return,
    },
    Kind {
        name: "cagr",
        label: "Growth a year (CAGR)",
        unit: Unit::Fraction,
        formula: "(last equity / first)^(365.2425 / days between them) − 1, from 20 sessions on",
        compute: cagr,
    },
    Kind {
        name: "volatility",
        label: "Volatility a year",
        unit: Unit::Fraction,
        formula: "sample deviation of the sessions' returns × √(sessions a year)",
        compute: volatility,
    },
    Kind {
        name: "sharpe",
        label: "Sharpe ratio",
        unit: Unit::Ratio,
        formula: "mean return / sample deviation × √(sessions a year), over no interest (Sharpe 1994)",
        compute: |evidence| sharpe(&returns(evidence.days), evidence.year.sessions()),
    },
    Kind {
        name: "sortino",
        label: "Sortino ratio",
        unit: Unit::Ratio,
        formula: "mean return / √(mean of min(return, 0)² over all sessions) × √(sessions a year) (Sortino 1994)",
        compute: sortino,
    },
    Kind {
        name: "max_drawdown",
        label: "Deepest drawdown",
        unit: Unit::Fraction,
        formula: "lowest of equity / its highest so far − 1",
        compute: max_drawdown,
    },
    Kind {
        name: "max_drawdown_sessions",
        label: "Its length",
        unit: Unit::Sessions,
        formula: "the sessions in a row under a former high that the deepest one is of",
        compute: |evidence| in_sessions(evidence, of_deepest),
    },
    Kind {
        name: "longest_drawdown_sessions",
        label: "Longest drawdown",
        unit: Unit::Sessions,
        formula: "most sessions in a row under a former high",
        compute: |evidence| in_sessions(evidence, longest),
    },
    Kind {
        name: "calmar",
        label: "Calmar ratio",
        unit: Unit::Ratio,
        formula: "CAGR / deepest drawdown, over the whole span (Young 1991)",
        compute: calmar,
    },
    Kind {
        name: "worst_day",
        label: "Worst session",
        unit: Unit::Fraction,
        formula: "lowest return of a session",
        compute: |evidence| returns(evidence.days).into_iter().min_by(f64::total_cmp).ok_or(NO_SPAN),
    },
    Kind {
        name: "exposure",
        label: "Exposure",
        unit: Unit::Fraction,
        formula: "mean of positions / equity, the first day left out, which is before any fill",
        compute: exposure,
    },
    Kind {
        name: "turnover",
        label: "Turnover a year",
        unit: Unit::Ratio,
        formula: "half of all that was bought and sold / mean equity / years, from 20 sessions on",
        compute: turnover,
    },
];

/// The first and the last day, and the years between them.
fn span(days: &[Day]) -> Result<(&Day, &Day, f64), Undefined> {
    let ([first, .., last], true) = (days, days.len() > 1) else { return Err(NO_SPAN) };
    Ok((first, last, (last.date - first.date).num_days() as f64 / DAYS_A_YEAR))
}

/// The same, for what is extrapolated to a year.
fn span_of_years(days: &[Day]) -> Result<(&Day, &Day, f64), Undefined> {
    let span = span(days)?;
    if days.len() < LEAST { Err(TOO_SHORT) } else { Ok(span) }
}

fn total_return(evidence: &Evidence<'_>) -> Figure {
    let (first, last, _) = span(evidence.days)?;
    Ok(last.equity / first.equity - 1.0)
}

fn cagr(evidence: &Evidence<'_>) -> Figure {
    let (first, last, years) = span_of_years(evidence.days)?;
    if last.equity <= 0.0 {
        return Ok(-1.0);
    }
    finite((last.equity / first.equity).powf(years.recip()) - 1.0, TOO_SHORT.0)
}

fn volatility(evidence: &Evidence<'_>) -> Figure {
    let spread = deviation(&returns(evidence.days)).ok_or(FEW)?;
    Ok(spread * evidence.year.sessions().sqrt())
}

/// Returns the ratio of these returns, annualised.
pub(super) fn sharpe(returns: &[f64], sessions_per_year: f64) -> Figure {
    let spread = deviation(returns).ok_or(FEW)?;
    let mean = mean(returns).ok_or(FEW)?;
    if spread <= NOISE { Err(Undefined(FLAT)) } else { Ok(mean / spread * sessions_per_year.sqrt()) }
}

fn sortino(evidence: &Evidence<'_>) -> Figure {
    let returns = returns(evidence.days);
    let squares: Vec<f64> = returns.iter().map(|own| own.min(0.0).powi(2)).collect();
    let (mean, downside) = (mean(&returns).ok_or(NO_SPAN)?, mean(&squares).ok_or(NO_SPAN)?.sqrt());
    if downside <= NOISE {
        return Err(Undefined(if mean.abs() <= NOISE { FLAT } else { "no session lost" }));
    }
    finite(mean / downside * evidence.year.sessions().sqrt(), "no session lost")
}

fn max_drawdown(evidence: &Evidence<'_>) -> Figure {
    drawdowns(evidence.days).into_iter().min_by(f64::total_cmp).ok_or(NO_SPAN)
}

fn in_sessions(evidence: &Evidence<'_>, length: fn(&[Day]) -> usize) -> Figure {
    if evidence.days.is_empty() { Err(NO_SPAN) } else { Ok(length(evidence.days) as f64) }
}

fn calmar(evidence: &Evidence<'_>) -> Figure {
    let (growth, deepest) = (cagr(evidence)?, max_drawdown(evidence)?);
    if deepest == 0.0 { Err(Undefined("there was no drawdown")) } else { Ok(growth / -deepest) }
}

/// The days whose fills are the curve's own: what was traded on the first one belongs to what lies before.
fn after_first<'a>(evidence: &Evidence<'a>) -> &'a [Day] {
    evidence.days.get(1..).unwrap_or_default()
}

fn exposure(evidence: &Evidence<'_>) -> Figure {
    let parts: Vec<f64> = after_first(evidence).iter().map(|day| day.invested / day.equity).collect();
    mean(&parts).ok_or(NO_SPAN)
}

fn turnover(evidence: &Evidence<'_>) -> Figure {
    let (.., years) = span_of_years(evidence.days)?;
    let equity: Vec<f64> = evidence.days.iter().map(|day| day.equity).collect();
    let traded: f64 = after_first(evidence).iter().map(|day| day.traded).sum();
    finite(traded / 2.0 / mean(&equity).ok_or(NO_SPAN)? / years, "the account is worth nothing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::Year;
    use crate::performance::fixtures::days;

    #[test]
    fn an_account_that_only_rounding_moved_never_moved() {
        let equity: Vec<f64> =
            (0..60_u32).map(|n| if n % 7 == 3 { 99_999.999_999_999_97 } else { 1e5 }).collect();
        let curve = days(&equity);
        let evidence = Evidence { days: &curve, trades: &[], benchmark: &[], year: Year::Equity };
        let flat = Err(Undefined(FLAT));
        assert_eq!((sharpe(&returns(&curve), 252.0), sortino(&evidence)), (flat, flat));
        assert_eq!((max_drawdown(&evidence), calmar(&evidence).is_err()), (Ok(0.0), true));
        // The least that a mail would tell is none of it.
        let moved = days(&(0..60).map(|n| 1e5 + f64::from(n % 7) * 0.01).collect::<Vec<f64>>());
        assert!(sharpe(&returns(&moved), 252.0).is_ok());
    }

    #[track_caller]
    fn check(sessions: usize, expected: Result<(), Undefined>) {
        let equity: Vec<f64> = (0..sessions).map(|n| 100.0 + (n % 3) as f64).collect();
        let curve = days(&equity);
        let evidence = Evidence { days: &curve, trades: &[], benchmark: &[], year: Year::Equity };
        for figure in [cagr(&evidence), calmar(&evidence), turnover(&evidence)] {
            assert_eq!(figure.map(|_| ()), expected, "{sessions}");
        }
    }

    #[test]
    fn a_few_sessions_are_not_extrapolated_to_a_year() {
        check(1, Err(NO_SPAN));
        check(2, Err(TOO_SHORT));
        check(19, Err(TOO_SHORT));
        check(20, Ok(()));
    }
}

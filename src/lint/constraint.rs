//! Whether some inequalities can hold together: Fourier and Motzkin's elimination, bounded.
//!
//! Answers "impossible" only where that is proven. What grows beyond the bound, or hangs on
//! what is not known of a feature, counts as possible.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::linear::Linear;
use super::ranges;
use super::ranges::never_above;
use crate::features::Feature;

/// `sum < 0`, or `sum ≤ 0`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constraint {
    pub sum: Linear,
    pub strict: bool,
}

/// More inequalities than this are not worth the time.
const MOST: usize = 100;
/// A contradiction smaller than this is rounding.
const ROUNDING: f64 = 1e-9;

impl Constraint {
    /// Tells whether it contradicts itself, having no term left.
    fn is_false(&self) -> bool {
        let sum = self.sum.constant;
        self.sum.terms.is_empty() && if self.strict { sum > -ROUNDING * 1e-3 } else { sum > ROUNDING }
    }
}

/// Tells whether no row can satisfy all of these, given what is known of features.
pub(super) fn impossible(constraints: &[Constraint], bounds: &BTreeMap<String, ranges::Range>) -> bool {
    let mut all: Vec<Constraint> = constraints.to_vec();
    let terms: BTreeSet<&String> = constraints.iter().flat_map(|one| one.sum.terms.keys()).collect();
    let features: Vec<(&String, Feature)> = terms
        .iter()
        .filter_map(|term| Some((*term, Feature::parse(term.strip_prefix("row.")?).ok()?)))
        .collect();
    for (low, below) in &features {
        for (high, _) in features.iter().filter(|(high, above)| high != low && never_above(below, above)) {
            let sum =
                Linear::term((*low).clone(), true).plus(&Linear::term((*high).clone(), true).times(-1.0));
            all.push(Constraint { sum, strict: false });
        }
    }
    for term in &terms {
        let range = bounds.get(*term).copied().unwrap_or_else(|| ranges::of_term(term));
        if range.low.is_finite() {
            let sum = Linear::number(range.low).plus(&Linear::term((*term).clone(), true).times(-1.0));
            all.push(Constraint { sum, strict: !range.takes_low });
        }
        if range.high.is_finite() {
            let sum = Linear::term((*term).clone(), true).plus(&Linear::number(-range.high));
            all.push(Constraint { sum, strict: false });
        }
    }
    eliminate(all)
}

fn eliminate(mut all: Vec<Constraint>) -> bool {
    loop {
        if all.iter().any(Constraint::is_false) {
            return true;
        }
        let Some(term) = cheapest(&all) else { return false };
        let (with, mut rest): (Vec<Constraint>, Vec<Constraint>) =
            all.into_iter().partition(|one| one.sum.terms.contains_key(&term));
        let (above, below): (Vec<Constraint>, Vec<Constraint>) =
            with.into_iter().partition(|one| one.sum.terms[&term] > 0.0);
        if rest.len() + above.len() * below.len() > MOST {
            return false;
        }
        for upper in &above {
            for lower in &below {
                let scaled_upper = upper.sum.clone().times(1.0 / upper.sum.terms[&term]);
                let scaled_lower = lower.sum.clone().times(-1.0 / lower.sum.terms[&term]);
                let mut sum = scaled_upper.plus(&scaled_lower);
                sum.terms.remove(&term);
                sum.terms.retain(|_, factor| factor.abs() > 1e-12);
                rest.push(Constraint { sum, strict: upper.strict || lower.strict });
            }
        }
        all = rest;
    }
}

/// The term whose elimination makes the fewest new inequalities.
fn cheapest(all: &[Constraint]) -> Option<String> {
    let mut counts: BTreeMap<&String, (usize, usize)> = BTreeMap::new();
    for (name, factor) in all.iter().flat_map(|one| &one.sum.terms) {
        let count = counts.entry(name).or_default();
        if *factor > 0.0 { count.0 += 1 } else { count.1 += 1 }
    }
    counts.into_iter().min_by_key(|(_, (above, below))| above * below).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(terms: &[(&str, f64)], constant: f64) -> Constraint {
        let terms = terms.iter().map(|(name, factor)| ((*name).to_owned(), *factor)).collect();
        Constraint { sum: Linear { terms, constant, is_whole: true }, strict: true }
    }

    fn check(constraints: &[Constraint], expected: bool) {
        assert_eq!(impossible(constraints, &BTreeMap::new()), expected, "{constraints:?}");
    }

    #[test]
    fn a_contradiction_is_found_through_several_terms() {
        let (a, b, c) = ("x:a", "x:b", "x:c");
        check(&[below(&[(a, 1.0), (b, -1.0)], 0.0), below(&[(b, 1.0), (c, -1.0)], 0.0)], false);
        check(
            &[
                below(&[(a, 1.0), (b, -1.0)], 0.0),
                below(&[(b, 1.0), (c, -1.0)], 0.0),
                below(&[(c, 1.0), (a, -1.0)], 0.0),
            ],
            true,
        );
    }

    #[test]
    fn what_is_known_of_features_counts() {
        // rsi2 < −1, close < 0, close above high.
        check(&[below(&[("row.rsi2", 1.0)], 1.0)], true);
        check(&[below(&[("row.close", 1.0)], 0.0)], true);
        check(&[below(&[("row.close", -1.0), ("row.high", 1.0)], 0.0)], true);
        check(&[below(&[("row.close", -1.0), ("row.ma20", 1.0)], 0.0)], false);
    }

    #[test]
    fn a_bound_that_meets_its_opposite_is_a_contradiction() {
        let x = "x:a";
        let at_least_5 = Constraint { strict: false, ..below(&[(x, -1.0)], 5.0) };
        check(&[below(&[(x, 1.0)], -5.0), at_least_5.clone()], true);
        check(&[Constraint { strict: false, ..below(&[(x, 1.0)], -5.0) }, at_least_5], false);
    }
}

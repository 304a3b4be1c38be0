//! Sums of features times numbers: the part of a comparison about which one can reason.

use std::collections::BTreeMap;

/// `constant + Σ factor × term`. A term is `row.close`, `position.stop_price`, or the text of a
/// part that is no such sum.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Linear {
    pub terms: BTreeMap<String, f64>,
    pub constant: f64,
    /// Whether every term always has a finite value: only then is a comparison that does not
    /// hold the opposite of it.
    pub is_whole: bool,
}

impl Linear {
    pub fn number(constant: f64) -> Self {
        Self { terms: BTreeMap::new(), constant, is_whole: true }
    }

    pub fn term(name: String, is_whole: bool) -> Self {
        Self { terms: [(name, 1.0)].into(), constant: 0.0, is_whole }
    }

    pub fn plus(mut self, other: &Linear) -> Self {
        for (name, factor) in &other.terms {
            *self.terms.entry(name.clone()).or_insert(0.0) += factor;
        }
        self.terms.retain(|_, factor| *factor != 0.0);
        self.constant += other.constant;
        self.is_whole &= other.is_whole;
        self
    }

    pub fn times(mut self, factor: f64) -> Self {
        self.terms.values_mut().for_each(|own| *own *= factor);
        self.terms.retain(|_, factor| *factor != 0.0);
        self.constant *= factor;
        self
    }

    /// Returns the number that it is, where it has no term.
    pub fn as_number(&self) -> Option<f64> {
        (self.terms.is_empty() && self.is_whole).then_some(self.constant)
    }

    /// Writes it so that equal sums have equal texts; a term alone is its own name.
    pub fn canonical(&self) -> String {
        if let [(name, 1.0)] = &self.terms.iter().collect::<Vec<_>>()[..]
            && self.constant == 0.0
        {
            return (*name).clone();
        }
        let terms = self.terms.iter().map(|(name, factor)| format!("{factor:e}*{name}"));
        format!("({:e}{})", self.constant, terms.map(|term| format!("+{term}")).collect::<String>())
    }
}

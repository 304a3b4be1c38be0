//! When a vendor is given up: a failure that the next symbol will meet too is not asked for again and
//! again.
//!
//! Twice in a row for what is plainly the vendor's own; without a network, five calls a minute and
//! their tries would take an hour to say what two say. Later for what may be one symbol's fault, where
//! it keeps coming in the same way: an address that answers 404 to everything, or with another page.

use crate::sources::SourceError;

/// Failures in a row that are the vendor's own.
const OWN: usize = 2;
/// Failures in a row that might each be a symbol's, and are all alike.
const ALIKE: usize = 5;

/// What speaks against a vendor since it last gave a good answer.
#[derive(Debug, Default)]
pub(super) struct Faults {
    own: usize,
    alike: usize,
    kind: Option<Kind>,
    last: String,
}

/// A kind of failure of which many alike are no accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Malformed,
    Status(u16),
}

impl Faults {
    /// Forgets what spoke against it: it gave a good answer.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Counts a failure.
    pub(super) fn count(&mut self, error: &SourceError) {
        let last = error.to_string();
        if is_own(error) {
            *self = Self { own: self.own + 1, last, ..Self::default() };
            return;
        }
        let kind = kind(error);
        let alike = if kind.is_some() && kind == self.kind { self.alike + 1 } else { 1 };
        *self = Self { own: 0, alike, kind, last };
    }

    /// Tells whether the vendor is not asked any more.
    pub(super) fn are_enough(&self) -> bool {
        self.own >= OWN || self.alike >= ALIKE
    }

    /// Returns the last failure.
    pub(super) fn last(&self) -> &str {
        &self.last
    }
}

/// Tells whether a failure is likely to meet the next symbol too.
fn is_own(error: &SourceError) -> bool {
    match error {
        SourceError::Unreachable { .. }
        | SourceError::Transport { .. }
        | SourceError::Uncounted { .. }
        | SourceError::RateLimited { .. }
        | SourceError::Unauthorised { .. }
        | SourceError::Unsupported { .. } => true,
        SourceError::Status { code, .. } => matches!(code, 300..400 | 403 | 451 | 500..),
        SourceError::UnknownSymbol { .. } | SourceError::Malformed { .. } | SourceError::NotYet { .. } => {
            false
        }
    }
}

fn kind(error: &SourceError) -> Option<Kind> {
    match error {
        SourceError::Malformed { .. } => Some(Kind::Malformed),
        SourceError::Status { code, .. } => Some(Kind::Status(*code)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Symbol;

    fn status(code: u16) -> SourceError {
        SourceError::Status { place: "v (X)".into(), code, what: "no".into() }
    }

    fn malformed() -> SourceError {
        SourceError::Malformed { file: "v (X)".into(), line: None, column: None, what: "a page".into() }
    }

    fn unknown() -> SourceError {
        SourceError::UnknownSymbol { symbol: Symbol::new("X").expect("a symbol"), hint: String::new() }
    }

    /// Counts these failures, and expects the vendor to be given up after the last of them or not.
    fn check(errors: &[SourceError], expected: bool) {
        let mut faults = Faults::default();
        for (place, error) in errors.iter().enumerate() {
            assert!(!faults.are_enough(), "{errors:?} before {place}");
            faults.count(error);
        }
        assert_eq!(faults.are_enough(), expected, "{errors:?}");
    }

    #[test]
    fn two_failures_of_its_own_are_enough() {
        check(&[status(503), status(451)], true);
        check(&[status(503), unknown(), status(503)], false);
    }

    #[test]
    fn five_that_might_be_the_symbols_are_enough_where_they_are_alike() {
        for alike in [status(404), status(200), malformed()] {
            check(&vec![alike.clone(); 4], false);
            check(&vec![alike; 5], true);
        }
        check(&[status(404), status(404), status(404), status(404), malformed(), status(404)], false);
        check(&vec![unknown(); 9], false);
    }

    #[test]
    fn a_good_answer_speaks_for_it() {
        let mut faults = Faults::default();
        faults.count(&status(503));
        faults.clear();
        faults.count(&status(503));
        assert!(!faults.are_enough());
        assert!(faults.last().contains("503"));
    }
}

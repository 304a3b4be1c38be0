//! A span of sessions that a command looks at.

use chrono::NaiveDate;

use super::Refusal;

/// The sessions from `from` to `to`, both included; an open end reaches as far as the bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

impl Span {
    /// Makes a span.
    ///
    /// # Errors
    /// A usage [`Refusal`] for one that ends before it begins.
    pub fn new(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Self, Refusal> {
        match (from, to) {
            (Some(from), Some(to)) if from > to => {
                Err(Refusal::Usage(format!("--from {from} is after --to {to}; swap them")))
            }
            _ => Ok(Self { from, to }),
        }
    }

    /// Tells whether neither end was named.
    pub fn is_open(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Returns the first session that is asked for, where it is named.
    pub(super) fn from(&self) -> Option<NaiveDate> {
        self.from
    }

    /// Returns the last session that is asked for, where it is named.
    pub(super) fn to(&self) -> Option<NaiveDate> {
        self.to
    }

    /// Returns the span up to a date, which must not lie before its beginning.
    pub(super) fn until(self, last: NaiveDate) -> Self {
        Self { to: Some(self.to.map_or(last, |to| to.min(last))), ..self }
    }

    /// Tells whether a session lies in the span.
    pub fn contains(&self, session: NaiveDate) -> bool {
        self.from.is_none_or(|from| session >= from) && self.to.is_none_or(|to| session <= to)
    }

    /// Says where the span reaches beyond the bars of `whose`, which run from `first` to `last`.
    pub(super) fn notes(&self, whose: &str, (first, last): (NaiveDate, NaiveDate)) -> Vec<String> {
        if self.from.is_some_and(|from| from > last) || self.to.is_some_and(|to| to < first) {
            return vec![format!("{whose}: no bars in the span; they run from {first} to {last}")];
        }
        let mut notes = Vec::new();
        if let Some(from) = self.from.filter(|from| *from < first) {
            notes.push(format!("{whose}: no bars before {first}; the span from {from} begins there"));
        }
        if let Some(to) = self.to.filter(|to| *to > last) {
            notes.push(format!("{whose}: no bars after {last}; the span to {to} ends there"));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(2026, 1, day)
    }

    fn check(from: Option<NaiveDate>, to: Option<NaiveDate>, expected: &[&str]) {
        let held = (day(10).expect("a day"), day(20).expect("a day"));
        assert_eq!(Span::new(from, to).expect("a span").notes("AAPL", held), expected);
    }

    #[test]
    fn each_end_beyond_the_bars_is_told() {
        check(None, None, &[]);
        check(day(10), day(20), &[]);
        check(day(9), day(12), &["AAPL: no bars before 2026-01-10; the span from 2026-01-09 begins there"]);
        check(day(12), day(21), &["AAPL: no bars after 2026-01-20; the span to 2026-01-21 ends there"]);
        check(day(21), None, &["AAPL: no bars in the span; they run from 2026-01-10 to 2026-01-20"]);
        check(None, day(9), &["AAPL: no bars in the span; they run from 2026-01-10 to 2026-01-20"]);
    }
}

//! The bars of one session, across the symbols.

use chrono::NaiveDate;

use super::Panel;

/// One session of a panel.
#[derive(Clone, Copy, Debug)]
pub struct OnDay<'a> {
    panel: &'a Panel,
    session: NaiveDate,
    /// Among the days of the panel; `None` where no symbol has a bar on it.
    place: Option<u32>,
    /// Its closes by symbol, NaN without a bar; `None` reads them from the panel.
    closes: Option<&'a [f64]>,
}

impl<'a> OnDay<'a> {
    pub(super) fn of(panel: &'a Panel, session: NaiveDate) -> Self {
        Self { panel, session, place: panel.days.place(session), closes: None }
    }

    /// Returns whose session it is.
    pub fn panel(&self) -> &'a Panel {
        self.panel
    }

    /// Returns its date.
    pub fn session(&self) -> NaiveDate {
        self.session
    }

    /// Returns the row of the bar of the symbol at `position`, or `None` where it has none.
    #[inline]
    pub fn row(&self, position: usize) -> Option<usize> {
        let day = self.place?;
        let rows = self.panel.rows(position);
        let offset = match self.panel.days.begin(position) {
            Some(begin) => {
                day.checked_sub(begin).map(|offset| offset as usize).filter(|own| *own < rows.len())?
            }
            None => self.panel.dates()[rows.clone()].binary_search(&self.session).ok()?,
        };
        Some(rows.start + offset)
    }

    /// Returns its close, in the quote currency.
    #[inline]
    pub fn close(&self, position: usize) -> Option<f64> {
        match self.closes {
            Some(closes) => Some(closes[position]).filter(|close| !close.is_nan()),
            None => Some(self.panel.close()[self.row(position)?]),
        }
    }
}

/// The closes of some sessions, copied so that those of one session stand behind one another. In the panel two of them
/// are a whole history apart, and a walk that reads hundreds on each session waits for the memory of each.
#[derive(Debug)]
pub struct Closes<'a> {
    days: Vec<OnDay<'a>>,
    /// Session by session, by symbol; NaN without a bar.
    prices: Vec<f64>,
}

impl<'a> Closes<'a> {
    /// Copies the closes of all symbols on these sessions.
    pub fn of(panel: &'a Panel, sessions: &[NaiveDate]) -> Self {
        let days: Vec<OnDay<'a>> = sessions.iter().map(|session| panel.on(*session)).collect();
        let symbols = panel.symbols().len();
        let mut prices = vec![f64::NAN; symbols * days.len()];
        for position in 0..symbols {
            for (number, day) in days.iter().enumerate() {
                if let Some(close) = day.close(position) {
                    prices[number * symbols + position] = close;
                }
            }
        }
        Self { days, prices }
    }

    /// Returns the session of a number among them.
    pub fn on(&self, number: usize) -> OnDay<'_> {
        let symbols = self.prices.len() / self.days.len();
        OnDay { closes: Some(&self.prices[number * symbols..][..symbols]), ..self.days[number] }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::*;
    use crate::bars::Bars;
    use crate::domain::{AssetClass, Bar, Symbol};

    /// Days of January 2024.
    fn day(number: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date") + Days::new(number)
    }

    fn panel() -> Panel {
        let series = |(name, days): (&str, &[u64])| {
            let bar = |number: &u64| {
                let close = f64::from(name.as_bytes()[0]) + *number as f64;
                Bar { date: day(*number), open: close, high: close, low: close, close, volume: 1.0 }
            };
            let bars: Vec<Bar> = days.iter().map(bar).collect();
            Bars::for_tests(Symbol::new(name).expect("a symbol"), &bars)
        };
        let given: [(&str, &[u64]); 4] =
            [("A", &[0, 1, 2, 3, 4]), ("B", &[2, 3]), ("C", &[]), ("D", &[0, 3, 4])];
        Panel::stack(AssetClass::Equity, given.map(series).into()).expect("distinct symbols")
    }

    #[test]
    fn a_session_has_the_same_closes_copied_as_in_the_panel() {
        let panel = panel();
        // The last is no session of any symbol.
        let sessions: Vec<NaiveDate> = [1, 2, 3, 4, 9].map(day).into();
        let copied = Closes::of(&panel, &sessions);
        let mut found = Vec::new();
        for (number, session) in sessions.iter().enumerate() {
            let (copied, plain) = (copied.on(number), panel.on(*session));
            assert_eq!(copied.session(), *session);
            for position in 0..4 {
                assert_eq!(copied.close(position), plain.close(position), "{session} {position}");
                assert_eq!(copied.row(position), plain.row(position), "{session} {position}");
                found.extend(copied.close(position));
            }
        }
        let [a, b, d] = ["A", "B", "D"].map(|name| f64::from(name.as_bytes()[0]));
        assert_eq!(found, [a + 1.0, a + 2.0, b + 2.0, a + 3.0, b + 3.0, d + 3.0, a + 4.0, d + 4.0]);
    }
}

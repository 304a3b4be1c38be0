//! The account over time: its worth beside the benchmark's, and how far it lay under its highest point.

use chrono::NaiveDate;

use super::plot::{Anchor, Height, Plot, number, place};
use super::scale::{FULL, Scale};
use crate::domain::format;
use crate::performance::{Day, drawdowns};
use crate::report::backtest::BenchmarkCloses;

/// So many days at most can be read by pointing at them.
const READINGS: usize = 500;

/// The account and its benchmark, drawn from the same money.
#[derive(Clone, Debug)]
pub(super) struct Curves<'a> {
    days: &'a [Day],
    /// The benchmark's name, and what the account's money would have come to in it by each day; `None` where it has
    /// no close.
    benchmark: Option<(String, Vec<Option<f64>>)>,
}

/// The two charts of the account; the second stands right under the first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawn {
    pub equity: String,
    /// `None` where the account never lay under a former high.
    pub drawdown: Option<String>,
    /// Whether equal distances of the first are equal ratios.
    pub of_ratios: bool,
}

impl<'a> Curves<'a> {
    /// Scales the benchmark to the account at its first close; `None` for fewer than two days, which are no curve.
    pub fn of(days: &'a [Day], benchmark: Option<&BenchmarkCloses>) -> Option<Self> {
        if days.len() < 2 {
            return None;
        }
        let scaled = |own: &BenchmarkCloses| {
            let first = own.closes.iter().position(Option::is_some)?;
            let factor = days.get(first)?.equity / own.closes[first]?;
            let worth = own.closes.iter().map(|close| close.map(|close| close * factor)).collect();
            Some((own.symbol.to_string(), worth))
        };
        Some(Self { days, benchmark: benchmark.and_then(scaled) })
    }

    /// Returns the benchmark's name.
    pub fn benchmark(&self) -> Option<&str> {
        self.benchmark.as_ref().map(|(name, _)| name.as_str())
    }

    /// Draws the account's worth and its benchmark's, and under it, where the account ever lay under a former high,
    /// how far.
    pub fn draw(&self) -> Option<Drawn> {
        let (equity, of_ratios) = self.equity()?;
        let drawdown = self.drawdown().map(|(mut plot, words)| {
            plot.keep_free(equity.0.margins());
            plot.finish(Height::Low, &words)
        });
        let (plot, words) = equity;
        Some(Drawn { equity: plot.finish(Height::Tall, &words), drawdown, of_ratios })
    }

    /// The account's worth, what it shows in words, and whether the scale is of ratios.
    fn equity(&self) -> Option<((Plot, String), bool)> {
        let equity = self.days.iter().map(|day| Some(day.equity));
        let others = self.benchmark.iter().flat_map(|(_, worth)| worth.iter().copied());
        let scale = Scale::around(equity.clone().chain(others).flatten())?;
        let mut plot = Plot::default();
        plot.y_axis(&scale, format::fixed);
        plot.date_axis(&self.dates());
        let mut ends = Vec::new();
        if let Some((name, worth)) = &self.benchmark {
            plot.line("other", &placed(worth.iter().copied(), worth.len(), &scale));
            let last = worth.iter().rev().find_map(|own| *own);
            ends.extend(last.map(|last| ("t-other", name.as_str(), scale.y(last))));
        }
        plot.line("own", &placed(equity, self.days.len(), &scale));
        plot.put(CURSOR);
        let last = self.days.last()?;
        ends.push(("t-own", "Account", scale.y(last.equity)));
        plot.ends(&ends);
        let first = self.days.first()?;
        let beside = self.benchmark().map(|name| format!(", beside {name}")).unwrap_or_default();
        let words = format!(
            "Equity from {} on {} to {} on {}{beside}",
            format::fixed(first.equity, 0),
            format::day(first.date),
            format::fixed(last.equity, 0),
            format::day(last.date)
        );
        Some(((plot, words), scale.is_of_ratios()))
    }

    /// How far the account lay under its highest point, with the deepest place named; `None` where it never did.
    fn drawdown(&self) -> Option<(Plot, String)> {
        let under = drawdowns(self.days);
        let (index, deepest) = under.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
        if deepest >= 0.0 {
            return None;
        }
        // Room under the deepest place for its label.
        let scale = Scale::between(deepest * 1.3, 0.0);
        let mut plot = Plot::default();
        plot.y_axis(&scale, |tick, decimals| format::percent(tick, decimals.saturating_sub(2)));
        plot.date_axis(&self.dates());
        let points = placed(under.iter().map(|own| Some(*own)), under.len(), &scale);
        plot.area("under", 0.0, &points);
        plot.line("loss-line", &points);
        plot.put(CURSOR);
        let (x, y) = (place(index, under.len()), scale.y(deepest));
        let words = format!("{} on {}", format::percent(deepest, 2), long_day(self.days[index].date));
        let anchor = match x {
            x if x < 0.2 * FULL => Anchor::Start,
            x if x > 0.8 * FULL => Anchor::End,
            _ => Anchor::Middle,
        };
        plot.text("t-loss", (x, y), 15, anchor, &words);
        Some((plot, format!("Drawdown; the deepest is {words}")))
    }

    /// Returns what the reader gets who points at a day: its place and a line of text each. The last day is among
    /// them.
    pub fn readings(&self) -> Vec<(String, String)> {
        let under = drawdowns(self.days);
        let last = self.days.len() - 1;
        let step = self.days.len().div_ceil(READINGS);
        let chosen = (0..last).step_by(step).chain([last]);
        let read = |index: usize| {
            let day = &self.days[index];
            let beside = self.benchmark.as_ref().and_then(|(name, worth)| Some((name, worth[index]?)));
            let beside = beside.map(|(name, own)| format!(" · {name} {}", format::fixed(own, 0)));
            let text = format!(
                "{}: account {}{} · drawdown {}",
                long_day(day.date),
                format::fixed(day.equity, 0),
                beside.unwrap_or_default(),
                format::percent(under[index], 1)
            );
            (number(place(index, self.days.len())), text)
        };
        chosen.map(read).collect()
    }

    fn dates(&self) -> Vec<NaiveDate> {
        self.days.iter().map(|day| day.date).collect()
    }
}

/// The line that follows the reader's pointer.
const CURSOR: &str = r#"<line class="cursor" x1="-9" x2="-9" y1="0" y2="100%"/>"#;

fn placed(values: impl Iterator<Item = Option<f64>>, count: usize, scale: &Scale) -> Vec<(f64, Option<f64>)> {
    values.enumerate().map(|(index, value)| (place(index, count), value.map(|own| scale.y(own)))).collect()
}

fn long_day(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixtures::{day, symbol};

    fn days(equity: &[f64]) -> Vec<Day> {
        let of = |(index, equity): (usize, &f64)| Day {
            date: day(index),
            equity: *equity,
            invested: 0.0,
            traded: 0.0,
        };
        equity.iter().enumerate().map(of).collect()
    }

    #[test]
    fn the_benchmark_begins_with_the_account_s_money() {
        let days = days(&[100.0, 110.0, 90.0, 95.0]);
        let closes =
            BenchmarkCloses { symbol: symbol("SPY"), closes: vec![None, Some(55.0), Some(60.0), None] };
        let curves = Curves::of(&days, Some(&closes)).expect("four days");
        let (_, worth) = curves.benchmark.as_ref().expect("it has closes");
        assert_eq!(worth, &[None, Some(110.0), Some(120.0), None], "what has no close is not drawn on");
        let svg = curves.draw().expect("finite").equity;
        assert!(svg.contains(">SPY</text>") && svg.contains(">Account</text>"), "{svg}");
    }

    #[test]
    fn the_deepest_place_is_named() {
        let days = days(&[100.0, 120.0, 90.0, 130.0]);
        let svg = Curves::of(&days, None).and_then(|own| own.draw()?.drawdown).expect("it fell");
        assert!(svg.contains("−25.00% on 3 Jan 2024"), "{svg}");
    }

    #[test]
    fn what_never_fell_or_has_one_day_is_not_drawn() {
        assert!(Curves::of(&days(&[100.0]), None).is_none());
        let rising = days(&[100.0, 101.0]);
        assert_eq!(Curves::of(&rising, None).and_then(|own| own.draw()?.drawdown), None);
    }

    #[test]
    fn readings_are_few_and_end_with_the_last_day() {
        let many = days(&vec![100.0; 3_651]);
        let readings = Curves::of(&many, None).expect("days").readings();
        assert!((400..=READINGS + 1).contains(&readings.len()), "{}", readings.len());
        let (place, text) = readings.last().expect("some");
        assert_eq!((place.as_str(), text.as_str()), ("1000", "29 Dec 2033: account 100 · drawdown 0.0%"));
    }
}

//! How the results in R are spread: how many trades ended in each span of R.
//!
//! The few that lie far beyond the others are counted in the outermost bars, which say so.

use std::fmt::Write as _;

use super::plot::{Anchor, Height, Plot, Shown, number};
use super::scale::{FULL, Scale};
use crate::domain::format;
use crate::report::axis;

/// The widths that a bar may have, in R: the narrowest is taken that needs no more than [`BARS`].
const WIDTHS: [f64; 10] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];
const BARS: f64 = 28.0;
/// The part of the results at either end that may lie beyond the outermost bars.
const TAIL: f64 = 0.01;
/// The least distance of two labels under the bars, and of a label from the edges.
const APART: f64 = 70.0;
/// What the labels of the ends take on a phone.
const ROOM_FOR_ENDS: f64 = 240.0;

/// Counts by bar, from `low` on, each `width` R wide. Zero is a border of two bars.
#[derive(Clone, Debug, PartialEq)]
struct Bins {
    low: f64,
    width: f64,
    counts: Vec<usize>,
    has_below: bool,
    has_above: bool,
}

impl Bins {
    /// Counts finite results; `None` where there is none. A result on the border of two bars is in the higher one.
    fn of(results: &[f64]) -> Option<Self> {
        let mut sorted = results.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (lowest, highest) = (*sorted.first()?, *sorted.last()?);
        let tail = ((sorted.len() - 1) as f64 * TAIL).floor() as usize;
        let (from, to) = (sorted[tail].min(0.0), sorted[sorted.len() - 1 - tail].max(0.0));
        let ends = |width: f64| ((from / width).floor().min(-1.0), (to / width).floor() + 1.0);
        let is_enough = |width: &f64| ends(*width).1 - ends(*width).0 <= BARS;
        let width = WIDTHS.into_iter().find(is_enough).unwrap_or((to - from) / (BARS - 2.0));
        let (first, end) = ends(width);
        let mut counts = vec![0; (end - first) as usize];
        let last = counts.len() - 1;
        for result in results {
            // A negative place saturates at 0.
            let place = ((result / width).floor() - first) as usize;
            counts[place.min(last)] += 1;
        }
        let (low, high) = (first * width, end * width);
        Some(Self { low, width, counts, has_below: lowest < low, has_above: highest >= high })
    }

    /// The lower end of a bar, in R.
    fn begin(&self, index: usize) -> f64 {
        self.low + index as f64 * self.width
    }

    fn name(&self, index: usize) -> String {
        let (from, to) = (short(self.begin(index)), short(self.begin(index + 1)));
        match index {
            0 if self.has_below => format!("under {to} R"),
            last if last + 1 == self.counts.len() && self.has_above => format!("{from} R and more"),
            _ => format!("{from} R to {to} R"),
        }
    }

    /// Where a result lies in the plot.
    fn x(&self, result: f64) -> f64 {
        (FULL * (result - self.low) / self.width / self.counts.len() as f64).clamp(0.0, FULL)
    }

    /// Names both ends, zero and round results between them.
    fn draw_axis(&self, plot: &mut Plot) {
        let count = self.counts.len();
        let left =
            if self.has_below { format!("< {} R", short(self.begin(1))) } else { short(self.low) + " R" };
        let right = if self.has_above {
            format!("≥ {} R", short(self.begin(count - 1)))
        } else {
            short(self.begin(count)) + " R"
        };
        plot.under(0.0, Shown::Everywhere, &left);
        let mut free = APART;
        for result in axis::round_values(self.low, self.begin(count), 9) {
            let x = self.x(result);
            if (free..FULL - APART).contains(&x) {
                free = x + APART;
                // On a phone the ends leave room for one that is not near them.
                let is_free = result == 0.0 && (ROOM_FOR_ENDS..FULL - ROOM_FOR_ENDS).contains(&x);
                let shown = if is_free { Shown::Everywhere } else { Shown::OnADesk };
                plot.under(x, shown, &format!("{} R", short(result)));
            }
        }
        plot.under(FULL, Shown::Everywhere, &right);
    }
}

/// Draws the spread of these results in R and their mean; `None` where there is none.
pub(super) fn histogram(results: &[f64], mean: f64) -> Option<String> {
    let bins = Bins::of(results)?;
    let most = bins.counts.iter().copied().max()?;
    // Room over the highest bar for the name of the mean.
    let scale = Scale::between(0.0, most as f64 * 1.15);
    let mut plot = Plot::default();
    plot.whole_axis(&scale);
    let width = FULL / bins.counts.len() as f64;
    for (index, trades) in bins.counts.iter().enumerate().filter(|(_, trades)| **trades > 0) {
        let side = if bins.begin(index) < 0.0 { "loss" } else { "gain" };
        let y = scale.y(*trades as f64);
        let mut bar = String::new();
        let _ = write!(
            bar,
            r#"<rect class="bar {side}" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>"#,
            number(index as f64 * width + width * 0.06),
            number(y),
            number(width * 0.88),
            number(FULL - y),
            bins.name(index),
            format::count(*trades, "trade")
        );
        plot.stretched(&bar);
    }
    bins.draw_axis(&mut plot);
    let zero = number(bins.x(0.0));
    plot.stretched(&format!(r#"<path class="zero" d="M{zero} 0V1000"/>"#));
    let at = bins.x(mean);
    plot.stretched(&format!(r#"<path class="mean" d="M{0} 0V1000"/>"#, number(at)));
    let words = format!("mean {} R", format::fixed(mean, 2));
    let (place, anchor) = if at > 0.7 * FULL { (at - 8.0, Anchor::End) } else { (at + 8.0, Anchor::Start) };
    plot.text("t-mean", (place, 0.0), 12, anchor, &words);
    let alternative = format!("Results of {} in R, {words}", format::count(results.len(), "trade"));
    Some(plot.finish(Height::Low, &alternative))
}

impl Plot {
    /// Draws gridlines at whole numbers.
    fn whole_axis(&mut self, scale: &Scale) {
        self.y_axis(
            scale,
            |tick, _| if tick.fract() == 0.0 { format::fixed(tick, 0) } else { String::new() },
        );
    }
}

fn short(result: f64) -> String {
    format::fixed(result, if result.fract() == 0.0 { 0 } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_is_in_one_bar() {
        let results = [-1.0, -0.51, -0.5, 0.0, 0.49, 2.0];
        let bins = Bins::of(&results).expect("some");
        assert_eq!((bins.low, bins.width, bins.has_below, bins.has_above), (-1.0, 0.5, false, false));
        // −0.51 in −1 to −0.5, −0.5 in the next; 0 begins the first bar of gains.
        assert_eq!(bins.counts, [2, 1, 2, 0, 0, 0, 1]);
        assert_eq!((bins.name(0), bins.name(6)), ("−1 R to −0.5 R".to_owned(), "2 R to 2.5 R".to_owned()));
    }

    #[test]
    fn bars_widen_with_the_results_and_the_few_beyond_are_in_the_outermost() {
        let mut results: Vec<f64> = (0..400).map(|n| f64::from(n % 40) - 1.5).collect();
        results.extend([-50.0, 900.0]);
        let bins = Bins::of(&results).expect("some");
        assert_eq!((bins.low, bins.width, bins.has_below, bins.has_above), (-2.0, 2.0, true, true));
        assert_eq!(bins.counts.iter().sum::<usize>(), results.len());
        let last = bins.counts.len() - 1;
        assert_eq!((bins.name(0), bins.name(last)), ("under 0 R".to_owned(), "36 R and more".to_owned()));
        let svg = histogram(&results, 18.0).expect("some");
        assert!(svg.contains("&lt; 0 R") && svg.contains("≥ 36 R"), "{svg}");
    }

    #[test]
    fn one_result_has_a_drawing_with_zero_in_it() {
        for one in [0.0, -50.0, 50.0, 1e9, -1e9] {
            let bins = Bins::of(&[one]).expect("one result");
            assert!(bins.low < 0.0 && bins.begin(bins.counts.len()) > 0.0, "{one}: {bins:?}");
            let svg = histogram(&[one], one).expect("one result");
            assert!(svg.contains("1 trade<") && !svg.contains("NaN"), "{svg}");
        }
    }

    #[test]
    fn no_result_is_no_drawing() {
        assert_eq!(histogram(&[], 0.0), None);
    }
}

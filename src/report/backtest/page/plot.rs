//! The frame of every chart of the page: gridlines, axes, lines and labels as one SVG.
//!
//! Lines are stretched with the page while letters and marks keep their size: the plot is a nested SVG of
//! [`FULL`] × [`FULL`] without an aspect ratio, and everything else stands at percents of the outer one. So one
//! drawing serves a phone and a desk. Colours are the page's, by class.

use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDate};

use super::scale::{FULL, Scale};
use crate::domain::format;
use crate::report::axis;

/// The least distance of two labels of the time axis on a desk and on a phone.
const APART: f64 = 65.0;
const APART_ON_A_PHONE: f64 = 200.0;
/// The least distance of two labels beside the plot, in the lowest plot that has them.
const LABEL_GAP: f64 = 80.0;
/// From so many beginnings of years on, years alone are named.
const YEARS: usize = 3;

/// Of more months than these only the first of each quarter is named.
const MONTHS: usize = 13;

/// The part of a chart in which height counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Height {
    Tall,
    Low,
}

/// Where there is room for a label under the plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Everywhere,
    OnADesk,
}

/// Where a text stands against its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A chart that is being drawn. Places are 0 to [`FULL`], from the left and from the top.
#[derive(Debug, Default)]
pub(super) struct Plot {
    /// What is stretched.
    lines: String,
    /// What keeps its size.
    over: String,
    /// Characters that the labels left and right of the plot take.
    left: usize,
    right: usize,
}

impl Plot {
    /// Draws a gridline and a label at each tick of the scale.
    pub fn y_axis(&mut self, scale: &Scale, label: impl Fn(f64, usize) -> String) {
        let ticks = scale.ticks();
        let decimals = axis::decimals(&ticks);
        for tick in ticks {
            let y = scale.y(tick);
            let _ = write!(self.lines, r#"<path class="grid" d="M0 {}H1000"/>"#, number(y));
            let text = label(tick, decimals);
            self.left = self.left.max(text.chars().count());
            let _ = write!(
                self.over,
                r#"<text x="0" y="{}%" dx="-8" dy="4" text-anchor="end">{}</text>"#,
                percent(y),
                format::escape(&text)
            );
        }
    }

    /// Names years, months or the ends of the span under the plot; on a phone only what there is room for.
    pub fn date_axis(&mut self, dates: &[NaiveDate]) {
        let (mut free, mut free_on_a_phone) = (0.0, 0.0);
        for (index, label) in date_ticks(dates) {
            let x = place(index, dates.len());
            if x < free {
                continue;
            }
            free = x + APART;
            let shown = if x < free_on_a_phone { Shown::OnADesk } else { Shown::Everywhere };
            if shown == Shown::Everywhere {
                free_on_a_phone = x + APART_ON_A_PHONE;
            }
            self.under(x, shown, &label);
        }
    }

    /// Writes a label under the plot.
    pub fn under(&mut self, x: f64, shown: Shown, label: &str) {
        let class = if shown == Shown::OnADesk { r#" class="w""# } else { "" };
        let anchor = match x {
            x if x < 25.0 => Anchor::Start,
            x if x > FULL - 25.0 => Anchor::End,
            _ => Anchor::Middle,
        };
        let _ = write!(
            self.over,
            r#"<text{class} x="{}%" y="100%" dy="18"{}>{}</text>"#,
            percent(x),
            anchor.attribute(),
            format::escape(label)
        );
    }

    /// Draws a line through the points; a missing value lifts the pen.
    pub fn line(&mut self, class: &str, points: &[(f64, Option<f64>)]) {
        let steps = path(&thinned(points));
        if !steps.is_empty() {
            let _ = write!(self.lines, r#"<path class="{class}" d="{steps}"/>"#);
        }
    }

    /// Fills what lies between the points and the height `base`.
    pub fn area(&mut self, class: &str, base: f64, points: &[(f64, Option<f64>)]) {
        let ([(first, _), ..], [.., (last, _)]) = (points, points) else { return };
        let steps = path(&thinned(points)).replacen('M', "L", 1);
        let _ = write!(
            self.lines,
            r#"<path class="{class}" d="M{first} {base}{steps}L{last} {base}Z"/>"#,
            first = number(*first),
            last = number(*last),
            base = number(base),
        );
    }

    /// Puts in something that is stretched.
    pub fn stretched(&mut self, svg: &str) {
        self.lines.push_str(svg);
    }

    /// Puts in something that keeps its size.
    pub fn put(&mut self, svg: &str) {
        self.over.push_str(svg);
    }

    /// Writes a label at a place of the plot, its baseline `drop` pixels under it.
    pub fn text(&mut self, class: &str, (x, y): (f64, f64), drop: i32, anchor: Anchor, text: &str) {
        let _ = write!(
            self.over,
            r#"<text class="{class}" x="{}%" y="{}%" dy="{drop}"{}>{}</text>"#,
            percent(x),
            percent(y),
            anchor.attribute(),
            format::escape(text)
        );
    }

    /// Returns the characters that are kept free left and right of the plot.
    pub fn margins(&self) -> (usize, usize) {
        (self.left, self.right)
    }

    /// Keeps at least so many characters free, so that two plots lie one under the other.
    pub fn keep_free(&mut self, (left, right): (usize, usize)) {
        self.left = self.left.max(left);
        self.right = self.right.max(right);
    }

    /// Names the lines where they end, at these heights; labels that would touch are moved apart.
    pub fn ends(&mut self, labels: &[(&str, &str, f64)]) {
        let wanted: Vec<f64> = labels.iter().map(|label| label.2).collect();
        for ((class, text, _), y) in labels.iter().zip(axis::spread(&wanted, LABEL_GAP, 20.0, FULL - 20.0)) {
            self.right = self.right.max(text.chars().count());
            let _ = write!(
                self.over,
                r#"<text class="{class}" x="100%" y="{}%" dx="8" dy="4">{}</text>"#,
                percent(y),
                format::escape(text)
            );
        }
    }

    /// Closes the chart. `alternative` says in words what it shows.
    pub fn finish(self, height: Height, alternative: &str) -> String {
        let height = if height == Height::Tall { "tall" } else { "low" };
        format!(
            concat!(
                r#"<div class="fig" style="--l:{left};--r:{right}"><svg class="stretch {height}" role="img" aria-label="{name}">"#,
                r#"<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">{lines}</svg>{over}</svg></div>"#
            ),
            left = self.left,
            right = self.right,
            height = height,
            name = format::escape(alternative),
            lines = self.lines,
            over = self.over,
        )
    }
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        }
    }
}

/// Returns where the session of this index stands among so many.
pub(super) fn place(index: usize, count: usize) -> f64 {
    FULL * index as f64 / count.saturating_sub(1).max(1) as f64
}

/// Writes a place with at most one decimal.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Writes a place as percent of the plot, without the sign.
pub(super) fn percent(value: f64) -> String {
    let text = format!("{:.2}", value / 10.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The sessions to name: years where there are several, else months, January by its year, else the two ends.
fn date_ticks(dates: &[NaiveDate]) -> Vec<(usize, String)> {
    let years: Vec<usize> = (1..dates.len()).filter(|i| dates[*i].year() != dates[*i - 1].year()).collect();
    if years.len() >= YEARS {
        return years.into_iter().map(|i| (i, dates[i].year().to_string())).collect();
    }
    let mut ticks = axis::date_ticks(dates);
    if ticks.len() > MONTHS {
        ticks.retain(|(index, _)| dates[*index].month() % 3 == 1);
    }
    for (index, label) in &mut ticks {
        if label == "Jan" {
            *label = dates[*index].year().to_string();
        }
    }
    ticks
}

/// Keeps the lowest and the highest point of each thousandth of the width, in their order: what a screen can
/// show. Few points stay as they are.
fn thinned(points: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    if points.len() as f64 <= FULL {
        return points.to_vec();
    }
    let mut kept = Vec::new();
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let drawn = column.iter().enumerate().filter_map(|(index, (_, y))| Some((index, (*y)?)));
        let lowest = drawn.clone().max_by(|a, b| a.1.total_cmp(&b.1));
        let highest = drawn.min_by(|a, b| a.1.total_cmp(&b.1));
        let (Some((one, _)), Some((other, _))) = (lowest, highest) else {
            kept.extend(column.first());
            continue;
        };
        kept.push(column[one.min(other)]);
        if one != other {
            kept.push(column[one.max(other)]);
        }
    }
    kept
}

fn path(points: &[(f64, Option<f64>)]) -> String {
    let mut steps = String::new();
    let mut is_down = false;
    for (x, y) in points {
        let Some(y) = y.filter(|y| y.is_finite()) else {
            is_down = false;
            continue;
        };
        let pen = if is_down { 'L' } else { 'M' };
        let _ = write!(steps, "{pen}{} {}", number(*x), number(y));
        is_down = true;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a date")
    }

    #[test]
    fn many_points_keep_their_extremes_and_few_stay_as_they_are() {
        let points: Vec<(f64, Option<f64>)> = (0..5000)
            .map(|n| (place(n, 5000), Some(if n == 2222 { 900.0 } else { 100.0 + (n % 7) as f64 })))
            .collect();
        let kept = thinned(&points);
        assert!(kept.len() <= 2002, "{}", kept.len());
        assert!(kept.contains(&(place(2222, 5000), Some(900.0))));
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(thinned(&points[..50]), points[..50]);
    }

    #[test]
    fn a_missing_value_lifts_the_pen() {
        assert_eq!(
            path(&[(0.0, Some(1.0)), (1.0, None), (2.0, Some(2.25)), (3.0, Some(f64::NAN))]),
            "M0 1M2 2.2"
        );
    }

    #[test]
    fn the_time_axis_names_years_months_or_the_ends() {
        let each =
            |days: &[NaiveDate]| date_ticks(days).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        let years: Vec<NaiveDate> =
            (2016..2020).flat_map(|year| [day(year, 3, 1), day(year, 9, 1)]).collect();
        assert_eq!(each(&years), ["2017", "2018", "2019"]);
        let months = [day(2025, 11, 28), day(2025, 12, 1), day(2026, 1, 2), day(2026, 2, 2)];
        assert_eq!(each(&months), ["Dec", "2026", "Feb"]);
        assert_eq!(each(&months[..1]), ["28 Nov", "28 Nov"]);
        let two_years: Vec<NaiveDate> =
            (2024..2026).flat_map(|year| (1..13).map(move |month| day(year, month, 2))).collect();
        assert_eq!(each(&two_years), ["Apr", "Jul", "Oct", "2025", "Apr", "Jul", "Oct"]);
        assert_eq!(each(&[]), [""; 0]);
    }

    #[test]
    fn labels_cannot_inject() {
        let mut plot = Plot::default();
        plot.ends(&[("a", "<b>", 10.0)]);
        plot.text("b", (0.0, 0.0), 0, Anchor::Start, "<i>");
        let svg = plot.finish(Height::Low, "\"><script>");
        assert!(!svg.contains("<b>") && !svg.contains("<i>") && !svg.contains("<script>"), "{svg}");
    }
}

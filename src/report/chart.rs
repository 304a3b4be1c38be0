//! A recommendation's price chart as SVG text: close, ma50, the level it broke, stop and target.
//!
//! The same data gives the same bytes. Colours are CSS classes, so that a page can have them
//! light or dark; [`standalone`] carries its own for the picture in a mail, and draws its letters
//! itself. No script, no external reference, every label escaped.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::axis;
use super::lettering;
use super::lettering::Anchor;
use crate::domain::Symbol;
use crate::domain::format;

/// What a chart shows. The three series have one value a session, oldest first; prices are
/// in the quote currency.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartData {
    pub symbol: Symbol,
    pub dates: Vec<NaiveDate>,
    pub close: Vec<f64>,
    /// `None` where the mean is not ready; the line breaks there.
    pub ma50: Vec<Option<f64>>,
    pub level: Option<ChartLevel>,
    pub entry: f64,
    pub stop: f64,
    pub target: Option<f64>,
}

/// The level that the trigger compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartLevel {
    /// In few words: `20-day high`.
    pub label: String,
    pub price: f64,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 224.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 198.0;
/// The width kept for one character of a label, at the larger type that phones get.
const CHARACTER: f64 = 8.6;
/// The least distance between two labels' baselines, at the same type.
const LABEL_GAP: f64 = 20.0;
/// Characters of the longest label that the right margin has room for.
const LABEL_LENGTH: usize = 19;

/// The height of capitals that are drawn as strokes.
const CAPITAL: f64 = 13.0;
/// The rim that the picture keeps around the drawing, so that its plate holds all labels.
const RIM: f64 = 10.0;

/// The picture keeps its own light plate: no colour of a line is readable on both a white page
/// and a dark one, and mail programs that darken a page leave pictures as they are.
const LIGHT: &str = "path{fill:none;stroke-linejoin:round;stroke-linecap:round}.bg{fill:#f5f7fa}\
.grid{stroke:#e0e6ec}.close{stroke:#22569c;stroke-width:2.2}.ma{stroke:#a3adb8;stroke-width:1.6}\
.level{stroke:#94741c;stroke-width:1.2;stroke-dasharray:1 3.5}.stop{stroke:#b3352a;stroke-width:1.2;stroke-dasharray:6 5}\
.target{stroke:#0d7548;stroke-width:1.2;stroke-dasharray:6 5}.tie{stroke:#b9c2cc}.dot{fill:#22569c}\
.t-axis,.t-ma{stroke:#5d6976;stroke-width:1.55}.t-close{stroke:#22569c;stroke-width:2.3}\
.t-level{stroke:#7d6115;stroke-width:1.7}.t-stop{stroke:#b3352a;stroke-width:1.7}.t-target{stroke:#0d7548;stroke-width:1.7}";

/// Draws the chart for a page that styles its classes, or returns `None` where fewer than two
/// sessions can be drawn.
pub fn inline(data: &ChartData) -> Option<String> {
    let drawing = Drawing::of(data, Letters::Font)?;
    let name = format::escape(&alternative(data));
    Some(format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{}</svg>"#,
        drawing.body()
    ))
}

/// Draws the chart as a file of its own, in light colours on a light plate and without a font,
/// or returns `None` where fewer than two sessions can be drawn.
pub fn standalone(data: &ChartData) -> Option<String> {
    let drawing = Drawing::of(data, Letters::Strokes)?;
    let (width, height) = (WIDTH + 2.0 * RIM, HEIGHT + 2.0 * RIM);
    let frame = format!(r#"width="{width}" height="{height}" viewBox="-{RIM} -{RIM} {width} {height}""#);
    let plate =
        format!(r#"<rect class="bg" x="-{RIM}" y="-{RIM}" width="{width}" height="{height}" rx="9"/>"#);
    let body = drawing.body();
    Some(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" {frame}><style>{LIGHT}</style>{plate}{body}</svg>"#
    ))
}

/// Says in words what the chart shows, for readers without pictures.
pub fn alternative(data: &ChartData) -> String {
    let mut text = format!("{}: closes of {}", data.symbol, format::count(data.dates.len(), "session"));
    if let Some(last) = data.dates.last() {
        let _ = write!(text, " to {}", format::day(*last));
    }
    if let Some(target) = data.target {
        let _ = write!(text, ", target {}", format::price(target));
    }
    let _ = write!(text, ", stop {}", format::price(data.stop));
    format::clean(&text)
}

/// A horizontal line or the end of a series, with its label in the right margin.
struct Mark {
    class: &'static str,
    label: String,
    price: f64,
}

/// What the labels are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letters {
    /// The page's own font.
    Font,
    Strokes,
}

impl Letters {
    /// The width that is kept for a text.
    fn width(self, text: &str) -> f64 {
        match self {
            Letters::Font => text.chars().count() as f64 * CHARACTER,
            Letters::Strokes => lettering::width(text, CAPITAL),
        }
    }

    /// How far the baseline lies below the middle of a line of text.
    fn drop(self) -> f64 {
        if self == Letters::Font { 5.0 } else { 6.0 }
    }
}

/// The chart's scales and margins.
struct Drawing<'a> {
    data: &'a ChartData,
    letters: Letters,
    marks: Vec<Mark>,
    /// The last session with a price to draw, and that price.
    last: (usize, f64),
    low: f64,
    high: f64,
    left: f64,
    right: f64,
    ticks: Vec<f64>,
    /// The decimals that tell one tick from the next.
    decimals: usize,
}

impl<'a> Drawing<'a> {
    fn of(data: &'a ChartData, letters: Letters) -> Option<Self> {
        let drawn: Vec<_> = data.close.iter().copied().filter(|p| p.is_finite()).collect();
        if drawn.len() < 2 || data.dates.len() != data.close.len() {
            return None;
        }
        let last = data.close.iter().copied().enumerate().rfind(|(_, p)| p.is_finite())?;
        let marks = marks(data, last.1);
        let means = data.ma50.iter().flatten().copied();
        let prices = drawn.into_iter().chain(means).chain(marks.iter().map(|m| m.price));
        let (lowest, highest) = prices
            .filter(|p| p.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p), high.max(p)));
        let margin = ((highest - lowest) * 0.05).max(highest.abs() * 1e-4).max(f64::MIN_POSITIVE);
        let (low, high) = (lowest - margin, highest + margin);
        let ticks = axis::round_values(low, high, 4);
        let decimals = axis::decimals(&ticks);
        let widest = |widths: &mut dyn Iterator<Item = f64>| widths.fold(0.0, f64::max);
        let tick = widest(&mut ticks.iter().map(|tick| letters.width(&format::fixed(*tick, decimals))));
        let label = widest(&mut marks.iter().map(|mark| letters.width(&mark.label)));
        let (left, right) = (tick + 10.0, WIDTH - 14.0 - label);
        Some(Self { data, letters, marks, last, low, high, left, right, ticks, decimals })
    }

    fn x(&self, index: usize) -> f64 {
        let steps = (self.data.close.len() - 1) as f64;
        self.left + (self.right - self.left) * index as f64 / steps
    }

    fn y(&self, price: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (price - self.low) / (self.high - self.low)
    }

    fn body(&self) -> String {
        let mut svg = String::with_capacity(6_000);
        self.draw_axes(&mut svg);
        let means = self.data.ma50.iter().enumerate().map(|(i, mean)| (i, *mean));
        svg.push_str(&self.path("ma", means));
        self.draw_levels(&mut svg);
        let closes = self.data.close.iter().enumerate().map(|(i, close)| (i, Some(*close)));
        svg.push_str(&self.path("close", closes));
        let (x, y) = (self.x(self.last.0), self.y(self.last.1));
        let _ = write!(svg, r#"<circle class="dot" cx="{x:.1}" cy="{y:.1}" r="4"/>"#);
        self.draw_labels(&mut svg);
        svg
    }

    fn draw_axes(&self, svg: &mut String) {
        for tick in &self.ticks {
            let (y, x) = (self.y(*tick), self.left - 8.0);
            let _ = write!(svg, r#"<path class="grid" d="M{:.1} {y:.1}H{:.1}"/>"#, self.left, self.right);
            let text = format::fixed(*tick, self.decimals);
            svg.push_str(&self.label(None, Anchor::End, (x, y + self.letters.drop()), &text));
        }
        let mut free_from = self.left - 4.0;
        for (index, label) in axis::date_ticks(&self.data.dates) {
            let half = self.letters.width(&label) / 2.0;
            let x = self.x(index).clamp(self.left + half, self.right - half);
            if x - half < free_from {
                continue;
            }
            free_from = x + half + 10.0;
            svg.push_str(&self.label(None, Anchor::Middle, (x, 218.0), &label));
        }
    }

    fn draw_levels(&self, svg: &mut String) {
        for mark in self.marks.iter().filter(|m| matches!(m.class, "level" | "stop" | "target")) {
            let y = self.y(mark.price);
            let _ = write!(
                svg,
                r#"<path class="{}" d="M{:.1} {y:.1}H{:.1}"/>"#,
                mark.class, self.left, self.right
            );
        }
    }

    /// Labels stand right of the plot; one that had to move is tied to its line.
    fn draw_labels(&self, svg: &mut String) {
        let wanted: Vec<_> = self.marks.iter().map(|m| self.y(m.price)).collect();
        let placed = axis::spread(&wanted, LABEL_GAP, TOP + 4.0, BOTTOM);
        for ((mark, line), label) in self.marks.iter().zip(wanted).zip(placed) {
            let (from, to) = (self.right + 2.0, self.right + 9.0);
            if (line - label).abs() > 2.0 {
                let _ = write!(svg, r#"<path class="tie" d="M{from:.1} {line:.1}L{to:.1} {label:.1}"/>"#);
            }
            let place = (self.right + 12.0, label + self.letters.drop());
            svg.push_str(&self.label(Some(mark.class), Anchor::Start, place, &mark.label));
        }
    }

    /// Writes a label of the axes, or of the mark of a class.
    fn label(&self, mark: Option<&str>, anchor: Anchor, (x, y): (f64, f64), text: &str) -> String {
        if self.letters == Letters::Strokes {
            let class = format!("t-{}", mark.unwrap_or("axis"));
            return lettering::draw(&class, anchor, (x, y), CAPITAL, text);
        }
        let class = mark.map(|mark| format!(r#" class="t-{mark}""#)).unwrap_or_default();
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let text = format::escape(text);
        format!(r#"<text{class} x="{x:.1}" y="{y:.1}"{anchor}>{text}</text>"#)
    }

    /// Draws a series; a missing value lifts the pen.
    fn path(&self, class: &str, points: impl Iterator<Item = (usize, Option<f64>)>) -> String {
        let mut steps = String::new();
        let mut is_down = false;
        for (index, value) in points.take(self.data.close.len()) {
            let Some(value) = value.filter(|v| v.is_finite()) else {
                is_down = false;
                continue;
            };
            let pen = if is_down { 'L' } else { 'M' };
            let _ = write!(steps, "{pen}{:.1} {:.1}", self.x(index), self.y(value));
            is_down = true;
        }
        if steps.is_empty() { steps } else { format!(r#"<path class="{class}" d="{steps}"/>"#) }
    }
}

fn marks(data: &ChartData, last: f64) -> Vec<Mark> {
    let mut marks = Vec::with_capacity(5);
    let mut add = |class: &'static str, name: &str, price: f64| {
        if price.is_finite() {
            marks.push(Mark { class, label: label(name, price), price });
        }
    };
    if let Some(target) = data.target {
        add("target", "target", target);
    }
    add("close", "close", last);
    if let Some(level) = &data.level {
        add("level", &level.label, level.price);
    }
    if let Some(mean) = data.ma50.last().copied().flatten() {
        add("ma", "ma50", mean);
    }
    add("stop", "stop", data.stop);
    marks
}

/// Joins name and price, cutting the name where both would not fit the margin.
fn label(name: &str, price: f64) -> String {
    let price = format::short_price(price);
    let name = format::clean(name);
    let room = LABEL_LENGTH.saturating_sub(price.chars().count() + 1).max(4);
    if name.chars().count() <= room {
        return format!("{name} {price}");
    }
    let cut: String = name.chars().take(room - 1).collect();
    format!("{}… {price}", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    /// The y of each label in the right margin.
    fn label_heights(svg: &str) -> Vec<f64> {
        let labels = svg.split(r#"<text class="t-"#).skip(1);
        labels
            .map(|label| {
                let y = label.split(r#" y=""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
                y.parse().expect("a label has a y")
            })
            .collect()
    }

    #[test]
    fn labels_on_one_price_stand_apart() {
        let mut data = example::chart("AAPL", 187.2, 1);
        data.level = Some(ChartLevel { label: "20-day high".to_owned(), price: 187.2 });
        data.stop = 187.1;
        data.target = Some(187.3);
        let mut heights = label_heights(&inline(&data).expect("120 sessions can be drawn"));
        assert_eq!(heights.len(), 5);
        heights.sort_by(f64::total_cmp);
        assert!(heights.windows(2).all(|w| w[1] - w[0] > LABEL_GAP - 0.2), "{heights:?}");
    }

    #[test]
    fn missing_values_break_the_line_and_never_print() {
        let mut data = example::chart("AAPL", 187.2, 1);
        data.close[40] = f64::NAN;
        data.ma50[60] = None;
        data.target = Some(f64::INFINITY);
        let svg = inline(&data).expect("two sessions are left");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        let pen_downs = svg.split(r#"class="close" d=""#).nth(1).and_then(|d| d.split('"').next());
        assert_eq!(pen_downs.map(|d| d.matches('M').count()), Some(2));
    }

    #[test]
    fn one_session_is_no_chart() {
        let mut data = example::chart("AAPL", 187.2, 1);
        data.dates.truncate(1);
        data.close.truncate(1);
        assert_eq!(inline(&data), None);
        assert_eq!(standalone(&data), None);
    }

    #[test]
    fn a_flat_price_has_a_scale() {
        let mut data = example::chart("AAPL", 187.2, 1);
        data.close.fill(10.0);
        data.ma50.fill(Some(10.0));
        (data.level, data.stop, data.target) = (None, 10.0, None);
        let svg = inline(&data).expect("a flat line can be drawn");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn a_label_cannot_inject() {
        let mut data = example::chart("AAPL", 187.2, 1);
        data.level = Some(ChartLevel { label: "<b>\"x".to_owned(), price: 180.0 });
        let svg = inline(&data).expect("can be drawn");
        assert!(svg.contains("&lt;b&gt;&quot;x 180.00") && !svg.contains("<b>"));
        let svg = standalone(&data).expect("can be drawn");
        assert!(!svg.contains("<b>") && !svg.contains("<text"), "letters are strokes");
    }

    #[test]
    fn a_long_label_leaves_room_for_the_plot() {
        assert_eq!(label("highest_close_20d of the last", 64_123.5), "highest_clo… 64,124");
        assert_eq!(label("20-day high", 187.2), "20-day high 187.20");
    }
}

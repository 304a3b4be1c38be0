//! Letters drawn as strokes, for pictures that are made where no font is.
//!
//! A rounded single-stroke alphabet of our own: digits, lower case, and the capitals that months
//! begin with. It has what a chart's labels need and nothing more; what it lacks is drawn as a
//! box, which a reader sees, and never left out.

use std::fmt::Write as _;

/// The height of a capital on the grid on which the glyphs are drawn.
const CAPITAL: f64 = 14.0;
/// The space to the next glyph that every advance below includes.
const GAP: f64 = 2.8;

/// How a text is placed at its x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Draws a text as one SVG path; `y` is its baseline and `capital` the height of its capitals.
pub(super) fn draw(class: &str, anchor: Anchor, (x, y): (f64, f64), capital: f64, text: &str) -> String {
    let scale = capital / CAPITAL;
    let left = match anchor {
        Anchor::Start => x,
        Anchor::Middle => x - width(text, capital) / 2.0,
        Anchor::End => x - width(text, capital),
    };
    let mut svg = String::new();
    let mut at = 0.0;
    for letter in text.chars() {
        let (advance, path) = glyph(letter);
        if !path.is_empty() {
            let (dx, dy) = (left + at * scale, y - capital);
            let _ = write!(
                svg,
                r#"<path class="{class}" transform="translate({dx:.2} {dy:.2}) scale({scale:.3})" d="{path}"/>"#
            );
        }
        at += advance;
    }
    svg
}

/// Returns the width of a text whose capitals are so high.
pub(super) fn width(text: &str, capital: f64) -> f64 {
    let advances: f64 = text.chars().map(|letter| glyph(letter).0).sum();
    (advances - GAP).max(0.0) * capital / CAPITAL
}

/// Returns the advance and the strokes of a character. The baseline is at 14, small letters
/// begin at 4, tails end at 18.
fn glyph(letter: char) -> (f64, &'static str) {
    match letter {
        ' ' => (6.0, ""),
        '0' => (10.8, "M4 0C1.5 0 0 3 0 7S1.5 14 4 14S8 11 8 7S6.5 0 4 0Z"),
        '1' => (10.8, "M1.4 3L5 0V14"),
        '2' => (10.8, "M.3 3.6C.3 1.4 1.9 0 4 0S7.7 1.4 7.7 3.7C7.7 6.5 3.5 9.5 0 14H8"),
        '3' => (
            10.8,
            "M.4 2.6C1 1 2.3 0 4 0C6.2 0 7.6 1.4 7.6 3.3S6.2 6.6 4 6.6H3M4 6.6C6.5 6.6 8 8.2 8 10.2S6.4 14 4 14C2 14 .6 13 0 11.2",
        ),
        '4' => (10.8, "M6 14V0L0 10H8.4"),
        '5' => (
            10.8,
            "M7.2 0H1.4L.8 6.2C1.6 5.5 2.7 5.1 4 5.1C6.4 5.1 8 6.9 8 9.5S6.3 14 3.9 14C2.1 14 .7 13.1 0 11.6",
        ),
        '6' => (
            10.8,
            "M6.8 .4C2.6 1.2 0 5 0 9.5C0 12.2 1.6 14 4 14S8 12.2 8 9.6S6.4 5.3 4.1 5.3C2 5.3 .4 6.8 0 9",
        ),
        '7' => (10.8, "M0 0H8C5 4 3.2 8.5 2.8 14"),
        '8' => (
            10.8,
            "M4 6.5C1.9 6.5 .6 5.2 .6 3.3S1.9 0 4 0S7.4 1.4 7.4 3.3S6.1 6.5 4 6.5C1.5 6.5 0 8 0 10.2S1.5 14 4 14S8 12.4 8 10.2S6.5 6.5 4 6.5Z",
        ),
        '9' => (
            10.8,
            "M1.2 13.6C5.4 12.8 8 9 8 4.5C8 1.8 6.4 0 4 0S0 1.8 0 4.4S1.6 8.7 3.9 8.7C6 8.7 7.6 7.2 8 5",
        ),
        '.' => (4.4, "M.6 13.7V14"),
        ',' => (4.4, "M1 13.6L.2 16.2"),
        '-' => (8.2, "M.4 9H5"),
        '…' => (12.6, "M.6 13.7V14M5 13.7V14M9.4 13.7V14"),
        'a' => (9.9, "M7 6.5C6.3 5 5 4 3.6 4C1.5 4 0 6.2 0 9S1.5 14 3.6 14C5 14 6.3 13 7 11.5M7 4V14"),
        'b' => (9.8, "M0 0V14M0 6.5C.7 5 2 4 3.4 4C5.5 4 7 6.2 7 9S5.5 14 3.4 14C2 14 .7 13 0 11.5"),
        'c' => (9.2, "M6.6 6C6 4.8 5 4 3.7 4C1.5 4 0 6.1 0 9S1.5 14 3.7 14C5 14 6 13.2 6.6 12"),
        'd' => (9.9, "M7 6.5C6.3 5 5 4 3.6 4C1.5 4 0 6.2 0 9S1.5 14 3.6 14C5 14 6.3 13 7 11.5M7 0V14"),
        'e' => (9.8, "M0 8.8H7C7 5.9 5.7 4 3.6 4S0 6.1 0 9S1.5 14 3.8 14C5.2 14 6.2 13.3 6.8 12.2"),
        'f' => (6.6, "M5 .3C4.6 .1 4.2 0 3.8 0C2.4 0 1.7 .9 1.7 2.6V14M0 4.3H4.7"),
        'g' => (
            9.9,
            "M7 6.5C6.3 5 5 4 3.6 4C1.5 4 0 6.2 0 9S1.5 14 3.6 14C5 14 6.3 13 7 11.5M7 4V14.5C7 16.8 5.7 18 3.6 18C2.2 18 1 17.5 .4 16.5",
        ),
        'h' => (9.5, "M0 0V14M0 7.5C.6 5.3 1.8 4 3.5 4C5.5 4 6.6 5.3 6.6 7.6V14"),
        'i' => (3.9, "M.5 4V14M.5 .2V.6"),
        'j' => (5.0, "M1.5 4V15C1.5 17 .8 18 -.8 18M1.5 .2V.6"),
        'k' => (9.0, "M0 0V14M6.2 4L0 10M2.4 7.8L6.6 14"),
        'l' => (3.9, "M.5 0V14"),
        'm' => (
            13.7,
            "M0 4V14M0 7.5C.5 5.3 1.6 4 3 4C4.6 4 5.4 5.2 5.4 7.4V14M5.4 7.5C5.9 5.3 7 4 8.4 4C10 4 10.8 5.2 10.8 7.4V14",
        ),
        'n' => (9.5, "M0 4V14M0 7.5C.6 5.3 1.8 4 3.5 4C5.5 4 6.6 5.3 6.6 7.6V14"),
        'o' => (10.0, "M3.6 4C1.5 4 0 6.1 0 9S1.5 14 3.6 14S7.2 11.9 7.2 9S5.7 4 3.6 4Z"),
        'p' => (9.8, "M0 4V18M0 6.5C.7 5 2 4 3.4 4C5.5 4 7 6.2 7 9S5.5 14 3.4 14C2 14 .7 13 0 11.5"),
        'q' => (9.9, "M7 4V18M7 6.5C6.3 5 5 4 3.6 4C1.5 4 0 6.2 0 9S1.5 14 3.6 14C5 14 6.3 13 7 11.5"),
        'r' => (6.4, "M0 4V14M0 8C.6 5.5 1.8 4.1 4 4.2"),
        's' => (
            8.9,
            "M5.8 5.8C5.2 4.6 4.3 4 3.1 4C1.5 4 .4 5 .4 6.4C.4 9.6 6.2 8.2 6.2 11.3C6.2 12.9 5 14 3.2 14C1.7 14 .6 13.2 0 11.9",
        ),
        't' => (7.4, "M1.7 1V11.4C1.7 13.1 2.4 14 3.8 14C4.2 14 4.7 13.9 5 13.7M0 4.3H4.8"),
        'u' => (9.5, "M0 4V10.4C0 12.7 1.1 14 3 14C4.7 14 6 12.7 6.6 10.5M6.6 4V14"),
        'v' => (9.4, "M0 4L3.4 14L6.8 4"),
        'w' => (12.9, "M0 4L2.6 14L5.2 5L7.8 14L10.4 4"),
        'x' => (9.0, "M.2 4L6.4 14M6.4 4L.2 14"),
        'y' => (9.4, "M0 4L3.4 14M6.8 4L3 16C2.5 17.4 1.7 18 .2 18"),
        'z' => (9.0, "M.2 4H6L0 14H6.4"),
        'A' => (12.2, "M0 14L4.8 0L9.6 14M1.7 9.3H7.9"),
        'D' => (11.8, "M0 0V14H3.4C6.8 14 9 11.2 9 7S6.8 0 3.4 0Z"),
        'F' => (9.4, "M7 0H0V14M0 6.6H6"),
        'J' => (8.6, "M5.6 0V10C5.6 12.7 4.6 14 2.8 14C1.3 14 .4 13 0 11.4"),
        'M' => (13.4, "M0 14V0L5.2 10L10.4 0V14"),
        'N' => (11.6, "M0 14V0L8.6 14V0"),
        'O' => (12.8, "M5 0C2 0 0 2.8 0 7S2 14 5 14S10 11.2 10 7S8 0 5 0Z"),
        'S' => (
            10.8,
            "M7.4 2.6C6.7 .9 5.5 0 3.9 0C1.9 0 .5 1.3 .5 3.4C.5 8 8 6 8 10.4C8 12.6 6.4 14 4.1 14C2.1 14 .7 12.9 0 11",
        ),
        _ => (8.8, "M0 4H6V14H0Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_of_a_chart_can_be_written() {
        let (_, absent) = glyph('\u{2603}');
        let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
        let words = "target close ma50 stop 20-day high low 1,234.56 0.0789 2 Nov…";
        for letter in months.chars().chain(words.chars()) {
            assert_ne!(glyph(letter).1, absent, "{letter}");
        }
    }

    #[test]
    fn a_text_ends_and_centres_where_it_is_told() {
        let first = |anchor| {
            let svg = draw("x", anchor, (100.0, 50.0), 14.0, "11");
            let place = svg.split("translate(").nth(1).and_then(|rest| rest.split(' ').next());
            place.and_then(|x| x.parse::<f64>().ok()).expect("a place")
        };
        let wide = width("11", 14.0);
        assert!((wide - (10.8 + 8.0)).abs() < 1e-9, "{wide}");
        for (anchor, expected) in
            [(Anchor::Start, 100.0), (Anchor::Middle, 100.0 - wide / 2.0), (Anchor::End, 100.0 - wide)]
        {
            assert!((first(anchor) - expected).abs() < 0.01, "{anchor:?}");
        }
    }

    #[test]
    fn what_the_alphabet_lacks_is_a_box_and_markup_is_no_markup() {
        let svg = draw("x", Anchor::Start, (0.0, 0.0), 14.0, "<\u{e9}");
        assert_eq!(svg.matches("M0 4H6V14H0Z").count(), 2);
        assert_eq!(svg.matches('<').count(), 2, "{svg}");
    }
}

//! Numbers, dates and foreign text as people read them: the one place that rounds.
//!
//! A value that is not finite prints as [`MISSING`], negative zero as zero. Nothing here
//! knows what a number means; the caller picks the form.

use chrono::Datelike;
use chrono::NaiveDate;

/// What stands where there is no value.
pub const MISSING: &str = "–";

/// The sign of negative numbers: U+2212, as wide as `+` and never broken from its digits.
const MINUS: char = '−';

/// Formats a price with the decimals it needs: two from 10 up, four significant digits below
/// 1, and between them up to four decimals without idle zeros.
pub fn price(value: f64) -> String {
    trimmed(value, price_decimals(value), 2)
}

/// Formats a price for a chart's labels, where room is short: no decimals from 10,000 up.
pub fn short_price(value: f64) -> String {
    if value.abs() >= 10_000.0 { fixed(value, 0) } else { price(value) }
}

/// Formats units of an asset: whole ones without decimals.
pub fn quantity(value: f64) -> String {
    let decimals = if value.abs() >= 1_000.0 { 2 } else { price_decimals(value).max(4) };
    trimmed(value, decimals, 0)
}

/// Formats a fraction of one as percent.
pub fn percent(fraction: f64, decimals: usize) -> String {
    if !fraction.is_finite() {
        return MISSING.to_owned();
    }
    format!("{}%", fixed(fraction * 100.0, decimals))
}

/// Formats a fraction of one as percent, with its sign.
pub fn signed_percent(fraction: f64, decimals: usize) -> String {
    with_sign(fraction, percent(fraction, decimals))
}

/// Formats an amount of money with its sign.
pub fn signed_money(value: f64) -> String {
    with_sign(value, fixed(value, 2))
}

/// Formats a number with so many decimals and thousands grouped.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let digits = format!("{:.*}", decimals, value.abs());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut text = String::with_capacity(digits.len() + 8);
    if value < 0.0 && digits.contains(|c: char| ('1'..='9').contains(&c)) {
        text.push(MINUS);
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Formats a session as `Fri 20 Nov 2026`.
pub fn day(date: NaiveDate) -> String {
    date.format("%a %-d %b %Y").to_string()
}

/// Formats a session as `20 Nov`.
pub fn short_day(date: NaiveDate) -> String {
    date.format("%-d %b").to_string()
}

/// Formats a session as `Nov 20`, the form of the mail's subject, or as `Nov 20, 2019` where it is told in another
/// year.
pub fn subject_day(date: NaiveDate, told: NaiveDate) -> String {
    let form = if date.year() == told.year() { "%b %-d" } else { "%b %-d, %Y" };
    date.format(form).to_string()
}

/// Formats a count with its noun: `1 session`, `3 sessions`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", fixed(number as f64, 0))
}

/// Draws a score of 0 to 10 as ten cells.
pub fn cells(score: f64) -> String {
    let full = if score.is_finite() { score.round().clamp(0.0, 10.0) as usize } else { 0 };
    format!("{}{}", "█".repeat(full), "░".repeat(10 - full))
}

/// Cuts a hash to the eight digits that a reader compares, without its `sha256:`.
pub fn short_hash(hash: &str) -> String {
    let digits = hash.rsplit(':').next().unwrap_or(hash);
    clean(digits).chars().take(8).collect()
}

/// Replaces control characters, which could break a line or colour a terminal, by spaces.
pub fn clean(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if is_unsafe(c) { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Controls, and the marks that reorder the text around them.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Begins a fragment with a capital letter and ends it without a stop.
pub fn sentence(fragment: &str) -> String {
    let fragment = fragment.trim_end_matches('.');
    let mut letters = fragment.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Escapes text for HTML and SVG, in content and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The decimals that keep two cents or four significant digits, whichever tells more.
fn price_decimals(value: f64) -> usize {
    match value.abs() {
        size if !size.is_finite() || size >= 10.0 || size == 0.0 => 2,
        size if size >= 1.0 => 4,
        size => (3.0 - size.log10().floor()).min(16.0) as usize,
    }
}

/// Formats with at most so many decimals, without idle zeros beyond the least number.
fn trimmed(value: f64, most: usize, least: usize) -> String {
    let text = fixed(value, most);
    let Some(point) = text.find('.') else { return text };
    let kept = text.trim_end_matches('0').len().max(point + 1 + least);
    text[..kept].trim_end_matches('.').to_owned()
}

fn with_sign(value: f64, text: String) -> String {
    let is_zero = !text.contains(|c: char| ('1'..='9').contains(&c));
    if value > 0.0 && !is_zero { format!("+{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_keep_the_decimals_that_matter() {
        let rows = [
            (187.2, "187.20"),
            (0.04599, "0.04599"),
            (64_123.5, "64,123.50"),
            (0.000_012_34, "0.00001234"),
            (1e9, "1,000,000,000.00"),
            (-1234.5, "−1,234.50"),
            (-0.0, "0.00"),
            (-0.000_000_000_000_000_000_01, "0.00"),
            (0.5, "0.50"),
            (2.3456, "2.3456"),
            (5.0, "5.00"),
            (0.99999, "1.00"),
            (9.999_99, "10.00"),
            (999.999, "1,000.00"),
            (f64::NAN, MISSING),
            (f64::INFINITY, MISSING),
        ];
        for (value, expected) in rows {
            assert_eq!(price(value), expected, "{value}");
        }
    }

    #[test]
    fn percents_are_of_fractions_and_zero_has_no_sign() {
        let rows = [
            (0.0042, "+0.42%"),
            (-0.031, "−3.10%"),
            (0.0, "0.00%"),
            (-0.000_01, "0.00%"),
            (0.000_01, "0.00%"),
            (12.5, "+1,250.00%"),
            (f64::NAN, MISSING),
        ];
        for (fraction, expected) in rows {
            assert_eq!(signed_percent(fraction, 2), expected, "{fraction}");
        }
        assert_eq!(percent(0.63, 0), "63%");
        assert_eq!(signed_money(-12.345), "−12.35");
    }

    #[test]
    fn whole_units_have_no_decimals() {
        for (units, expected) in [
            (33.0, "33"),
            (1500.0, "1,500"),
            (0.1534, "0.1534"),
            (12.5, "12.5"),
            (326_157.860_4, "326,157.86"),
            (0.0, "0"),
        ] {
            assert_eq!(quantity(units), expected, "{units}");
        }
    }

    #[test]
    fn cells_stay_ten_whatever_the_score() {
        for (score, full) in [(0.0, 0), (4.4, 4), (4.5, 5), (10.0, 10), (11.0, 10), (-1.0, 0), (f64::NAN, 0)]
        {
            assert_eq!(cells(score).chars().filter(|c| *c == '█').count(), full, "{score}");
            assert_eq!(cells(score).chars().count(), 10);
        }
    }

    #[test]
    fn text_from_outside_cannot_steer_a_terminal() {
        assert_eq!(clean("a\u{1b}[31m\r\nb\u{202e}c\td"), "a [31m b c d");
    }

    #[test]
    fn a_hash_is_cut_after_its_scheme() {
        assert_eq!(short_hash("sha256:0123456789abcdef"), "01234567");
        assert_eq!(short_hash("abc"), "abc");
    }
}

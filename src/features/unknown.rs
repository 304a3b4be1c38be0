//! What to say about a name that is no feature: why, and which one was probably meant.

use super::families;
use super::family::{Family, LARGEST_WINDOW};
use super::modifier::split_modifiers;
use crate::domain::closest;
use crate::features::Feature;

/// A name that is no feature.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{why}; {help}")]
pub struct UnknownFeature {
    /// The name as it was written.
    pub name: String,
    /// What is wrong with it, as a fragment.
    pub why: String,
    /// What to do next, as a fragment.
    pub help: String,
    /// The feature that was probably meant.
    pub suggestion: Option<String>,
}

pub(super) fn no_such_name(name: &str) -> UnknownFeature {
    let suggestion = suggest(name);
    let help = match &suggestion {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`ts features --list` shows them all".to_owned(),
    };
    UnknownFeature {
        name: name.to_owned(),
        why: format!("no feature is called `{}`", brief(name)),
        help,
        suggestion,
    }
}

pub(super) fn illegal_window(name: &str, family: &Family, smallest: usize) -> UnknownFeature {
    let why = format!("`{}`: N of `{}` is {smallest} to {LARGEST_WINDOW}", brief(name), family.pattern);
    let help = "choose an N of these".to_owned();
    UnknownFeature { name: name.to_owned(), why, help, suggestion: None }
}

pub(super) fn too_many_modifiers(name: &str, most: usize) -> UnknownFeature {
    let why = format!("`{}` has more than {most} modifiers", brief(name));
    UnknownFeature { name: name.to_owned(), why, help: "use fewer".to_owned(), suggestion: None }
}

/// Cuts a name that is too long for a message.
fn brief(name: &str) -> String {
    if name.chars().count() <= 60 {
        return name.to_owned();
    }
    name.chars().take(60).chain(['…']).collect()
}

/// The legal name nearest to `written`: its modifiers kept, its number filled into each pattern.
fn suggest(written: &str) -> Option<String> {
    let lower = with_digits(&brief(written).to_lowercase());
    if let Some(known) = HABITS.iter().find(|(theirs, _)| *theirs == plain(&lower)) {
        return Some(known.1.to_owned());
    }
    if let Some(base) = earlier(&lower) {
        let whole = format!("prev_{base}");
        return if Feature::parse(&whole).is_ok() { Some(whole) } else { suggest(&whole) };
    }
    let (_, base) = split_modifiers(&lower);
    let modifiers = &lower[..lower.len() - base.len()];
    let plain_base = plain(base);
    let number = first_number(base);
    // The catalogue begins with the names used most: the first of equals is meant.
    let candidates = families::catalogue().iter().map(|family| filled(family, number));
    let name = closest(&plain_base, candidates.map(|name| (plain(&name), name)))?;
    Some(format!("{modifiers}{name}"))
}

/// Names of other programs, without underscores, and what they are here.
const HABITS: [(&str, &str); 6] = [
    ("high52w", "highest_high_252d"),
    ("52whigh", "highest_high_252d"),
    ("low52w", "lowest_low_252d"),
    ("52wlow", "lowest_low_252d"),
    ("avgvolume", "adv20"),
    ("dollarvolume", "adv20"),
];

/// What stands beside a word for the bar before.
fn earlier(name: &str) -> Option<&str> {
    let before =
        ["previous_", "prior_", "yesterday_", "last_"].iter().find_map(|word| name.strip_prefix(word));
    let base = before
        .or_else(|| ["_prev", "_previous", "_yesterday"].iter().find_map(|word| name.strip_suffix(word)));
    base.filter(|base| !base.is_empty())
}

/// Reads a letter behind a digit as the digit that it looks like, as in `ma5O`.
fn with_digits(name: &str) -> String {
    let mut read = String::new();
    for c in name.chars() {
        let is_behind = read.ends_with(|before: char| before.is_ascii_digit());
        read.push(match c {
            'o' if is_behind => '0',
            'l' | 'i' if is_behind => '1',
            other => other,
        });
    }
    read
}

fn filled(family: &Family, number: Option<usize>) -> String {
    let Some(window) = family.window else { return family.pattern.to_owned() };
    match number {
        Some(n) if (window.smallest..=LARGEST_WINDOW).contains(&n) => family.name(n),
        _ => family.example(),
    }
}

/// Where the underscores stand is what people misremember first.
fn plain(name: &str) -> String {
    name.replace(['_', '-', '.'], "")
}

fn first_number(name: &str) -> Option<usize> {
    let start = name.find(|c: char| c.is_ascii_digit())?;
    let digits = &name[start..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::features::Feature;

    fn check(written: &str, meant: Option<&str>) {
        let suggestion = Feature::parse(written).err().and_then(|error| error.suggestion);
        assert_eq!(suggestion.as_deref(), meant, "{written}");
    }

    #[test]
    fn the_name_that_was_meant_is_suggested() {
        check("Close", Some("close"));
        check("clsoe", Some("close"));
        check("ma_50", Some("ma50"));
        check("MA50", Some("ma50"));
        check("ma5O", Some("ma50"));
        check("roc6l", Some("roc61"));
        check("previous_close", Some("prev_close"));
        check("close_prev", Some("prev_close"));
        check("previous_ma_50", Some("prev_ma50"));
        check("high_52w", Some("highest_high_252d"));
        check("ma050", Some("ma50"));
        check("sma50", Some("ma50"));
        check("ema_21", Some("ema21"));
        check("atr", Some("atr14"));
        check("rsi_14", Some("rsi14"));
        check("highest_close_20", Some("highest_close_20d"));
        check("highest_closed_20d", Some("highest_close_20d"));
        check("lowest_low55", Some("lowest_low_55d"));
        check("returns_5", Some("returns_5d"));
        check("return_1d", Some("returns_1d"));
        check("ma50slope", Some("ma50_slope"));
        check("volume_ratio_20", Some("volume_ratio20"));
        check("bollinger_upper", None);
        check("bb_uper20", Some("bb_upper20"));
        check("macdsignal", Some("macd_signal"));
        check("benchmark_ma_200", Some("benchmark_ma200"));
        check("Rank_ROC60", Some("rank_roc60"));
        check("xyzzy", None);
        check("", None);
    }

    #[test]
    fn messages_end_in_what_to_do() {
        let message = |name: &str| Feature::parse(name).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(message("ma_50"), Err("no feature is called `ma_50`; did you mean `ma50`?".to_owned()));
        assert_eq!(
            message("xyzzy"),
            Err("no feature is called `xyzzy`; `ts features --list` shows them all".to_owned())
        );
        assert_eq!(
            message("prev_rsi1"),
            Err("`prev_rsi1`: N of `rsi{N}` is 2 to 2000; choose an N of these".to_owned())
        );
    }
}

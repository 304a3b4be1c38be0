//! The words that a script may use besides features: functions, and fields of a position and of
//! a signal.
//!
//! A closed list, so that a misspelt name is found when the script is loaded and not on the day
//! on which its branch is first taken.

/// Functions with the number of their arguments; `x.f(y)` counts as `f(x, y)`.
///
/// None of them grows a value in place: Rhai checks the size of what a call returns, not of what
/// it changed.
pub(super) const FUNCTIONS: [(&str, usize); 28] = [
    ("abs", 1),
    ("min", 2),
    ("max", 2),
    ("clamp", 3),
    ("round", 1),
    ("floor", 1),
    ("ceil", 1),
    ("sqrt", 1),
    ("ln", 1),
    ("exp", 1),
    ("pow", 2),
    ("ratio", 2),
    ("to_string", 1),
    ("len", 1),
    ("is_empty", 1),
    ("contains", 2),
    ("starts_with", 2),
    ("ends_with", 2),
    ("index_of", 2),
    ("sub_string", 2),
    ("sub_string", 3),
    ("to_upper", 1),
    ("to_lower", 1),
    ("keys", 1),
    ("values", 1),
    ("range", 2),
    ("range", 3),
    ("type_of", 1),
];

/// What the host tells of a held position.
pub(super) const POSITION_FIELDS: [&str; 6] =
    ["entry_price", "stop_price", "entry_date", "bars_held", "highest_close", "quantity"];

/// What the host tells of the signal that is scored.
pub(super) const SIGNAL_FIELDS: [&str; 2] = ["trigger", "strategy"];

/// Returns the candidate that is most like `word`, where one is like it at all.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    crate::domain::closest(word, candidates.into_iter().map(|candidate| (candidate, candidate)))
}

/// Returns "did you mean `x`?", or else the list of all that would do.
pub(super) fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    // What was cut short: the first is the one that is used most.
    let is_begun = |own: &&str| own.strip_prefix(word).is_some_and(|rest| rest.starts_with('_'));
    if let Some(whole) = candidates.clone().into_iter().find(is_begun) {
        return format!("did you mean `{whole}`?");
    }
    if let Some(found) = closest(word, candidates.clone()) {
        return format!("did you mean `{found}`?");
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    if all.is_empty() {
        return "there is none of that name".to_owned();
    }
    format!("there are: {}", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        assert_eq!(suggest("stop_pirce", POSITION_FIELDS), "did you mean `stop_price`?");
        assert_eq!(suggest("entry", POSITION_FIELDS), "did you mean `entry_price`?");
        assert_eq!(suggest("zzz", SIGNAL_FIELDS), "there are: trigger, strategy");
        assert_eq!(closest("STOP", ["STOP_ATR_MULT"]), Some("STOP_ATR_MULT"));
        assert_eq!(closest("Close", ["open", "close"]), Some("close"));
        assert_eq!(closest("st", ["stop_atr_multiplier_of_the_day"]), None);
    }
}

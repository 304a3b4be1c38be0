//! Holds what columns answered against what the interpreter does.

use rhai::Dynamic;

use crate::scripts::answer::told;

/// Says what differs; `None` where both gave the same to the bit.
///
/// Columns leave every failure to the interpreter, so one that the interpreter has where columns
/// gave a value is a difference too.
pub(in crate::scripts) fn differs(columns: &Dynamic, interpreter: Result<&Dynamic, &str>) -> Option<String> {
    let other = match interpreter {
        Ok(value) if is_same(columns, value) => return None,
        Ok(value) => told(value),
        Err(error) => format!("the error {error:?}"),
    };
    Some(format!(
        "columns gave {}, the interpreter {other}; report this, and use `--engine interpreter` until it is mended",
        told(columns)
    ))
}

fn is_same(a: &Dynamic, b: &Dynamic) -> bool {
    match (a.as_float(), b.as_float()) {
        (Ok(a), Ok(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (Err(_), Err(_)) => a.type_name() == b.type_name() && a.to_string() == b.to_string(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_two_signs_and_numbers_of_two_kinds_differ() {
        let same = |a: Dynamic, b: Dynamic| differs(&a, Ok(&b)).is_none();
        assert!(same(1.5.into(), 1.5.into()) && same(f64::NAN.into(), (-f64::NAN).into()));
        assert!(!same(0.0.into(), (-0.0).into()) && !same(1_i64.into(), 1.0.into()));
        assert!(same("a".into(), "a".into()) && !same("a".into(), "b".into()));
        assert!(same(Dynamic::UNIT, Dynamic::UNIT) && !same(Dynamic::UNIT, false.into()));
    }

    #[test]
    fn both_answers_are_told() {
        let text = differs(&1.5.into(), Err("no number")).expect("a difference");
        assert!(
            text.starts_with("columns gave 1.5 (a number), the interpreter the error \"no number\";"),
            "{text}"
        );
    }
}

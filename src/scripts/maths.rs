//! The numeric functions of scripts, for whole and broken numbers in any mix.
//!
//! Each gives a finite number or an error: infinity and NaN compare in ways that nobody
//! expects, so they never get into a script through here.

use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalAltResult;

type Outcome = Result<Dynamic, Box<EvalAltResult>>;

/// A script's number, keeping whether it was whole.
#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Broken(f64),
}

impl Number {
    fn read(name: &str, value: &Dynamic) -> Result<Self, Box<EvalAltResult>> {
        if let Ok(whole) = value.as_int() {
            return Ok(Number::Whole(whole));
        }
        if let Ok(broken) = value.as_float() {
            if broken.is_finite() {
                return Ok(Number::Broken(broken));
            }
            return Err(format!(
                "`{name}` was given {broken}; use ratio(a, b), which is () on a zero divisor"
            )
            .into());
        }
        let given = if value.is_unit() { "a missing value, ()" } else { value.type_name() };
        Err(format!("`{name}` needs numbers and was given {given}; write `x ?? default` before it").into())
    }

    fn as_float(self) -> f64 {
        match self {
            Number::Whole(whole) => whole as f64,
            Number::Broken(broken) => broken,
        }
    }
}

/// Adds the functions to an engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("abs", abs);
    engine.register_fn("min", |a: Dynamic, b: Dynamic| -> Outcome {
        pick(Number::read("min", &a)?, Number::read("min", &b)?, i64::min, smaller)
    });
    engine.register_fn("max", |a: Dynamic, b: Dynamic| -> Outcome {
        pick(Number::read("max", &a)?, Number::read("max", &b)?, i64::max, larger)
    });
    engine.register_fn("clamp", clamp);
    for (name, round) in [
        ("round", f64::round as fn(f64) -> f64),
        ("floor", f64::floor as fn(f64) -> f64),
        ("ceil", f64::ceil as fn(f64) -> f64),
    ] {
        engine.register_fn(name, move |x: Dynamic| -> Outcome {
            match Number::read(name, &x)? {
                Number::Whole(whole) => Ok(Dynamic::from(whole)),
                Number::Broken(broken) => finite(name, round(broken)),
            }
        });
    }
    for (name, function) in [
        ("sqrt", f64::sqrt as fn(f64) -> f64),
        ("ln", f64::ln as fn(f64) -> f64),
        ("exp", f64::exp as fn(f64) -> f64),
    ] {
        engine.register_fn(name, move |x: Dynamic| -> Outcome {
            finite(name, function(Number::read(name, &x)?.as_float()))
        });
    }
    engine.register_fn("pow", |base: Dynamic, power: Dynamic| -> Outcome {
        let base = Number::read("pow", &base)?.as_float();
        finite("pow", base.powf(Number::read("pow", &power)?.as_float()))
    });
    engine.register_fn("ratio", ratio);
}

fn abs(x: Dynamic) -> Outcome {
    match Number::read("abs", &x)? {
        Number::Whole(whole) => {
            whole.checked_abs().map(Dynamic::from).ok_or_else(|| "`abs` overflowed".into())
        }
        Number::Broken(broken) => Ok(Dynamic::from(broken.abs())),
    }
}

/// The larger of two finite numbers, the first of two that are equal: `f64::max` leaves open which of
/// 0 and −0 it gives, and two engines must give the same.
#[inline(always)]
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// The smaller of two finite numbers, the first of two that are equal.
#[inline(always)]
pub(super) fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

fn pick(a: Number, b: Number, whole: fn(i64, i64) -> i64, broken: fn(f64, f64) -> f64) -> Outcome {
    Ok(match (a, b) {
        (Number::Whole(a), Number::Whole(b)) => Dynamic::from(whole(a, b)),
        (a, b) => Dynamic::from(broken(a.as_float(), b.as_float())),
    })
}

fn clamp(x: Dynamic, low: Dynamic, high: Dynamic) -> Outcome {
    let (x, low, high) =
        (Number::read("clamp", &x)?, Number::read("clamp", &low)?, Number::read("clamp", &high)?);
    let is_upside_down = match (low, high) {
        // As broken numbers two whole ones beyond 2^53 may be the same.
        (Number::Whole(low), Number::Whole(high)) => low > high,
        _ => low.as_float() > high.as_float(),
    };
    if is_upside_down {
        return Err(
            "`clamp` was given a low limit above the high one; the order is clamp(x, low, high)".into()
        );
    }
    if let (Number::Whole(x), Number::Whole(low), Number::Whole(high)) = (x, low, high) {
        return Ok(Dynamic::from(x.clamp(low, high)));
    }
    finite("clamp", smaller(larger(x.as_float(), low.as_float()), high.as_float()))
}

/// Gives a/b, or () where b is zero, either is missing, or the quotient is not finite.
fn ratio(a: Dynamic, b: Dynamic) -> Outcome {
    if a.is_unit() || b.is_unit() {
        return Ok(Dynamic::UNIT);
    }
    let quotient = Number::read("ratio", &a)?.as_float() / Number::read("ratio", &b)?.as_float();
    Ok(if quotient.is_finite() { Dynamic::from(quotient) } else { Dynamic::UNIT })
}

fn finite(name: &str, value: f64) -> Outcome {
    if value.is_finite() {
        return Ok(Dynamic::from(value));
    }
    Err(format!("`{name}` has no finite value here; check its arguments first").into())
}

#[cfg(test)]
mod tests {
    use rhai::Dynamic;

    use crate::scripts::engine::Names;
    use crate::scripts::engine::engine;

    fn check(expression: &str, expected: &str) {
        let outcome = engine(Names::Open).eval_expression::<Dynamic>(expression);
        let told = outcome.map_or_else(|_| "error".to_owned(), |value| value.to_string());
        assert_eq!(told, expected, "{expression}");
    }

    #[test]
    fn whole_numbers_stay_whole_and_mixes_do_not() {
        check("abs(-3)", "3");
        check("abs(-3.5)", "3.5");
        check("min(1, 2)", "1");
        check("min(1, 2.5)", "1.0");
        check("max(1.5, 2)", "2.0");
        check("clamp(12, 0, 10)", "10");
        check("clamp(12, 0.0, 10)", "10.0");
        check("clamp(-1.0, 0, 10)", "0.0");
        check("round(2.5)", "3.0");
        check("floor(2)", "2");
        check("ceil(2.1)", "3.0");
        check("sqrt(9)", "3.0");
        check("pow(2, 10)", "1024.0");
        check("exp(0)", "1.0");
        check("ln(1)", "0.0");
        check("ratio(1, 4)", "0.25");
    }

    #[test]
    fn a_ratio_without_a_value_is_missing() {
        for expression in
            ["ratio(1.0, 0.0)", "ratio(1, 0)", "ratio((), 1)", "ratio(1, ())", "ratio(1e300, 1e-300)"]
        {
            check(expression, "");
            check(&format!("{expression} == ()"), "true");
        }
    }

    #[test]
    fn infinity_and_nan_do_not_get_in() {
        for expression in [
            "sqrt(-1)",
            "ln(0)",
            "exp(1000)",
            "pow(0, -1)",
            "pow(-8, 0.5)",
            "clamp(0.0/0.0, 0, 0.0/0.0)",
            "clamp(1, 10, 0)",
            "abs(())",
            "max((), 1)",
            "min(\"a\", 1)",
            "abs(-9223372036854775807 - 1)",
        ] {
            check(expression, "error");
        }
    }
}

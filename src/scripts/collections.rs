//! What scripts may do with whole arrays and maps, at what it costs.
//!
//! Rhai counts the comparison of two long arrays as one operation, like that of two numbers. A
//! script could stay within its operations for minutes so; here each element counts.

use rhai::Array;
use rhai::Dynamic;
use rhai::Engine;
use rhai::Map;
use rhai::NativeCallContext;

use super::engine::charge;

/// Puts functions that count their elements in the place of the engine's own.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("to_string", |array: &mut Array| written(Dynamic::from_array(array.clone())))
        .register_fn("to_string", |map: &mut Map| written(Dynamic::from_map(map.clone())))
        .register_fn("==", |ctx: NativeCallContext, a: &mut Array, b: Array| are_equal(&ctx, a, &b))
        .register_fn("!=", |ctx: NativeCallContext, a: &mut Array, b: Array| !are_equal(&ctx, a, &b))
        .register_fn("==", |ctx: NativeCallContext, a: &mut Map, b: Map| are_equal_maps(&ctx, a, &b))
        .register_fn("!=", |ctx: NativeCallContext, a: &mut Map, b: Map| !are_equal_maps(&ctx, a, &b))
        .register_fn("contains", |ctx: NativeCallContext, array: &mut Array, value: Dynamic| {
            find(&ctx, array, &value).is_some()
        })
        .register_fn("index_of", |ctx: NativeCallContext, array: &mut Array, value: Dynamic| {
            find(&ctx, array, &value).map_or(-1, |place| place as i64)
        });
}

fn written(value: Dynamic) -> String {
    charge(size(&value));
    value.to_string()
}

/// How many values there are in a value, itself included.
fn size(value: &Dynamic) -> usize {
    if let Ok(array) = value.as_array_ref() {
        return 1 + array.iter().map(size).sum::<usize>();
    }
    if let Ok(map) = value.as_map_ref() {
        return 1 + map.values().map(size).sum::<usize>();
    }
    1
}

fn are_equal(ctx: &NativeCallContext, a: &Array, b: &Array) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(ctx, a, b))
}

fn are_equal_maps(ctx: &NativeCallContext, a: &Map, b: &Map) -> bool {
    a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_equal(ctx, a, b)))
}

fn find(ctx: &NativeCallContext, array: &Array, value: &Dynamic) -> Option<usize> {
    array.iter().position(|item| is_equal(ctx, item, value))
}

/// Compares as `==` does; values of kinds that cannot be compared are not equal.
fn is_equal(ctx: &NativeCallContext, a: &Dynamic, b: &Dynamic) -> bool {
    charge(1);
    ctx.call_native_fn::<bool>("==", (a.clone(), b.clone())).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::super::engine::Names;
    use super::super::engine::counted;
    use super::super::engine::engine;
    use super::*;

    /// Evaluates as plain Rhai and as the host does: both must agree.
    fn check(expression: &str, expected: &str) {
        for engine in [Engine::new(), engine(Names::Open)] {
            let told = engine.eval_expression::<Dynamic>(expression).map(|value| value.to_string());
            assert_eq!(told.ok().as_deref(), Some(expected), "{expression}");
        }
    }

    #[test]
    fn whole_values_compare_and_print_as_in_rhai() {
        check("[1, 2] == [1, 2]", "true");
        check("[1, 2] == [1, 2.0]", "true");
        check("[1, 2] == [1, 3]", "false");
        check("[1, 2] != [1]", "true");
        check("[1, \"a\"] == [1, 2]", "false");
        check("[[1], #{ a: () }] == [[1], #{ a: () }]", "true");
        check("[0.1 + 0.2] == [0.3]", "true");
        check("[] == []", "true");
        check("#{ a: 1, b: [2] } == #{ b: [2], a: 1 }", "true");
        check("#{ a: 1 } == #{ b: 1 }", "false");
        check("#{ a: 1 } != #{ a: 2 }", "true");
        check("2 in [1, 2]", "true");
        check("\"b\" in [\"a\", \"b\"]", "true");
        check("\"c\" in [\"a\", 1, ()]", "false");
        check("[1] in [[1], [2]]", "true");
        check("() in [1, ()]", "true");
        check("[1, 2, 3].contains(3.0)", "true");
        check("[1, 2, 3].index_of(3)", "2");
        check("[1, 2, 3].index_of(4)", "-1");
        check("[1, 2.5, \"a\", [()], #{ b: true }].to_string()", "[1, 2.5, \"a\", [()], #{\"b\": true}]");
        check("`${#{ a: [1] }}`", "#{\"a\": [1]}");
        check("\"\" + [1]", "[1]");
    }

    #[test]
    fn an_element_is_an_operation() {
        let engine = engine(Names::Open);
        let table = "let a = []; for i in 0..200 { a += [i]; } ";
        let (_, none) = counted(|| engine.eval::<Dynamic>(&format!("{table} a")));
        for what in ["a == a", "a != a", "-1 in a", "a.index_of(-1)", "a.to_string()", "`${a}`", "\"\" + a"] {
            let (value, all) = counted(|| engine.eval::<Dynamic>(&format!("{table} {what}")));
            assert!(value.is_ok(), "{what}: {value:?}");
            assert!((200..220).contains(&(all - none)), "{what}: {}", all - none);
        }
    }

    #[test]
    fn many_elements_are_too_many_operations() {
        let engine = engine(Names::Open);
        let text = "let a = []; for i in 0..200 { a += [i]; } for i in 0..1000 { a == a; } 1";
        let (value, used) = counted(|| engine.eval::<Dynamic>(text));
        assert!(matches!(*value.unwrap_err(), rhai::EvalAltResult::ErrorTerminated(..)));
        assert!(used < 25_000, "{used}");
    }
}

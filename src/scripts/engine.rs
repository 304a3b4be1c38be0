//! The Rhai engine as scripts get it: arithmetic, logic, text, arrays and maps, with a limit on
//! everything that can grow.
//!
//! Starts from an engine without any library, because what is not there need not be forbidden:
//! `sleep`, `timestamp`, `exit` and files exist in no package that is loaded here.

use std::cell::Cell;
use std::sync::LazyLock;

use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;
use rhai::Dynamic;
use rhai::Engine;
use rhai::OptimizationLevel;
use rhai::packages::ArithmeticPackage;
use rhai::packages::BasicArrayPackage;
use rhai::packages::BasicIteratorPackage;
use rhai::packages::BasicMapPackage;
use rhai::packages::BasicStringPackage;
use rhai::packages::LogicPackage;
use rhai::packages::MoreStringPackage;
use rhai::packages::Package;

use super::collections;
use super::maths;
use super::row;

/// Operations that one call may use; a loop that never ends stops here. A rule of the shipped
/// strategies uses 20; the costliest operation, copying an array of arrays, takes 10 µs.
pub(super) const MAX_OPERATIONS: u64 = 20_000;
/// Calls within calls.
pub(super) const MAX_CALL_LEVELS: usize = 8;
/// Expressions within expressions, the same in debug and release builds.
const MAX_EXPRESSION_DEPTH: usize = 64;
const MAX_VARIABLES: usize = 256;
const MAX_FUNCTIONS: usize = 64;
/// Values are copied whole when they are named anew, so that their size is a factor of all time.
const MAX_TEXT_LENGTH: usize = 4_096;
const MAX_ARRAY_LENGTH: usize = 256;
const MAX_MAP_LENGTH: usize = 64;
/// 64 calls of depth 30 overflow the usual 2 MiB and abort the process.
const STACK_BYTES: usize = 8 << 20;

/// Words that Rhai's parser would act upon by itself.
const FORBIDDEN: [&str; 9] =
    ["eval", "Fn", "call", "curry", "print", "debug", "is_shared", "is_def_fn", "is_def_var"];

thread_local! {
    /// Operations of the call that runs on this thread, written by the engine as it goes.
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
    /// What the engine counted as one operation of that call and is more.
    static CHARGED: Cell<u64> = const { Cell::new(0) };
}

/// Returns the threads on which scripts are compiled and run.
pub fn pool() -> &'static ThreadPool {
    static POOL: LazyLock<ThreadPool> = LazyLock::new(|| {
        ThreadPoolBuilder::new()
            .stack_size(STACK_BYTES)
            .thread_name(|number| format!("scripts-{number}"))
            .build()
            .expect("a machine that cannot start a thread can run no script")
    });
    &POOL
}

/// Whether names that are nowhere defined are refused by the parser.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Constants are not known yet, so functions name what is defined nowhere.
    Open,
    /// Every variable must be a constant, a parameter or a local.
    Strict,
}

/// Makes an engine that parses without optimising, and knows no feature.
pub(super) fn engine(names: Names) -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    maths::register(&mut engine);
    collections::register(&mut engine);
    row::register(&mut engine);

    engine
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(MAX_CALL_LEVELS)
        .set_max_expr_depths(MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_DEPTH)
        .set_max_variables(MAX_VARIABLES)
        .set_max_functions(MAX_FUNCTIONS)
        .set_max_string_size(MAX_TEXT_LENGTH)
        .set_max_array_size(MAX_ARRAY_LENGTH)
        .set_max_map_size(MAX_MAP_LENGTH)
        .set_optimization_level(OptimizationLevel::None)
        .set_allow_anonymous_fn(false)
        .set_fail_on_invalid_map_property(true)
        .set_strict_variables(names == Names::Strict);
    for word in FORBIDDEN {
        engine.disable_symbol(word);
    }
    // The engine tells a callback, never its caller, how far it got: about 3 ns an operation.
    engine.on_progress(|operations| {
        if operations <= 1 {
            CHARGED.set(0);
        }
        let all = operations + CHARGED.get();
        OPERATIONS.set(all);
        (all > MAX_OPERATIONS).then_some(Dynamic::UNIT)
    });
    engine
}

/// Adds what a function of the host does beyond the one operation that the engine counts. A call
/// that thereby has too many ends with the next.
pub(super) fn charge(operations: usize) {
    CHARGED.set(CHARGED.get().saturating_add(operations as u64));
    OPERATIONS.set(OPERATIONS.get().saturating_add(operations as u64));
}

/// Runs one call and returns what it gave and the operations that it used.
pub(super) fn counted<T>(call: impl FnOnce() -> T) -> (T, u64) {
    OPERATIONS.set(0);
    CHARGED.set(0);
    let outcome = call();
    (outcome, OPERATIONS.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evaluates as plain Rhai and as the host does: the table holds in both.
    fn check(expression: &str, expected: &str) {
        let host = engine(Names::Open);
        for engine in [&Engine::new(), &host] {
            let outcome = engine.eval_expression::<Dynamic>(expression);
            let told = outcome.map_or_else(|_| "error".to_owned(), |value| value.to_string());
            assert_eq!(told, expected, "{expression}");
        }
    }

    /// SCRIPTS.md rests on these; a release that changes one changes trading rules.
    #[test]
    fn comparisons_are_as_measured() {
        check("0.1 + 0.2 == 0.3", "true");
        check("1.0/0.0 > 1.0", "false");
        check("0.0/0.0 == 0.0", "true");
        check("1e-17 > 0.0", "false");
        check("() > 1.0", "false");
        check("() != 1.0", "true");
        check("!(() < 1.0)", "true");
        check("1 < 2 < 3", "false");
        check("1/2 == 0", "true");
        check("1/0", "error");
        check("1.0/0.0 == 1.0/0.0", "false");
        check("1.0/0.0", "inf");
    }

    /// Values of different kinds compare without an error, except by size against nothing.
    #[test]
    fn different_kinds_are_unequal_and_in_no_order() {
        for text in ["\"10\"", "true", "()", "[10]", "#{ a: 10 }"] {
            check(&format!("10 == {text}"), "false");
            check(&format!("10 != {text}"), "true");
            for operator in ["<", "<=", ">", ">="] {
                check(&format!("10 {operator} {text}"), "false");
                check(&format!("{text} {operator} 10.0"), "false");
            }
        }
        check("() == ()", "true");
        check("() == 0", "false");
        check("() == false", "false");
        check("1 == 1.0", "true");
        check("2 > 1.5", "true");
        check("\"a\" < \"b\"", "true");
        check("\"10\" < \"9\"", "true");
        check("'a' == \"a\"", "true");
        check("0.0/0.0 != 0.0/0.0", "false");
        check("-1.0/0.0 < 0.0", "false");
        check("1.0 + 1e-16 > 1.0", "false");
        check("100.0 + 1e-12 == 100.0", "false");
        check("7 / 2", "3");
        check("-7 / 2", "-3");
        check("7 / 2.0", "3.5");
        check("7 % 2.5", "2.0");
    }

    /// What a number cannot hold is an error, never another number.
    #[test]
    fn whole_numbers_do_not_wrap() {
        for expression in [
            "9223372036854775807 + 1",
            "-9223372036854775807 - 2",
            "4294967296 * 4294967296",
            "-(-9223372036854775807 - 1)",
            "(-9223372036854775807 - 1) / -1",
            "(-9223372036854775807 - 1) % -1",
            "2 ** 64",
            "2 ** -1",
            "1 / 0",
            "1 % 0",
        ] {
            check(expression, "error");
        }
    }

    /// Rhai's feature `unchecked` changes the comparisons and removes every limit. Cargo would
    /// switch it on for everyone if one dependency asked for it.
    #[test]
    fn rhai_is_checked() {
        check("1e-17 > 0.0", "false");
        check("9223372036854775807 + 1", "error");
        let outcome = engine(Names::Open).eval::<Dynamic>("loop { }");
        assert!(matches!(*outcome.unwrap_err(), rhai::EvalAltResult::ErrorTooManyOperations(_)));
    }

    /// Rhai's own defaults are no limit at all for sizes, and differ between debug and release.
    #[test]
    fn every_limit_is_set() {
        let engine = engine(Names::Strict);
        assert_eq!(engine.max_operations(), MAX_OPERATIONS);
        assert_eq!(engine.max_call_levels(), 8);
        assert_eq!((engine.max_expr_depth(), engine.max_function_expr_depth()), (64, 64));
        assert_eq!((engine.max_variables(), engine.max_functions()), (256, 64));
        assert_eq!(engine.max_string_size(), 4_096);
        assert_eq!((engine.max_array_size(), engine.max_map_size()), (256, 64));
        assert!(engine.strict_variables() && engine.fail_on_invalid_map_property());
        assert!(!engine.allow_anonymous_fn());
        assert_eq!(engine.optimization_level(), OptimizationLevel::None);
    }

    #[test]
    fn a_call_tells_its_operations() {
        let engine = engine(Names::Open);
        let (_, few) = counted(|| engine.eval::<i64>("1 + 1"));
        let (_, many) = counted(|| engine.eval::<i64>("let n = 0; for i in 0..500 { n += i; } n"));
        assert!(few > 0 && few < 20, "{few}");
        assert!(many > 500 && many < 5_000, "{many}");
        let (_, endless) = counted(|| engine.eval::<i64>("loop { }"));
        assert!(endless >= MAX_OPERATIONS - 1, "{endless}");
    }

    #[test]
    fn what_sees_the_world_is_absent() {
        for text in [
            "sleep(3)",
            "timestamp()",
            "exit()",
            "eval(\"1\")",
            "print(1)",
            "debug(1)",
            "Fn(\"f\")",
            "call(1)",
            "import \"x\" as y;",
            "|x| x + 1",
            "rand()",
            "open_file(\"x\")",
            "parse_json(\"1\")",
        ] {
            assert!(engine(Names::Open).eval::<Dynamic>(text).is_err(), "{text}");
        }
    }
}

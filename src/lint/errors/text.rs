//! The pages on what is wrong with the text of a script: its language, names and calls.

use super::error;
use super::script;
use super::words;
use crate::lint::code::Code;

/// Sorted by name.
pub(super) static CODES: &[Code] = &[
    error(
        "caught_error",
        "A script catches an error with `try`.",
        "An error that is caught looks like no signal. The host stops the strategy for the day and says why; test for \
         the case beforehand.",
        script(
            "fn eligible(row) { try { row.close > row.ma50 } catch { false } }",
            "fn eligible(row) { row.close > row.ma50 }",
        ),
    ),
    error(
        "constant_in_place",
        "A list or map constant is taken apart where it stands.",
        "The host folds constants in before it runs the script, and can do so only where they stand alone. Give the \
         constant a name in the function first.",
        script(
            "const LEVELS = [1.0, 2.0];\nfn eligible(row) { row.close > LEVELS[0] }",
            "const LEVELS = [1.0, 2.0];\nfn eligible(row) { let levels = LEVELS; row.close > levels[0] }",
        ),
    ),
    error(
        "duplicate_constant",
        "A constant is defined twice.",
        "Which of the two values is meant cannot be told.",
        script(
            "const MIN_PRICE = 5.0;\nconst MIN_PRICE = 10.0;\nfn eligible(row) { row.close > MIN_PRICE }",
            "const MIN_PRICE = 5.0;\nfn eligible(row) { row.close > MIN_PRICE }",
        ),
    ),
    error(
        "duplicate_function",
        "A function is defined twice.",
        "Which of the two rules is meant cannot be told.",
        script(
            "fn is_up(row) { row.close > row.ma50 }\nfn is_up(row) { row.close > row.ma20 }\n\
             fn eligible(row) { is_up(row) }",
            "fn is_up(row) { row.close > row.ma50 }\nfn eligible(row) { is_up(row) }",
        ),
    ),
    error(
        "nested_too_deep",
        "Blocks or expressions lie too deep within each other.",
        "The time to prepare a script doubles with each level. Move the inner part into a function, or name parts of a \
         long expression with `let`.",
        script(
            "fn eligible(row) { if true { if true { if true { if true { if true { if true { if true { if true { if true \
             { return row.close > row.ma50; } } } } } } } } } false }",
            "fn eligible(row) { row.close > row.ma50 }",
        ),
    ),
    error(
        "reserved_name",
        "A name is taken: by the language, or by a function of the host.",
        "Rhai keeps words such as `default`, `match` or `is` for itself. A function called `max` would take the place \
         of the host's, in every rule of the script.",
        script(
            "fn max(a, b) { a }\nfn eligible(row) { max(row.close, 5.0) > 1.0 }",
            "fn first(a, _b) { a }\nfn eligible(row) { first(row.close, 5.0) > 1.0 }",
        ),
    ),
    error(
        "row_used_whole",
        "A row, position or signal is used as a value.",
        "The host finds the features of a script by reading it: a row may be read by field, or handed to a function of \
         the same script, and nothing else.",
        script("fn eligible(row) { let rows = [row]; true }", "fn eligible(row) { row.close > row.ma50 }"),
    ),
    error(
        "shadowed_constant",
        "A variable or parameter has the name of a constant.",
        "Which of the two a line means could not be told, by the host either.",
        script(
            "const LEVEL = 1.0;\nfn eligible(row) { let LEVEL = 2.0; row.close > LEVEL }",
            "const LEVEL = 1.0;\nfn eligible(row) { let double = LEVEL * 2.0; row.close > double }",
        ),
    ),
    error(
        "syntax",
        "The text is no script: a sign or word stands where it cannot.",
        "Nothing of the script runs; the last good version stays in force while the program does.",
        script(
            "const MIN_VOLUME = 5,000;\nfn eligible(row) { row.volume > MIN_VOLUME }",
            "const MIN_VOLUME = 5_000;\nfn eligible(row) { row.volume > MIN_VOLUME }",
        ),
    ),
    error(
        "this",
        "`this` is used outside of a method.",
        "Functions of scripts get all that they need as parameters.",
        script("fn eligible(row) { this.close > row.ma50 }", "fn eligible(row) { row.close > row.ma50 }"),
    ),
    error(
        "top_level_statement",
        "Something other than a constant or a function stands outside of functions.",
        "The top of a script is worked out once, when it is loaded; it sees no row.",
        script("let x = 1;", "const _X = 1;"),
    ),
    error(
        "unknown_feature",
        "A feature is read that does not exist.",
        "`ts features --list` shows every family; any window may be written into the name, as in `ma37`. A misspelt name \
         would be missing on every row.",
        script("fn eligible(row) { row.clsoe > row.ma_50 }", "fn eligible(row) { row.close > row.ma50 }"),
    ),
    error(
        "unknown_field",
        "A position or signal has no such field.",
        "A position has `entry_price, stop_price, entry_date, bars_held, highest_close, quantity`, a signal `trigger` and \
         `strategy`.",
        script(
            "fn exit(row, position) { if row.close <= position.stop { return \"hard_stop\"; } }",
            "fn exit(row, position) { if row.close <= position.stop_price { return \"hard_stop\"; } }",
        ),
    ),
    error(
        "unknown_function",
        "A function is called that does not exist.",
        "Besides its own, a script has `abs min max clamp round floor ceil sqrt ln exp pow ratio` and a few for text. \
         Nothing reaches a clock, a file, the network or another script.",
        script(
            "fn eligible(row) { maxx(row.close, 5.0) > 9.0 }",
            "fn eligible(row) { max(row.close, 5.0) > 9.0 }",
        ),
    ),
    error(
        "unknown_name",
        "A name is neither a variable in sight nor a constant.",
        "A constant is defined at the top and above those that use it; a variable by `let`, in the function that reads it.",
        script(
            "const MIN_PRICE = 5.0;\nfn eligible(row) { row.close > MIN_PRCIE || row.close > MIN_PRICE }",
            "const MIN_PRICE = 5.0;\nfn eligible(row) { row.close > MIN_PRICE }",
        ),
    ),
    error(
        "unplaced_statement",
        "A statement belongs to no function.",
        "The host could not tell which function a line belongs to.",
        words(
            "a statement outside of all braces",
            "each statement on its own line, inside the braces of a function",
        ),
    ),
    error(
        "unsupported",
        "A form of the language is used that scripts do not have.",
        "The host must be able to follow every way through a script, to explain a verdict and to find what it reads.",
        words(
            "a form that a later version of the language adds",
            "`if`, `switch`, `let`, `for` and functions",
        ),
    ),
    error(
        "write_to_constant",
        "A constant is given a new value.",
        "Constants are what `ts.toml` overrides and reports record; they hold for the whole run.",
        script(
            "const LEVEL = 1.0;\nfn eligible(row) { LEVEL = 2.0; row.close > LEVEL }",
            "const LEVEL = 1.0;\nfn eligible(row) { let level = LEVEL + 1.0; row.close > level }",
        ),
    ),
    error(
        "write_to_row",
        "A field of the row, or the row itself, is given a new value.",
        "A row is what the market was. Put the new value into a variable.",
        script(
            "fn eligible(row) { row.close = 5.0; row.close > row.ma50 }",
            "fn eligible(row) { let close = max(row.close, 5.0); close > row.ma50 }",
        ),
    ),
    error(
        "wrong_arity",
        "A function is given too many arguments, or too few.",
        "Rhai would find out on the first row that comes there.",
        script(
            "fn eligible(row) { max(row.close) > 5.0 }",
            "fn eligible(row) { max(row.close, row.ma50) > 5.0 }",
        ),
    ),
];

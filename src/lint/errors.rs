//! The pages on what the host itself refuses: errors that no rule file finds.

use super::code::Code;
use super::code::Example;
use super::finding::Severity;

const fn error(name: &'static str, what: &'static str, why: &'static str, example: Example) -> Code {
    Code { name, severity: Severity::Error, what, why, example }
}

const fn script(bad: &'static str, good: &'static str) -> Example {
    Example::Script { bad, good }
}

const fn words(bad: &'static str, good: &'static str) -> Example {
    Example::Words { bad, good }
}

/// Every code that is not found by a rule.
pub(super) static CODES: &[Code] = &[
    Code {
        name: "allow_without_reason",
        severity: Severity::Warning,
        what: "A comment silences a finding without a reason.",
        why: "Whoever reads the script in a year must know why the warning is wrong here; nothing is silenced \
              until the reason stands behind the colon.",
        example: script(
            "// allow(unused_constant)\nconst SPARE = 1.0;",
            "// allow(unused_constant): set by hand for experiments\nconst SPARE = 1.0;",
        ),
    },
    Code {
        name: "unused_allow",
        severity: Severity::Warning,
        what: "A comment silences a finding that is not there.",
        why: "It hides the next finding of that kind on that line, which may be a real one: the script was mended \
              and the comment left behind, it stands on the wrong line, or its code is misspelt. An error cannot \
              be silenced.",
        example: script(
            "// allow(integer_division): a whole number of weeks\nfn eligible(row) { row.close > row.ma50 }",
            "fn eligible(row) { row.close > row.ma50 }",
        ),
    },
    error(
        "bad_constant",
        "A constant has no value, or not the kind of value that the host needs.",
        "`STOP_ATR_MULT`, `REWARD_RISK` and `MAX_ADV_FRACTION` place the stop, the target and the largest order: each \
         must be a finite number above 0.",
        script("const REWARD_RISK = -1.0;", "const REWARD_RISK = 2.0;"),
    ),
    error(
        "bad_meta",
        "`META` does not say what the strategy is.",
        "`META.asset_class` is `equity` or `crypto`: it decides which bars the rules see. `version` is a whole number, \
         `scorer` the name of a file of `scorers/`.",
        script(
            "const META = #{ asset_class: \"stocks\", version: 1 };",
            "const META = #{ asset_class: \"equity\", version: 1 };",
        ),
    ),
    error(
        "bad_name",
        "A file's name cannot be the name of a script.",
        "Settings, reports and file names of charts call a script by its file: lower-case letters, digits and `_`, at \
         most 40 of them.",
        Example::Files { bad: &["strategies/My Strategy.rhai"], good: &["strategies/my_strategy.rhai"] },
    ),
    error(
        "bad_override",
        "The settings give a number to a constant that is none.",
        "Only numbers are overridden; text and lists stand in the script.",
        Example::Settings { bad: "[strategies.probe]\nTABLE = 3.0", good: "[strategies.probe]\nLEVEL = 3.0" },
    ),
    error(
        "bad_weights",
        "`WEIGHTS` is not a map of names and weights.",
        "Each key names the function that gives a component, each value is a number of 0 or more.",
        script(
            "const WEIGHTS = #{ trend: \"1\" };\nfn trend(row, signal) { 5.0 }",
            "const WEIGHTS = #{ trend: 1.0 };\nfn trend(row, signal) { 5.0 }",
        ),
    ),
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
        "duplicate_name",
        "Two scripts have the same name.",
        "Settings, positions and reports call a script by its name, strategies and scorers alike.",
        Example::Files {
            bad: &["strategies/trend.rhai", "scorers/trend.rhai"],
            good: &["strategies/trend.rhai", "scorers/trend_strength.rhai"],
        },
    ),
    error(
        "fails_on_row",
        "A function fails on a row that the market may bring.",
        "Each function is run on rows that were computed from made-up bars: a calm market, one that rises or falls \
         every day, a tenfold price, a price that never moved, and rows that lack what may be missing. A script that \
         fails on one row makes no entries that day, for any symbol.",
        script(
            "fn eligible(row) { sqrt(row.roc60) > 0.3 }",
            "fn eligible(row) { sqrt(max(row.roc60, 0.0)) > 0.3 }",
        ),
    ),
    error(
        "missing_constant",
        "A constant that every strategy must define is not there.",
        "Without `STOP_ATR_MULT` there is no stop, and without a stop no size for the position.",
        words("a strategy without `const STOP_ATR_MULT`", "const STOP_ATR_MULT = 2.5;"),
    ),
    error(
        "missing_function",
        "A function that the host calls is not there.",
        "A strategy has `eligible(row)`, `entry(row)` and `exit(row, position)`; a scorer has one `(row, signal)` for \
         each key of `WEIGHTS`. A misspelt name is never called.",
        script(
            "fn entyr(row) { }\nfn eligible(row) { row.close > row.ma50 }\n// fn entry",
            "fn entry(row) { }",
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
        "no_script",
        "There is no script where they were looked for.",
        "A check that looks at nothing would pass for ever. Name the files or folders, or run the command beside \
         `strategies/`.",
        words("ts validate-scripts some/empty/folder", "ts validate-scripts strategies"),
    ),
    Code {
        name: "not_read",
        severity: Severity::Warning,
        what: "A file or folder looks like a script and is not read.",
        why: "Only files right in `strategies/` and `scorers/` whose names end in `.rhai` are scripts. What lies in a \
              folder below, or has another ending behind `.rhai`, never trades.",
        example: words("strategies/old/mine.rhai, strategies/mine.rhai.txt", "strategies/mine.rhai"),
    },
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
    Code {
        name: "same_script",
        severity: Severity::Warning,
        what: "Two strategies have the same text, or one is a link to the other.",
        why: "Each is a strategy of its own, so that every signal comes twice and is bought twice.",
        example: words(
            "strategies/mine.rhai and strategies/mine_copy.rhai, word for word the same",
            "one of them, or two that say different things",
        ),
    },
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
        "too_long",
        "The file, or the number of its functions, is over the limit.",
        "Scripts are read by people: 32 KiB and 64 functions are ten times the longest that is shipped.",
        words("a script of 40 KiB", "two scripts of 20 KiB"),
    ),
    error(
        "too_many_features",
        "The script reads more than 64 features.",
        "Each is a column that is computed for every symbol. Split the script into several strategies or scorers.",
        words("a script that reads ma2 to ma70", "one that reads the means that its rules need"),
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
        "unknown_key",
        "`META` has a key that the host does not read.",
        "A misspelt `scorer` leaves the strategy with the default one.",
        script(
            "const META = #{ asset_class: \"equity\", scorrer: \"technical\" };",
            "const META = #{ asset_class: \"equity\", scorer: \"technical\" };",
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
        "unknown_override",
        "The settings give a value to a constant that the script does not define.",
        "Nothing would change, and you would believe that it had.",
        Example::Settings { bad: "[strategies.probe]\nLEVLE = 3.0", good: "[strategies.probe]\nLEVEL = 3.0" },
    ),
    error(
        "unknown_scorer",
        "The scorer of a strategy is not there.",
        "Without a score nothing can be ranked, so the strategy only sells.",
        script(
            "const META = #{ asset_class: \"equity\", scorer: \"technicla\" };",
            "const META = #{ asset_class: \"equity\", scorer: \"technical\" };",
        ),
    ),
    error(
        "unknown_strategy",
        "The settings name a strategy that does not exist.",
        "The table changes nothing: the strategy was renamed or removed, or its name is misspelt.",
        Example::Settings { bad: "[strategies.prbe]\nLEVEL = 3.0", good: "[strategies.probe]\nLEVEL = 3.0" },
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
        "unreadable",
        "A file or folder cannot be read as scripts.",
        "It is not there, not a regular file, not UTF-8, larger than 1 MiB, or one of more than 1,000; or its permissions \
         forbid it. The message says which.",
        words("strategies, as a file", "strategies/, as a folder of `.rhai` files"),
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
    error(
        "wrong_parameters",
        "A function that the host calls has other parameters than the host gives.",
        "`eligible(row)`, `entry(row)`, `stop(row, position)`, `exit(row, position)`; each component of a scorer `(row, \
         signal)`.",
        script("fn exit(row) { }", "fn exit(row, position) { }"),
    ),
];

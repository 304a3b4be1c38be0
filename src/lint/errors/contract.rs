//! The pages on what the host asks of a script: its constants, functions, files and settings, and that it
//! runs on every row.

use super::error;
use super::script;
use super::words;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;

/// Sorted by name, but for the two on allowances, which stand first.
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
              and the comment left behind, it stands on the wrong line, or its code is misspelt. `ALLOW(code)`, \
              `allow code` and `/* allow(code) */` are not understood. An error cannot be silenced.",
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
            "fn entry(row) { if row.close > row.highest_close_20d { \"breakout_20d\" } }",
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
        "unknown_key",
        "`META` has a key that the host does not read.",
        "A misspelt `scorer` leaves the strategy with the default one.",
        script(
            "const META = #{ asset_class: \"equity\", scorrer: \"technical\" };",
            "const META = #{ asset_class: \"equity\", scorer: \"technical\" };",
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
        "unreadable",
        "A file or folder cannot be read as scripts.",
        "It is not there, not a regular file, not UTF-8, larger than 1 MiB, or one of more than 1,000; or its permissions \
         forbid it. The message says which.",
        words("strategies, as a file", "strategies/, as a folder of `.rhai` files"),
    ),
    error(
        "wrong_parameters",
        "A function that the host calls has other parameters than the host gives.",
        "`eligible(row)`, `entry(row)`, `stop(row, position)`, `exit(row, position)`; each component of a scorer `(row, \
         signal)`.",
        script("fn exit(row) { }", "fn exit(row, position) { }"),
    ),
];

//! A function that gives what the host does not take.

use rhai::Expr;

use super::Hit;
use super::Rule;
use crate::lint::code::Code;
use crate::lint::code::Example;
use crate::lint::finding::Severity;
use crate::lint::script::Asked;
use crate::lint::script::Script;
use crate::lint::types::Types;
use crate::lint::walk::Event;
use crate::lint::walk::walk;

/// As the host reads it: it stands in tables, file names and JSON.
const MAX_WORD_LENGTH: usize = 40;

pub(super) const RULE: Rule = Rule {
    code: Code {
        name: "wrong_result",
        severity: Severity::Error,
        what: "An entry point or a component of a score gives a value that the host does not take.",
        why: "`entry` and `exit` give `()` or a short word (small letters, digits and `_`), `stop` gives `()` or a \
              price, a component gives a number. Anything else is an error on the first row that comes there: \
              an entry rule that gives `true` works in no test and fails on the day that it is needed, and then \
              the strategy makes no entries at all.",
        example: Example::Script {
            bad: "fn entry(row) { row.close > row.highest_close_20d }",
            good: "fn entry(row) { if row.close > row.highest_close_20d { return \"breakout_20d\"; } }",
        },
    },
    check,
};

fn check<'a>(script: &'a Script<'a>, hits: &mut Vec<Hit>) {
    walk(script, |body, event, _| {
        let Some(asked) = script.asked(&body.name, body.params.len()) else { return };
        let Event::Result { types, value, place } = event else { return };
        // What is no condition has its own code.
        if asked == Asked::Predicate {
            return;
        }
        let span = value.and_then(|value: &Expr| script.text.expression(value));
        let span = span.or_else(|| script.text.span_of(place));
        if types.is_known() && !types.is(asked.takes()) {
            let (name, wrong) = (&body.name, types.without(asked.takes()).told());
            let message = format!("`{name}` gives {wrong}");
            hits.push(Hit { span, message, help: wanted(asked).to_owned() });
        }
        if let (Some(Expr::StringConstant(word, _)), true) = (value, asked.takes().may_be(Types::TEXT))
            && !is_word(word)
        {
            let message = format!("{word:?} is no name of a signal or reason");
            let help = format!("use small letters, digits and `_`, at most {MAX_WORD_LENGTH} of them");
            hits.push(Hit { span, message, help });
        }
    });
}

fn wanted(asked: Asked) -> &'static str {
    match asked {
        Asked::Trigger => "give () for no signal, or a word: `if … { return \"breakout_20d\"; }`",
        Asked::Reason => "give () to hold, or a word: `if … { return \"hard_stop\"; }`",
        Asked::Stop => "give () to keep the stop, or a price",
        Asked::Predicate | Asked::Component => {
            "give a number on every way through, 0 to 10; `x ?? 0.0` for what may be missing"
        }
    }
}

fn is_word(word: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !word.is_empty() && word.len() <= MAX_WORD_LENGTH && word.chars().all(legal)
}

//! Says in a trader's words what the parser stumbled over.
//!
//! Rhai names the token that it wanted next, which is rarely the mistake: at `5,000` it asks for
//! a semicolon. What stands at that place in the text tells what was meant. Nothing here decides
//! whether a text is legal.

use rhai::LexError;
use rhai::ParseError;
use rhai::ParseErrorType;
use rhai::Position;

use super::slip::Place;
use crate::domain::format;

/// What to tell about a text that does not parse.
pub(super) struct Told {
    pub code: &'static str,
    pub position: Position,
    pub message: String,
    pub help: String,
}

/// Explains a parser's error.
pub(super) fn told(error: &ParseError, text: &str) -> Told {
    if let Some(position) = open_comment(text) {
        return not_closed(position);
    }
    let mut told = general(&error.0, error.1);
    let place = Place::of(text, error.1);
    if let Some((message, help)) = place.foreign().or_else(|| place.slip(&error.0)) {
        told.message = message;
        told.help = help;
        if let Some(start) = place.start() {
            told.position = start;
        }
    }
    told
}

/// What to tell about a comment that nothing closes.
pub(super) fn not_closed(position: Position) -> Told {
    Told {
        code: "syntax",
        position,
        message: "the comment that begins here is not closed".to_owned(),
        help: "end it with `*/`, or write `//` before each line".to_owned(),
    }
}

/// Where a `/*` stands that nothing closes. Only asked about a text that does not parse, or lacks something: strings and
/// line comments are passed over, templates are not told apart from them.
pub(super) fn open_comment(text: &str) -> Option<Position> {
    let (mut open, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let length = match () {
            () if rest.starts_with("/*") => {
                open.push(text.len() - rest.len());
                2
            }
            () if !open.is_empty() && rest.starts_with("*/") => {
                open.pop();
                2
            }
            () if !open.is_empty() => first.len_utf8(),
            () if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            () if rest.starts_with("'\"'") => 3,
            () if matches!(first, '"' | '`') => quoted(rest, first),
            () => first.len_utf8(),
        };
        rest = &rest[length..];
    }
    let before = &text[..*open.first()?];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(Position::new(u16::try_from(line).ok()?, u16::try_from(column).ok()?))
}

/// The length of a text that begins with its mark; one that is not closed ends with its line.
fn quoted(rest: &str, mark: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if c == mark && !is_escaped => return at + 1,
            '\n' if mark == '"' => return at,
            _ => is_escaped = c == '\\' && !is_escaped,
        }
    }
    rest.len()
}

/// What the error says by itself.
fn general(kind: &ParseErrorType, position: Position) -> Told {
    let told = |code, message: String, help: &str| Told { code, position, message, help: help.to_owned() };
    match kind {
        ParseErrorType::Reserved(word) if word.starts_with(char::is_alphabetic) => told(
            "reserved_name",
            format!("`{word}` is a word that the language keeps for itself"),
            "choose another name",
        ),
        ParseErrorType::Reserved(sign) => told("syntax", format!("`{sign}` means nothing here"), "remove it"),
        ParseErrorType::FnMissingName => told(
            "reserved_name",
            "a function cannot have this name".to_owned(),
            "choose a name that is no word of the language",
        ),
        ParseErrorType::BadInput(LexError::ImproperSymbol(word, why)) if why.contains("is disabled") => told(
            "unknown_function",
            format!("`{word}` is not available in scripts"),
            "a script sees its row and nothing else; remove the call",
        ),
        ParseErrorType::FnDuplicatedDefinition(name, count) => told(
            "duplicate_function",
            format!("`{name}` with {} is defined twice", format::count(*count, "parameter")),
            "keep one of the two",
        ),
        ParseErrorType::VariableUndefined(name) => {
            told("unknown_name", format!("`{name}` is defined nowhere"), "define it with `const` or `let`")
        }
        ParseErrorType::ExprTooDeep => told(
            "nested_too_deep",
            "the expression has too many levels".to_owned(),
            "give parts of it names with `let`, or move them into a function",
        ),
        ParseErrorType::TooManyFunctions => {
            told("too_long", "the script has too many functions".to_owned(), "split it into several scripts")
        }
        ParseErrorType::WrongDocComment => told(
            "syntax",
            "`///` may stand above a function only".to_owned(),
            "write `//` above a constant, and `//!` at the head of the file",
        ),
        ParseErrorType::WrongFnDefinition => told(
            "syntax",
            "a function begins inside another one".to_owned(),
            "look above for a `{` that is not closed; functions stand side by side",
        ),
        ParseErrorType::BadInput(LexError::UnterminatedString) => {
            told("syntax", "the text is not closed on its line".to_owned(), "end it with `\"`")
        }
        ParseErrorType::MissingToken(token, why) => told(
            "syntax",
            format!("`{token}` is missing {why}"),
            &format!("write `{token}` before this place, or look at what stands before it"),
        ),
        ParseErrorType::WrongSwitchDefaultCase => told(
            "syntax",
            "a case stands after `_`, which takes every value that is left".to_owned(),
            "put `_` last",
        ),
        ParseErrorType::WrongSwitchIntegerCase => told(
            "syntax",
            "a number stands after a range of numbers".to_owned(),
            "put the cases of single numbers before those of ranges",
        ),
        ParseErrorType::WrongSwitchCaseCondition => {
            told("syntax", "`_` has a condition".to_owned(), "write the condition into its answer, with `if`")
        }
        ParseErrorType::PropertyExpected => {
            told("syntax", "a name must follow the `.`".to_owned(), "write it as in `row.close`")
        }
        ParseErrorType::UnexpectedEOF => told(
            "syntax",
            "the text ends in the middle of something".to_owned(),
            "look for a bracket that is not closed",
        ),
        other => told("syntax", lower(&other.to_string()), "correct the text at that place"),
    }
}

fn lower(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use crate::scripts::fixtures::HEAD;
    use crate::scripts::fixtures::RULES;
    use crate::scripts::fixtures::compile;
    use crate::scripts::fixtures::eligible;

    /// The first finding as `line:column code: message; help`.
    fn check(text: &str, expected: &str) {
        let (_, errors) = compile(text);
        let first = errors.first().expect("a finding");
        let (line, column) = (first.line.unwrap_or(0), first.column.unwrap_or(0));
        let told = format!("{line}:{column} {}: {}; {}", first.code, first.message, first.help);
        assert_eq!(told, expected, "{text}");
    }

    fn in_eligible(body: &str, expected: &str) {
        check(&eligible(body), expected);
    }

    fn at_the_top(line: &str, expected: &str) {
        check(&format!("{HEAD}{line}\n{RULES}"), expected);
    }

    #[test]
    fn habits_of_other_languages_are_recognised() {
        in_eligible(
            "row.close > 1.0 and row.close < 2.0",
            "3:36 syntax: `and` is not part of the language; write `&&`",
        );
        check(
            "const A = \"/*\"; // /*\nfn eligible(row) {\n  /* one /* two */\n  true }\nfn entry(row) { }",
            "3:3 syntax: the comment that begins here is not closed; end it with `*/`, or write `//` before each line",
        );
        check(
            &format!(
                "{HEAD}fn eligible(row) {{ row.close > 1.0 && '\"' == '\"' }}\n/* fn entry(row) {{ }}\n"
            ),
            "4:1 syntax: the comment that begins here is not closed; end it with `*/`, or write `//` before each line",
        );
        in_eligible("not row.close > 1.0", "3:20 syntax: `not` is not part of the language; write `!`");
        in_eligible("row.close === 1.0", "3:30 syntax: `===` is not part of the language; write `==`");
        in_eligible("row.close ≥ 1.0", "3:30 syntax: `≥` is not part of the language; write `>=`");
        in_eligible(
            "row.close > 1.0 AND row.close < 2.0",
            "3:36 syntax: `and` is not part of the language; write `&&`",
        );
        in_eligible("row.close =< 1.0", "3:30 syntax: `=<` is not part of the language; write `<=`");
        in_eligible("row.close <> 1.0", "3:30 syntax: `<>` is not part of the language; write `!=`");
        in_eligible(
            "if row.close > 1.0 then { true }",
            "3:39 syntax: `then` is not part of the language; write `{ … }`",
        );
        in_eligible(
            "if true { } elif true { }",
            "3:32 syntax: `elif` is not part of the language; write `else if`",
        );
        in_eligible("null", "3:20 reserved_name: `null` is not part of the language; write `()`");
        at_the_top("def f(row) { 1 }", "3:1 syntax: `def` is not part of the language; write `fn`");
    }

    #[test]
    fn numbers_are_written_plainly() {
        at_the_top("const A = 5,000;", "3:12 syntax: a number has no comma in it; write `5_000` or `5000`");
        at_the_top(
            "const A = 1,000,000.0;",
            "3:12 syntax: a number has no comma in it; write `1_000_000` or `1000000`",
        );
        at_the_top("const A = 2,5;", "3:12 syntax: a number has no comma in it; write `2.5`");
        at_the_top("const A = $5;", "3:11 syntax: a number has no currency sign; write the number alone");
        at_the_top("const A = .5;", "3:11 syntax: a number begins with a digit; write `0.5`");
        at_the_top(
            "const A = 5%;",
            "3:13 syntax: `%` is the remainder of a division, not a percentage; write 5 % as `0.05`",
        );
    }

    #[test]
    fn slips_are_told_with_the_remedy() {
        at_the_top("const A = 1\nconst B = 2;", "4:1 syntax: the line before is not ended; end it with `;`");
        in_eligible(
            "row.close > 1.0\nfn other(row) { 1 }",
            "4:1 syntax: the function before this line is not closed; close it with `}`",
        );
        at_the_top("# a note", "3:1 syntax: `#` begins no comment; write `// …`");
        in_eligible("if row.close = 1.0 { }", "3:33 syntax: `=` gives a variable a value; compare with `==`");
        in_eligible("'abc'", "3:20 syntax: text stands between double quotation marks; write `\"abc\"`");
        in_eligible("let x = 1; x++", "3:32 syntax: `++` is no operator; write `x += 1`");
        in_eligible("\"abc", "3:20 syntax: the text is not closed on its line; end it with `\"`");
        at_the_top(
            "const A = “x”;",
            "3:11 syntax: a typographic quotation mark; write text between straight marks: `\"text\"`",
        );
    }

    #[test]
    fn reserved_words_name_nothing() {
        at_the_top(
            "const default = 1;",
            "3:7 reserved_name: `default` is a word that the language keeps for itself; choose another name",
        );
        at_the_top(
            "fn print(a) { 1 }",
            "3:4 reserved_name: a function cannot have this name; choose a name that is no word of the language",
        );
        at_the_top(
            "fn clamp(a, b) { a }",
            "3:4 reserved_name: `clamp` is a function of the host; choose another name",
        );
    }

    /// Nothing turns the feature on that makes these errors, but a dependency could.
    #[test]
    fn a_doc_comment_may_stand_above_a_constant() {
        assert_eq!(compile(&format!("{HEAD}/// A note.\nconst A = 1.0;\n{RULES}")).1, []);
    }
}

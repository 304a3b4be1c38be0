//! Hostile scripts that would be huge as files, or are no text: the parser's, the walks' and the
//! optimiser's worst cases, each near the largest file that is read.

use super::Case;

const HEAD: &str = "const META = #{ asset_class: \"equity\" };\nconst STOP_ATR_MULT = 2.0;\n";
const FOOT: &str = "fn entry(row) { }\nfn exit(row, position) { }\n";

/// A strategy whose `eligible` is given.
fn eligible(body: &str) -> String {
    format!("{HEAD}fn eligible(row) {{\n{body}\n}}\n{FOOT}")
}

/// A strategy with something at its top.
fn topped(top: &str) -> String {
    format!("{HEAD}{top}\nfn eligible(row) {{ row.close > 1.0 }}\n{FOOT}")
}

fn case(name: &str, script: impl Into<Vec<u8>>, expected: &str) -> Case {
    Case { name: name.to_owned(), script: script.into(), expected: expected.to_owned() }
}

/// Fills the rest of what a script may have with one piece.
fn filled(piece: &str) -> String {
    piece.repeat(32_000 / piece.len())
}

/// Writes numbered pieces, `#` being the number, until no more fit.
fn numbered(piece: &str, most: usize) -> String {
    let mut text = String::new();
    for number in 0..most {
        let next = piece.replace('#', &number.to_string());
        if text.len() + next.len() > 32_000 {
            break;
        }
        text.push_str(&next);
    }
    text
}

pub fn made() -> Vec<Case> {
    let good = eligible("row.close > 1.0");
    let deep = |open: &str, inner: &str, close: &str, depth: usize| {
        eligible(&format!("{}{inner}{}", open.repeat(depth), close.repeat(depth)))
    };
    let table = "const T = { let t = [0]; for i in 0..8 { t += t; } t };";
    let combinations: String = (0..900)
        .map(|number| {
            let argument = |bit: u32| if number >> bit & 1 == 1 { "r" } else { "1" };
            let given: Vec<&str> = (0..11).map(argument).collect();
            format!("f({});", given.join(","))
        })
        .collect();
    let helpers: String = (0..50).map(|number| format!("fn h{number}(r) {{ route(r) }}\n")).collect();
    let chain: String = (0..55).map(|n| format!("fn g{n}(x) {{ g{}(x); g{}(x) }}\n", n + 1, n + 1)).collect();
    vec![
        case("bytes_invalid_utf8", [good.as_bytes(), b"// \xff\xfe"].concat(), "unread is not UTF-8 at byte"),
        case(
            "bytes_utf16",
            good.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            "unread NUL",
        ),
        case("bytes_nul", format!("{good}\0"), "unread has a NUL at byte"),
        case(
            "bytes_random",
            (0..60_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<u8>>(),
            "unread ",
        ),
        case("bytes_empty", "", "refused missing_function"),
        case("bytes_white", " \t\n".repeat(10_000), "refused missing_function"),
        case("bytes_byte_order_mark", format!("\u{feff}{good}"), "harmless"),
        case("bytes_windows_lines", good.replace('\n', "\r\n"), "harmless"),
        case("bytes_mark_and_windows_lines", format!("\u{feff}{}", good.replace('\n', "\r\n")), "harmless"),
        case("bytes_old_mac_lines", good.replace('\n', "\r"), "harmless"),
        case("size_10_mb", format!("{good}{}", "// more\n".repeat(10 << 17)), "unread is over 1 MiB"),
        case("size_1_mb", format!("{good}{}", "//\n".repeat(349_000)), "refused too_long"),
        case("size_64_kb_of_comments", format!("{good}{}", filled("// x\n")), "harmless"),
        case("size_64_kb_of_lines", format!("{good}{}", filled("\n")), "harmless"),
        case("size_nested_comments", format!("{good}{}", filled("/*")), "harmless"),
        case("size_doc_comments", format!("{good}{}", filled("/// x\n")), "harmless"),
        case(
            "size_statements",
            eligible(&format!("{}true", filled("let x = 1; "))),
            "fails operations of the session",
        ),
        case("size_blocks", eligible(&format!("{}true", filled("{ 1; } "))), "harmless"),
        case("size_long_name", eligible(&format!("{} > 1.0", filled("a"))), "refused unknown_name"),
        case("size_long_field", eligible(&format!("row.{} > 1.0", filled("a"))), "refused unknown_feature"),
        case(
            "size_long_function",
            eligible(&format!("{}(1) > 1.0", filled("a"))),
            "refused unknown_function",
        ),
        case(
            "size_long_modifiers",
            eligible(&format!("row.{}close > 1.0", filled("prev_"))),
            "refused unknown_feature",
        ),
        case("size_long_number", eligible(&format!("1{} > 1.0", filled("0"))), "harmless"),
        case("size_long_broken_number", eligible(&format!("1.{}1 > 1.0", filled("0"))), "harmless"),
        case("size_long_text", eligible(&format!("\"{}\" == \"\"", filled("a"))), "refused syntax"),
        case("size_long_sum", eligible(&format!("0{} > 1", filled("+1"))), "refused nested_too_deep"),
        case(
            "size_long_text_sum",
            topped(&format!("const A = \"\"{};", filled(" + \"aaaaaaaa\""))),
            "refused nested_too_deep",
        ),
        case(
            "size_else_ifs",
            eligible(&format!("{}{{ true }}", filled("if row.close < 0.0 { true } else "))),
            "refused nested_too_deep",
        ),
        case(
            "size_switch",
            eligible(&format!("switch row.close {{ {} _ => true }}", numbered("#.5 => false,", 9_000))),
            "harmless",
        ),
        case(
            "size_switch_ranges",
            eligible(&format!(
                "switch 5 {{ {} _ => true }}",
                numbered("0..99999999 if row.close < #.0 => false,", 9_000)
            )),
            "harmless",
        ),
        case("size_array", eligible(&format!("let a = [{}]; true", filled("1,"))), "refused syntax"),
        case(
            "size_map",
            eligible(&format!("let m = #{{ {} }}; true", numbered("k#: 1,", 9_000))),
            "refused syntax",
        ),
        case("size_arguments", eligible(&format!("min({}1)", filled("1,"))), "refused wrong_arity"),
        case("size_parameters", topped(&format!("fn f({}) {{ 1 }}", numbered("p#,", 9_000))), "harmless"),
        case("many_functions", topped(&numbered("fn f#() { }\n", 300)), "refused too_long"),
        case("many_constants", topped(&numbered("const C# = #;\n", 5_000)), "refused bad_constant"),
        case(
            "many_slow_constants",
            topped(&numbered("const C# = { for i in 0..24000 { } # };\n", 200)),
            "refused bad_constant",
        ),
        case(
            "many_slow_array_constants",
            topped(&format!(
                "{table}\n{}",
                numbered("const C# = { for i in 0..6000 { T == T; } # };\n", 200)
            )),
            "refused bad_constant",
        ),
        case(
            "many_variables",
            eligible(&format!("{}true", numbered("let v# = #; ", 9_000))),
            "fails Too many variables",
        ),
        case(
            "many_features",
            eligible(&format!("{}true", numbered("row.ma# > 1.0; ", 2_001).replace("row.ma0 > 1.0; ", ""))),
            "refused too_many_features",
        ),
        case(
            "many_nested_features",
            eligible(&format!(
                "{}true",
                numbered("row.rank_prev_prev_prev_prev_prev_prev_prev_roc# > 1.0; ", 2_001)
                    .replace("roc0 ", "roc1 ")
            )),
            "refused too_many_features",
        ),
        case(
            "many_unknown_names",
            eligible(&format!("{}{}true", numbered("let v# = #; ", 200), "x + ".repeat(6_000))),
            "refused ",
        ),
        case(
            "many_unknown_features",
            eligible(&format!("{}true", numbered("row.x#; ", 9_000))),
            "refused unknown_feature",
        ),
        case(
            "many_unknown_functions",
            eligible(&format!("{}true", numbered("x#(); ", 9_000))),
            "refused unknown_function",
        ),
        case("many_wrong_arguments", eligible(&format!("{}true", filled("abs();"))), "refused wrong_arity"),
        case(
            "many_uses_of_a_table",
            format!("{HEAD}{table}\nfn eligible(row) {{\nlet a = [{}]; true\n}}\n{FOOT}", "T,".repeat(1_000)),
            "refused syntax",
        ),
        case(
            "many_tables",
            format!("{HEAD}{table}\nfn eligible(row) {{\n{}true\n}}\n{FOOT}", filled("T;")),
            "harmless",
        ),
        case(
            "many_tables_in_branches",
            format!(
                "{HEAD}{table}\nfn eligible(row) {{\nlet n = 0; if row.close < 0.0 {{ {} }} true\n}}\n{FOOT}",
                filled("n=T;")
            ),
            "harmless",
        ),
        case(
            "many_ways_to_call",
            format!(
                "{HEAD}fn f(a,b,c,d,e,f,g,h,i,j,k) {{ {} }}\nfn route(r) {{ {combinations} }}\nfn eligible(row) {{ route(row) }}\n{FOOT}",
                "1+1;".repeat(1_500)
            ),
            "fails operations of the session",
        ),
        case(
            "many_ways_from_helpers",
            format!(
                "{HEAD}fn f(a,b,c,d,e,f,g,h,i,j,k) {{ {} }}\nfn route(r) {{ {combinations} }}\n{helpers}fn eligible(row) {{ route(row) }}\n{FOOT}",
                "1+1;".repeat(1_500)
            ),
            "fails operations of the session",
        ),
        case(
            "many_calls_in_a_chain",
            format!("{HEAD}{chain}fn g55(x) {{ x }}\nfn eligible(row) {{ g0(1) > 1 }}\n{FOOT}"),
            "fails nested deeper than 8",
        ),
        case("deep_parentheses", deep("(", "1", ")", 500), "refused nested_too_deep"),
        case("deep_parentheses_unclosed", eligible(&filled("(")), "refused nested_too_deep"),
        case("deep_arrays", deep("[", "1", "]", 500), "refused nested_too_deep"),
        case("deep_maps", deep("#{a:", "1", "}", 500), "refused nested_too_deep"),
        case("deep_blocks", deep("{", "1", "}", 500), "refused "),
        case("deep_ifs", deep("if row.close > 1.0 {", "true", "}", 30), "refused nested_too_deep"),
        case(
            "deep_switches",
            deep("switch row.close { 1 => ", "true", ", _ => false }", 30),
            "refused nested_too_deep",
        ),
        case(
            "deep_switches_in_arms",
            deep("switch row.close { 1 => false, _ => ", "true", "}", 30),
            "refused nested_too_deep",
        ),
        case(
            "deep_switches_in_lets",
            deep("let x = switch row.close { _ => {", "true", "} }; x", 30),
            "refused nested_too_deep",
        ),
        case(
            "deep_switches_in_conditions",
            deep("switch (", "row.close", ") { 1 => 2, _ => 3 }", 30),
            "refused ",
        ),
        case(
            "deep_switches_in_guards",
            deep("switch 1 { 1 if ", "true", " => true, _ => false }", 30),
            "refused ",
        ),
        case("deep_loops", deep("for i in 0..9 {", "", "}", 30), "refused nested_too_deep"),
        case("nested_ifs", deep("if row.close > 1.0 {", "true", "}", 12), "refused nested_too_deep"),
        case("nested_loops", deep("for i in 0..9 {", "", "}", 12), "refused nested_too_deep"),
        case(
            "nested_switches",
            deep("switch row.close { 1 => ", "true", ", _ => false }", 12),
            "refused nested_too_deep",
        ),
        case("nested_whiles", deep("while row.close > 1.0 {", "", "}", 12), "refused nested_too_deep"),
        case("deep_negations", eligible(&format!("{}true", filled("!"))), "refused nested_too_deep"),
        case("deep_calls", deep("abs(", "1", ")", 500), "refused nested_too_deep"),
        case("deep_methods", eligible(&format!("1{}", filled(".abs()"))), "refused nested_too_deep"),
        case("deep_fields", eligible(&format!("row.close{}", filled(".a"))), "refused nested_too_deep"),
        case("deep_templates", eligible(&filled("`${")), "refused nested_too_deep"),
        case("deep_powers", eligible(&format!("2{} > 0", filled("**2"))), "refused nested_too_deep"),
        case(
            "deep_within_limits",
            eligible(&format!("{}1{} > 0", "(".repeat(25), ")".repeat(25))),
            "harmless",
        ),
        case("terms_40", eligible(&vec!["row.close > 1.0"; 40].join(" && ")), "harmless"),
    ]
}

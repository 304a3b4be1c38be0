//! One snapshot of all scripts: compiled together, never changed, kept by a run to its end.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::columns::Engine;
use super::columns::Programs;
use super::compile::Compiled;
use super::compile::Draft;
use super::compile::Parsers;
use super::engine::Names;
use super::engine::engine;
use super::engine::pool;
use super::host::Host;
use super::load_error::LoadError;
use super::options::Options;
use super::row::register_features;
use super::scorer::Scorer;
use super::scorer::ScorerParts;
use super::source::ScriptSource;
use super::strategy::Entries;
use super::strategy::Strategy;
use super::strategy_parts::StrategyParts;
use super::view::Layout;
use super::view::Rows;
use super::vocabulary::suggest;
use crate::domain::AssetClass;
use crate::domain::Problem;
use crate::features::Columns;
use crate::features::Feature;

/// All scripts that could be loaded. Cheap to clone; never changes.
#[derive(Clone, Debug)]
pub struct Scripts {
    host: Arc<Host>,
    strategies: Arc<Vec<Strategy>>,
    scorers: Arc<Vec<Scorer>>,
}

/// A script that passed all checks, before the engine that runs it is made.
enum Ready {
    Strategy(Arc<Compiled>, Arc<StrategyParts>),
    Scorer(Arc<Compiled>, Arc<ScorerParts>),
}

impl Ready {
    fn script(&self) -> &Compiled {
        match self {
            Ready::Strategy(script, _) | Ready::Scorer(script, _) => script,
        }
    }
}

impl Scripts {
    /// Compiles scripts into a snapshot. A script that fails is absent from it and told as a
    /// problem; the others are not affected.
    pub fn compile(sources: &[ScriptSource], options: &Options) -> (Self, Vec<Problem>) {
        let (scripts, errors) = Self::check(sources, options);
        (scripts, errors.iter().map(LoadError::to_problem).collect())
    }

    /// Compiles like [`Scripts::compile`], and tells every finding with its place.
    pub fn check(sources: &[ScriptSource], options: &Options) -> (Self, Vec<LoadError>) {
        pool().install(|| compile(sources, options))
    }

    /// Returns the same scripts, evaluated by another engine.
    pub fn evaluated_by(&self, engine: Engine) -> Self {
        let host = Arc::new(Host { engine, ..Host::clone(&self.host) });
        let strategies = self.strategies.iter().map(|own| Strategy { host: host.clone(), ..own.clone() });
        let scorers = self.scorers.iter().map(|own| Scorer { host: host.clone(), ..own.clone() });
        Self { strategies: Arc::new(strategies.collect()), scorers: Arc::new(scorers.collect()), host }
    }

    /// Returns the engine that evaluates them.
    pub fn engine(&self) -> Engine {
        self.host.engine
    }

    /// Returns the strategies of both asset classes, sorted by name, disabled ones too.
    pub fn strategies(&self) -> &[Strategy] {
        &self.strategies
    }

    /// Returns the strategy of that name.
    pub fn strategy(&self, name: &str) -> Option<&Strategy> {
        self.strategies.iter().find(|strategy| strategy.name() == name)
    }

    /// Returns a snapshot of these strategies alone, those that the settings switch off switched on. An unknown
    /// name adds nothing.
    pub fn only(&self, names: &[String]) -> Self {
        let named = self.strategies.iter().filter(|own| names.iter().any(|name| name == own.name()));
        let strategies = named.cloned().map(Strategy::switched_on).collect();
        Self { strategies: Arc::new(strategies), ..self.clone() }
    }

    /// Returns the scorers, sorted by name.
    pub fn scorers(&self) -> &[Scorer] {
        &self.scorers
    }

    /// Returns the scorer of that name.
    pub fn scorer(&self, name: &str) -> Option<&Scorer> {
        self.scorers.iter().find(|scorer| scorer.name() == name)
    }

    /// Returns the scorer of a strategy; a strategy of this snapshot always has one.
    pub fn scorer_of(&self, strategy: &Strategy) -> Option<&Scorer> {
        self.scorer(strategy.scorer_name())
    }

    /// Returns the features that the strategies of an asset class and their scorers read.
    pub fn features(&self, asset_class: AssetClass) -> BTreeSet<Feature> {
        let mut features = BTreeSet::new();
        for strategy in self.strategies.iter().filter(|strategy| strategy.asset_class() == asset_class) {
            features.extend(strategy.features());
            features.extend(self.scorer_of(strategy).into_iter().flat_map(Scorer::features));
        }
        features
    }

    /// Returns the hash of each script's text and overrides, in hex, by name.
    pub fn hashes(&self) -> BTreeMap<String, String> {
        let strategies = self.strategies.iter().map(|one| (one.name().to_owned(), one.hash().to_owned()));
        let scorers = self.scorers.iter().map(|one| (one.name().to_owned(), one.hash().to_owned()));
        strategies.chain(scorers).collect()
    }

    /// Binds the columns to the scripts, once for all questions about them. A feature without a
    /// column is missing on every row.
    pub fn bind(&self, columns: &Columns) -> Rows {
        Rows::bind(&self.host.layout, columns)
    }

    /// Makes rows from given values, as the scripts' own test cases state them: a feature that a
    /// row does not name is missing.
    pub fn rows(&self, values: &[BTreeMap<Feature, f64>]) -> Rows {
        Rows::given(&self.host.layout, values)
    }
}

fn compile(sources: &[ScriptSource], options: &Options) -> (Scripts, Vec<LoadError>) {
    let parsers = Parsers::new();
    let mut errors = Vec::new();
    let mut ready: Vec<Ready> = Vec::new();
    for source in sources {
        if !crate::domain::is_script_name(&source.name) {
            let help = "name the file with lower-case letters, digits and `_`, at most 40 of them";
            errors.push(whole(
                source,
                "bad_name",
                format!("`{}` cannot be a script's name", source.name),
                help,
            ));
            continue;
        }
        if ready.iter().any(|other| *other.script().name == *source.name) {
            let message = format!("another script is called `{}`", source.name);
            errors.push(whole(source, "duplicate_name", message, "rename one of the two files"));
            continue;
        }
        match compile_one(&parsers, source, options) {
            Ok(script) => ready.push(script),
            Err(found) => errors.extend(found),
        }
    }
    errors.extend(unknown_strategies(sources, &ready, options));
    let scripts = assemble(ready, options, &mut errors);
    errors.sort();
    (scripts, errors)
}

fn compile_one(parsers: &Parsers, source: &ScriptSource, options: &Options) -> Result<Ready, Vec<LoadError>> {
    let none = BTreeMap::new();
    let overrides = options.overrides.get(&source.name).unwrap_or(&none);
    let mut draft = Draft::parse(parsers, source, overrides)?;
    if draft.is_scorer() {
        let parts = ScorerParts::check(&mut draft);
        let script = Arc::new(draft.finish(parsers)?);
        let Some(parts) = parts else { return Err(Vec::new()) };
        return Ok(Ready::Scorer(script, Arc::new(parts)));
    }
    let parts = StrategyParts::check(&mut draft);
    let script = Arc::new(draft.finish(parsers)?);
    let Some(parts) = parts else { return Err(Vec::new()) };
    Ok(Ready::Strategy(script, Arc::new(parts)))
}

/// Makes the engine for all that was loaded; a strategy that has no scorer makes no entries.
fn assemble(ready: Vec<Ready>, options: &Options, errors: &mut Vec<LoadError>) -> Scripts {
    let scorers: BTreeSet<String> = ready
        .iter()
        .filter(|script| matches!(script, Ready::Scorer(..)))
        .map(|script| script.script().name.to_string())
        .collect();
    let layout = Arc::new(Layout::new(ready.iter().flat_map(features).collect()));
    let mut engine = engine(Names::Strict);
    register_features(&mut engine, &layout);
    let host = Arc::new(Host { interpreter: Arc::new(engine), layout, engine: Engine::default() });

    let mut strategies = Vec::new();
    let mut graders = Vec::new();
    let mut unscored = Vec::new();
    for one in ready {
        match one {
            Ready::Scorer(script, parts) => {
                let programs = Arc::new(Programs::of(&script, &host.layout, parts.functions()));
                graders.push(Scorer { host: host.clone(), script, parts, programs });
            }
            Ready::Strategy(script, parts) => {
                let programs = Arc::new(Programs::of(&script, &host.layout, parts.functions()));
                let scorer = parts.scorer.as_deref().unwrap_or(&options.default_scorer);
                let has_scorer = scorers.contains(scorer);
                match (has_scorer, &parts.scorer) {
                    (true, _) => {}
                    (false, Some(own)) => errors.push(without_scorer(&script, own, &scorers)),
                    (false, None) => unscored.push(script.name.to_string()),
                }
                // Without a scorer nothing can be bought; what is held is still sold by its rule.
                let entries = match (options.disabled.contains(&*script.name), has_scorer) {
                    (true, _) => Entries::SwitchedOff,
                    (false, false) => Entries::Unscored,
                    (false, true) => Entries::On,
                };
                let scorer = scorer.into();
                strategies.push(Strategy { host: host.clone(), script, parts, programs, scorer, entries });
            }
        }
    }
    if !unscored.is_empty() {
        errors.push(without_default_scorer(&options.default_scorer, &unscored, &scorers));
    }
    strategies.sort_by(|a, b| a.name().cmp(b.name()));
    graders.sort_by(|a, b| a.name().cmp(b.name()));
    Scripts { host, strategies: Arc::new(strategies), scorers: Arc::new(graders) }
}

fn features(script: &Ready) -> BTreeSet<Feature> {
    match script {
        Ready::Strategy(_, parts) => parts.features(),
        Ready::Scorer(_, parts) => parts.features(),
    }
}

/// Blames the setting, once, and not each script that leaves its scorer to it.
fn without_default_scorer(scorer: &str, unscored: &[String], scorers: &BTreeSet<String>) -> LoadError {
    LoadError {
        script: "signals.scorer".to_owned(),
        path: "[signals]".to_owned(),
        line: None,
        column: None,
        code: "unknown_scorer",
        message: format!(
            "scorer = \"{scorer}\" is not loaded, so these buy nothing: {}",
            unscored.join(", ")
        ),
        help: suggest(scorer, scorers.iter().map(String::as_str)),
    }
}

fn without_scorer(script: &Compiled, scorer: &str, scorers: &BTreeSet<String>) -> LoadError {
    LoadError {
        script: script.name.to_string(),
        path: script.path.to_string(),
        line: script.constants.position("META").line(),
        column: script.constants.position("META").position(),
        code: "unknown_scorer",
        message: format!("its scorer `{scorer}` is not loaded"),
        help: suggest(scorer, scorers.iter().map(String::as_str)),
    }
}

/// Settings for a strategy that does not exist would silently do nothing.
fn unknown_strategies(sources: &[ScriptSource], ready: &[Ready], options: &Options) -> Vec<LoadError> {
    let names: BTreeSet<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    // A scorer has constants to set and no entries to switch off.
    let is_scorer = |name: &&str| {
        ready.iter().any(|script| matches!(script, Ready::Scorer(..)) && *script.script().name == **name)
    };
    let strategies: BTreeSet<&str> = names.iter().copied().filter(|name| !is_scorer(name)).collect();
    let unknown_to = |mentioned: BTreeSet<&str>, known: &BTreeSet<&str>| -> BTreeSet<String> {
        mentioned.difference(known).map(|name| (*name).to_owned()).collect()
    };
    let mut unknown = unknown_to(options.overrides.keys().map(String::as_str).collect(), &names);
    unknown.extend(unknown_to(options.disabled.iter().map(String::as_str).collect(), &strategies));
    unknown
        .iter()
        .map(|name| LoadError {
            script: name.clone(),
            path: format!("[strategies.{name}]"),
            line: None,
            column: None,
            code: "unknown_strategy",
            message: "the settings name a strategy that does not exist".to_owned(),
            help: suggest(name, strategies.iter().copied()),
        })
        .collect()
}

fn whole(source: &ScriptSource, code: &'static str, message: String, help: &str) -> LoadError {
    LoadError {
        script: source.name.clone(),
        path: source.path.clone(),
        line: None,
        column: None,
        code,
        message,
        help: help.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProblemKind;
    use crate::scripts::Rule;
    use crate::scripts::fixtures::HEAD;
    use crate::scripts::fixtures::RULES;
    use crate::scripts::fixtures::SCORER;
    use crate::scripts::fixtures::compile;
    use crate::scripts::fixtures::eligible;
    use crate::scripts::fixtures::options;
    use crate::scripts::fixtures::source;

    fn refused(text: &str, expected: &str) {
        let (scripts, errors) = compile(text);
        assert!(scripts.strategies().is_empty(), "{text}");
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|error| error.contains(expected)), "{text}: {told:?}");
    }

    #[test]
    fn a_broken_script_costs_only_itself() {
        let good = format!("{HEAD}{RULES}");
        let sources = [source("good", &good), source("bad", "fn eligible(row) {"), source("flat", SCORER)];
        let (scripts, problems) = Scripts::compile(&sources, &options());
        assert_eq!(scripts.strategies().len(), 1);
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].symbol.as_str(), problems[0].kind), ("bad", ProblemKind::ScriptLoad));
        assert!(problems[0].message.starts_with("strategies/bad.rhai:1:"), "{}", problems[0]);
    }

    #[test]
    fn what_a_strategy_must_have_is_asked_for() {
        refused("", "there is no function `eligible`; add `fn eligible(row)`");
        refused(&HEAD.replace("equity", "bonds"), "neither `equity` nor `crypto`");
        refused(
            &format!("{HEAD}{}", RULES.replace("entry(row)", "entry(row, x)")),
            "`entry` has 2 parameters",
        );
        refused(
            &format!("{HEAD}{RULES}fn stop(row) {{ }}"),
            "`stop` has 1 parameter; write it as `fn stop(row, position)`",
        );
        let text = format!("{HEAD}{RULES}");
        refused(
            &text.replace("asset_class: \"equity\"", "asset_class: \"equity\", scorrer: \"x\""),
            "did you mean `scorer`?",
        );
        refused(
            &text.replace("asset_class: \"equity\"", "asset_class: \"equity\", version: \"x\""),
            "not a whole number",
        );
        refused(&text.replace("const STOP_ATR_MULT = 2.0;", ""), "`STOP_ATR_MULT` is not defined");
        refused(&text.replace("2.0", "0"), "`STOP_ATR_MULT` is 0; it must be above 0");
    }

    #[test]
    fn without_its_scorer_a_strategy_only_sells() {
        let text = format!("{HEAD}{RULES}");
        let text = text.replace("asset_class: \"equity\"", "asset_class: \"equity\", scorer: \"flta\"");
        let (scripts, errors) = compile(&text);
        assert!(errors[0].to_string().contains("did you mean `flat`?"), "{errors:?}");
        let [strategy] = scripts.strategies() else { panic!("{errors:?}") };
        assert!(!strategy.is_enabled() && strategy.function(Rule::Exit).is_some());
    }

    #[test]
    fn what_a_scorer_must_have_is_asked_for() {
        for (text, expected) in [
            ("const WEIGHTS = #{ a: 1.0 };", "there is no function `a`; add `fn a(row, signal)`"),
            ("const WEIGHTS = #{ a: 1.0 }; fn a(row) { 1 }", "`a` has 1 parameter;"),
            ("const WEIGHTS = #{ a: \"1\" }; fn a(row, signal) { 1 }", "the weight of `a`"),
            ("const WEIGHTS = [1];", "`WEIGHTS` is not a map"),
            ("const WEIGHTS = #{}; fn a(row, signal) { 1 }", "`WEIGHTS` names no component"),
            ("const WEIGHTS = #{ a: 1 }; fn a(row, signal) { signal.triger }", "did you mean `trigger`?"),
        ] {
            let (scripts, errors) = Scripts::check(&[source("broken", text)], &options());
            assert!(scripts.scorers().is_empty(), "{text}");
            let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|error| error.contains(expected)), "{text}: {told:?}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_costs_anything() {
        let around = |open: &str, inner: &str, close: &str, depth: usize| {
            format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
        };
        let nested = |depth: usize| around("switch row.close { 1 => ", "true", ", _ => false }", depth);
        assert_eq!(compile(&eligible(&nested(8))).1, []);
        refused(&eligible(&nested(9)), "nested deeper than 8");
        refused(&eligible(&nested(30)), "");
        let blocks = around("{", "true", "}", 12);
        refused(&eligible(&format!("let deep = {blocks}; deep")), "nested deeper than 8");
        let chain = (0..20).map(|n| format!("if row.close > {n}.5 {{ true }} else ")).collect::<String>()
            + "{ false }";
        assert_eq!(compile(&eligible(&chain)).1, []);
    }

    #[test]
    fn hostile_texts_are_refused() {
        for body in [
            "eval(\"1\")",
            "sleep(3)",
            "timestamp()",
            "exit()",
            "print(1)",
            "Fn(\"x\")",
            "import \"x\" as x; true",
            "[1].map(|x| x)",
            "\"\".pad(1000000000, \"x\")",
            "[1].push(2)",
            "open(\"x\")",
            "(1.0).to_json()",
            "call(1)",
            "curry(1)",
            "global::X",
        ] {
            refused(&eligible(body), "strategies/probe.rhai:3:");
        }
        refused(&eligible(&format!("{}1{}", "(".repeat(500), ")".repeat(500))), "");
        for constant in
            ["\"x\".pad(1000000000, \"x\")", "sleep(3)", "grow()", "{ let a = [1]; loop { a += a; } }"]
        {
            let text =
                format!("{HEAD}const A = {constant};\n{RULES}fn grow() {{ \"x\".pad(1000000000, \"x\") }}");
            refused(&text, "strategies/probe.rhai:");
        }
        refused(&"/".repeat(70_000), "more than 32768");
        let many: String = (0..70).map(|number| format!("fn f{number}() {{ }}\n")).collect();
        refused(&format!("{HEAD}{RULES}{many}"), "");
    }

    /// Each of these is one expression that leans on the stack by its length.
    #[test]
    fn long_texts_do_not_exhaust_the_stack() {
        for (first, more) in [
            ("1", "+1"),
            ("row.close", ".a"),
            ("row.close", "[0]"),
            ("1", "??1"),
            ("true", "&&true"),
            ("x", "=1;x"),
            ("true", " || true"),
            ("if row.close>1.0{true}", "else if row.close>1.0{true}"),
            ("", "!"),
            ("", "-"),
            ("", "["),
            ("", "#{a:"),
            ("", "{"),
            ("", "abs("),
            ("1", "..1"),
            ("1", "**1"),
            ("`", "${`"),
        ] {
            let repeats = 30_000 / more.len();
            let (_, errors) = compile(&eligible(&format!("{first}{}", more.repeat(repeats))));
            assert!(!errors.is_empty(), "{first}{more}…");
        }
    }

    #[test]
    fn settings_for_no_strategy_are_told() {
        let mut options = options();
        options.disabled.insert("prob".to_owned());
        let text = format!("{HEAD}{RULES}");
        let (_, errors) = Scripts::check(&[source("probe", &text), source("flat", SCORER)], &options);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().contains("did you mean `probe`?"), "{}", errors[0]);
    }

    #[test]
    fn a_scorer_cannot_be_switched_off_like_a_strategy() {
        let mut options = options();
        options.disabled.insert("flat".to_owned());
        let text = format!("{HEAD}{RULES}");
        let (_, errors) = Scripts::check(&[source("probe", &text), source("flat", SCORER)], &options);
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains("name a strategy that does not exist"), "{told:?}");
    }

    #[test]
    fn a_disabled_strategy_stays_for_its_exits() {
        let mut options = options();
        options.disabled.insert("probe".to_owned());
        let text = format!("{HEAD}{RULES}");
        let (scripts, errors) = Scripts::check(&[source("probe", &text), source("flat", SCORER)], &options);
        assert_eq!(errors, []);
        assert!(!scripts.strategies()[0].is_enabled());
    }

    #[test]
    fn names_are_unique_across_strategies_and_scorers() {
        let (_, errors) = Scripts::check(&[source("flat", SCORER), source("flat", SCORER)], &options());
        assert_eq!(errors[0].code, "duplicate_name");
    }

    #[test]
    fn features_are_those_of_the_class_and_its_scorers() {
        let crypto = eligible("row.ma9 > 1.0").replace("equity", "crypto");
        let scorer = "const WEIGHTS = #{ a: 1 }; fn a(row, signal) { row.rsi2 ?? 1.0 }";
        let sources =
            [source("e", &eligible("row.ma50 > 1.0")), source("c", &crypto), source("flat", scorer)];
        let (scripts, errors) = Scripts::check(&sources, &options());
        assert_eq!(errors, []);
        let told: Vec<String> =
            scripts.features(AssetClass::Equity).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["ma50", "rsi2"]);
    }
}

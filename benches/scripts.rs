//! What it takes to compile and to validate scripts: one, twenty, and a folder of a hundred.
//!
//! The folder is the shipped strategies over and over under other names, so that each is as long as
//! a real one. No peer checks rules of this kind; the figures stand alone.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ts::lint;
use ts::scripts::{Options, ScriptSource, Scripts, embedded};

fn options() -> Options {
    Options { default_scorer: "technical".into(), overrides: BTreeMap::new(), disabled: BTreeSet::new() }
}

/// The shipped scripts, and copies of the strategies among them until there are `most` in all.
fn folder(most: usize) -> Vec<ScriptSource> {
    let shipped = embedded();
    let strategies: Vec<ScriptSource> =
        shipped.iter().filter(|own| own.path.starts_with("strategies")).cloned().collect();
    let copies = strategies.iter().cycle().enumerate().map(|(number, own)| ScriptSource {
        name: format!("{}_{number}", own.name),
        path: format!("strategies/{}_{number}.rhai", own.name),
        text: own.text.clone(),
    });
    let missing = most.saturating_sub(shipped.len());
    shipped.iter().cloned().chain(copies.take(missing)).collect()
}

fn compiling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    for (name, sources) in [("the shipped", folder(0)), ("100 scripts", folder(100))] {
        let (scripts, errors) = Scripts::check(&sources, &options());
        assert!(errors.is_empty() && scripts.strategies().len() + scripts.scorers().len() == sources.len());
        group.bench_function(name, |bencher| {
            bencher.iter(|| Scripts::check(black_box(&sources), &options()));
        });
    }
    group.finish();
}

fn validating(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("validate");
    let all = folder(100);
    for (name, number) in [("1 script", 1), ("20 scripts", 20), ("100 scripts", 100)] {
        // The rest stands beside them, as in a folder of which one file is asked about.
        let (targets, context) = (&all[..number], embedded());
        assert!(lint::check(targets, &context, &options()).findings.is_empty());
        group.bench_function(name, |bencher| {
            bencher.iter(|| lint::check(black_box(targets), &context, &options()));
        });
    }
    // Longer than any person writes: what is looked at is bounded.
    let branches: String = (0..400)
        .map(|n| format!("if row.ma{} > row.rsi2 * 1.{n} {{ return \"a{n}\"; }}\n", n % 50 + 2))
        .collect();
    let text = format!(
        "const META = #{{ asset_class: \"equity\" }};\nconst STOP_ATR_MULT = 2.0;\n\
         fn eligible(row) {{ row.close > 1.0 }}\nfn entry(row) {{ {branches} }}\nfn exit(row, position) {{ }}\n"
    );
    let long = [ScriptSource { name: "long".into(), path: "strategies/long.rhai".into(), text }];
    group.bench_function("an entry of 400 branches", |bencher| {
        bencher.iter(|| lint::check(black_box(&long), &embedded(), &options()));
    });
    group.finish();
}

criterion_group! {
    name = scripts;
    config = Criterion::default().sample_size(20).without_plots();
    targets = compiling, validating
}
criterion_main!(scripts);

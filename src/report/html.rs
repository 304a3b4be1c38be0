//! The HTML rendering: one self-contained page, the same for the preview and the mail.
//!
//! It refers to nothing outside itself except, where asked, pictures by Content-ID that
//! travel in the same mail.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::chart;
use super::chart::ChartData;
use super::run::Report;
use super::templates::{RenderError, Templates};
use super::view::View;
use crate::domain::Problem;

/// How charts reach the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charts {
    /// Drawn in the page itself, as SVG.
    Inline,
    /// As pictures beside the page, found by [`chart_content_id`].
    ByContentId,
}

/// Returns the Content-ID, without brackets, of a recommendation's chart.
pub fn chart_content_id(recommendation: Uuid) -> String {
    format!("chart-{recommendation}@ts")
}

/// Renders the report as one HTML page. `series` holds the chart of each recommendation by
/// its id; one without a drawable chart has none. The problems are those of edited templates
/// that failed; the page names them too.
///
/// # Errors
/// [`RenderError`] where even the built-in templates fail.
pub fn html(
    report: &Report,
    series: &BTreeMap<Uuid, ChartData>,
    charts: Charts,
    templates: &Templates,
) -> Result<(String, Vec<Problem>), RenderError> {
    templates.render("daily_signals.html", |problems| {
        view_with_charts(&report.with_problems(problems), series, charts)
    })
}

/// Builds the view of a report with the charts of its cards, as [`html()`] does.
pub fn view_with_charts(report: &Report, series: &BTreeMap<Uuid, ChartData>, charts: Charts) -> View {
    let mut view = View::of(report);
    add_charts(&mut view, series, charts);
    view
}

fn add_charts(view: &mut View, series: &BTreeMap<Uuid, ChartData>, charts: Charts) {
    for card in view.buys.iter_mut().chain(&mut view.sells) {
        let Some((id, data)) = Uuid::parse_str(&card.id).ok().and_then(|id| series.get_key_value(&id)) else {
            continue;
        };
        let Some(svg) = chart::inline(data) else { continue };
        card.chart_alt = chart::alternative(data);
        match charts {
            Charts::Inline => card.chart_svg = svg,
            Charts::ByContentId => card.chart_cid = chart_content_id(*id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProblemKind;
    use crate::report::ChartLevel;
    use crate::report::example;

    fn page(report: &Report, charts: Charts) -> String {
        let (templates, _) = Templates::load(&BTreeMap::new()).expect("the built-in templates parse");
        html(report, &example::charts(report), charts, &templates).expect("renders").0
    }

    #[test]
    fn five_cards_stay_under_90_kilobytes() {
        let report = example::crowded();
        assert_eq!(report.recommendations.len(), 5);
        let page = page(&report, Charts::Inline);
        assert_eq!(page.matches("<svg").count(), 5 + report.exits.len());
        assert!(page.len() < 90_000, "{} bytes", page.len());
    }

    #[test]
    fn text_from_scripts_cannot_inject() {
        let attack = "<script>alert(1)</script>\"'>";
        let mut report = example::full();
        for r in report.recommendations.iter_mut().chain(&mut report.exits) {
            r.strategy_name = attack.to_owned();
            r.signal_type = attack.to_owned();
            r.reasoning = attack.to_owned();
            for component in &mut r.components {
                component.name = attack.into();
            }
        }
        for held in &mut report.decisions[0].held {
            held.strategy = attack.into();
            held.note = attack.to_owned();
        }
        report.decisions[0].no_decision = Some(attack.to_owned());
        report.problems.push(Problem::new(attack, ProblemKind::ScriptRun, attack));
        report.run.scripts.insert(attack.to_owned(), attack.to_owned());
        report.run.parts[0].source = attack.to_owned();
        for miss in &mut report.near_misses {
            miss.message = attack.to_owned();
        }
        for filtered in &mut report.filtered {
            filtered.reason = attack.to_owned();
        }
        let mut series = example::charts(&report);
        for data in series.values_mut() {
            data.level = Some(ChartLevel { label: "<script>".to_owned(), price: data.entry });
        }
        let (templates, _) = Templates::load(&BTreeMap::new()).expect("the built-in templates parse");
        let (page, _) = html(&report, &series, Charts::Inline, &templates).expect("renders");
        assert!(!page.contains("<script"), "unescaped");
        assert!(page.matches("&lt;script").count() > 15);
    }

    #[test]
    fn the_page_is_whole_and_says_the_advice_line_once() {
        for report in [
            example::full(),
            example::reloaded(),
            example::empty(),
            example::undecided(),
            example::two_classes(),
        ] {
            let page = page(&report, Charts::Inline);
            assert!(page.trim_end().ends_with("</html>"));
            assert_eq!(page.matches("Not investment advice").count(), 1);
            assert!(page.contains(&report.run.id.to_string()));
            for outside in ["http://", "https://", "<link", "<script", "@import"] {
                assert!(!page.contains(outside), "{outside}");
            }
        }
    }

    #[test]
    fn a_mail_refers_to_its_own_pictures() {
        let report = example::full();
        let page = page(&report, Charts::ByContentId);
        assert!(!page.contains("<svg"));
        for r in &report.recommendations {
            assert!(page.contains(&format!("src=\"cid:{}\"", chart_content_id(r.id))), "{}", r.symbol);
        }
    }

    #[test]
    fn what_an_edit_changes_stands_in_the_page() {
        let page = page(&example::reloaded(), Charts::Inline);
        for part in ["1 raw signal gained, 1 lost, 2 moved", "score 8.1 → 8.4", "generation 3 5d0c2a7e"] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn demo_and_dry_run_are_labelled() {
        let mut report = example::full();
        let plain = page(&report, Charts::Inline);
        assert!(!plain.contains("imulated market") && !plain.contains("Dry run"));
        (report.run.demo, report.run.dry_run) = (true, true);
        let labelled = page(&report, Charts::Inline);
        assert!(labelled.contains("Simulated market, not real prices") && labelled.contains("Dry run"));
    }

    #[test]
    #[ignore = "writes pages for a person to look at, and says where: run it with --ignored --nocapture"]
    fn pages_can_be_looked_at() {
        let folder = tempfile::tempdir().expect("the temporary folder can be written").keep();
        let mut demo = example::crowded();
        (demo.run.demo, demo.run.dry_run) = (true, true);
        let pages = [
            ("full", example::full()),
            ("reloaded", example::reloaded()),
            ("crowded", demo),
            ("empty", example::empty()),
            ("undecided", example::undecided()),
            ("two_classes", example::two_classes()),
        ];
        for (name, report) in pages {
            let path = folder.join(format!("{name}.html"));
            std::fs::write(&path, page(&report, Charts::Inline)).expect("a page can be written");
            println!("{}", path.display());
        }
        let data = example::chart("AAPL", 187.2, 1);
        let svg = chart::standalone(&data).expect("can be drawn");
        std::fs::write(folder.join("chart.svg"), svg).expect("a chart can be written");
    }
}

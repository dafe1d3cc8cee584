//! Head of the page: the conclusion as a sentence and as a chart.

use dabnet_binarize::Scheme;
use maud::{Markup, html};

use super::{
    super::{LayerAnalysis, WeightAnalysis},
    marks::{PLOTTED, class},
};
use crate::{
    format::{grouped, percent},
    page::{ChartBar, bar_chart, facts},
};

pub(super) fn header(analysis: &WeightAnalysis) -> Markup {
    let sum = |of: fn(&LayerAnalysis) -> usize| grouped(analysis.layers.iter().map(of).sum::<usize>() as u64);
    html! {
        header {
            div {
                p.eyebrow { "dabnet analyze " code { (analysis.name) } }
                h1 { "What two values carry of each filter" }
                p.verdict { (verdict(analysis)) }
            }
            (figure(analysis))
            (facts([
                ("layers", analysis.layers.len().to_string()),
                ("filters", sum(|layer| layer.total.filters)),
                ("weights", sum(|layer| layer.total.weights)),
            ]))
        }
    }
}

/// The conclusion of the page in a few sentences.
fn verdict(analysis: &WeightAnalysis) -> String {
    let total = analysis.total();
    let [dab, sign, mean] = PLOTTED.map(|scheme| percent(total.error(scheme)));
    format!(
        "The best two values of each filter (dab) miss {dab} of the weights’ square; ±mean|W| (sign) misses \
         {sign}, a split at the mean (mean) {mean}. {}",
        advantage(total.error(Scheme::Dab), total.error(Scheme::Sign))
    )
}

fn advantage(dab: f64, sign: f64) -> String {
    let saved = if sign > 0.0 { 1.0 - dab / sign } else { 0.0 };
    match saved {
        ..0.01 => "Free values gain next to nothing here.".into(),
        _ => format!("Free values save {} of what ±mean|W| loses.", percent(saved)),
    }
}

/// Bar chart of the errors of the schemes.
fn figure(analysis: &WeightAnalysis) -> Markup {
    let total = analysis.total();
    let bar = |scheme: Scheme| {
        let error = total.error(scheme);
        ChartBar { class: class(scheme), name: scheme.name(), share: error.min(1.0), value: percent(error) }
    };
    let caption = format!("Share of the weights’ square that is missed{}", scope(analysis));
    html! { .headline { (bar_chart(&caption, PLOTTED.map(bar))) } }
}

/// Layers that the errors are of.
fn scope(analysis: &WeightAnalysis) -> &'static str {
    if analysis.has_ends() {
        ", all layers but the first and the last taken together"
    } else {
        ", all layers taken together"
    }
}

#[cfg(test)]
mod tests {
    use super::advantage;

    #[test]
    fn what_free_values_save_is_told_in_proportion() {
        assert!(advantage(0.2, 0.4).contains("50.0\u{a0}%"));
        assert!(advantage(0.4, 0.4).contains("nothing"));
        assert!(advantage(0.0, 0.0).contains("nothing"));
    }
}

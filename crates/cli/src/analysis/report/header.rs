use dabnet_binarize::Scheme;
use maud::{Markup, html};

use super::super::Analysis;
use crate::{
    page::{document::facts, number::percent},
    table::grouped,
};

pub(super) fn header(analysis: &Analysis) -> Markup {
    let sum =
        |of: fn(&super::super::Layer) -> usize| grouped(analysis.layers.iter().map(of).sum::<usize>() as u64);
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

/// The page in a sentence.
fn verdict(analysis: &Analysis) -> String {
    let total = analysis.total();
    let [dab, sign, mean] =
        [Scheme::Dab, Scheme::Sign, Scheme::Mean].map(|scheme| percent(total.error(scheme)));
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

/// The verdict as a picture.
fn figure(analysis: &Analysis) -> Markup {
    let total = analysis.total();
    let shown = [Scheme::Dab, Scheme::Sign, Scheme::Mean];
    html! {
        .headline {
            figure {
                figcaption { "Share of the weights’ square that is missed" (of_inner(analysis)) }
                ul.bars {
                    @for scheme in shown {
                        @let error = total.error(scheme);
                        li class={ "s" (super::marks::class(scheme)) } {
                            span { (scheme.name()) }
                            span.share { (percent(error)) }
                            i style={ "width:" (format!("{:.1}", 100.0 * error.min(1.0))) "%" } {}
                        }
                    }
                }
            }
        }
    }
}

/// Which layers the figures are of.
fn of_inner(analysis: &Analysis) -> &'static str {
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

//! Every layer by itself.

use dabnet_binarize::Scheme;
use maud::{Markup, html};

use super::{
    super::{LayerAnalysis, WeightAnalysis, layer::LayerDetail},
    errors,
    marks::{breakable, legend},
    responses,
};
use crate::{
    format::{counted, grouped, percent, significant},
    page::drawing,
};

/// Upper bound of layers that are shown unfolded.
const OPEN: usize = 10;

/// Width of the histogram of a layer, in units of its picture.
const WIDTH: f32 = 480.0;

pub(super) fn section(analysis: &WeightAnalysis) -> Markup {
    let detailed: Vec<(&LayerAnalysis, &LayerDetail)> =
        analysis.layers.iter().filter_map(|layer| Some((layer, layer.detail.as_ref()?))).collect();
    html! {
        section aria-labelledby="layers" {
            h2 #layers { "Each layer by itself" }
            (introduction(analysis))
            (legend())
            @if detailed.len() < analysis.layers.len() {
                p.note { (detailed.len()) " of " (analysis.layers.len()) " layers, evenly apart." }
            }
            @for (index, (layer, detail)) in detailed.iter().enumerate() {
                (article(layer, detail, detailed.len() <= OPEN || index == 0))
            }
        }
    }
}

fn introduction(analysis: &WeightAnalysis) -> Markup {
    let probe = &analysis.probe;
    let word = probe.sketch.word.as_deref().unwrap_or("the sketch given");
    html! {
        .introduction {
            div {
                p {
                    "Three filters of each layer are drawn: the one for which two free values matter least, the "
                    "middle one, and the one for which they matter most. Weights are brown where they are "
                    "positive and teal where they are negative; a tile is what the filter looks for on one of "
                    "its channels."
                }
                p { (explanation(analysis)) }
            }
            figure {
                (drawing(&probe.sketch.drawing, &format!("Sketch: {word}")))
                figcaption { "The sketch: " (word) }
            }
        }
    }
}

/// Explanation of the responses.
fn explanation(analysis: &WeightAnalysis) -> &'static str {
    if analysis.probe.layer_inputs.is_some() {
        "Below them is what each filter answers to a sketch: the trained network sees the sketch, and what \
         reaches the layer is convolved with the real filter, with ±m, and with α and β; r is the correlation \
         with the real filter’s answer."
    } else {
        "Below those of convolutions is what each filter answers if every channel it looks at is a sketch; r is \
         the correlation with the real filter’s answer. The file does not say what the network computes: for a \
         first layer this is what happens, whatever its stride; for a later one it is only an illustration."
    }
}

fn article(layer: &LayerAnalysis, detail: &LayerDetail, open: bool) -> Markup {
    html! {
        details.layer open[open] {
            summary {
                strong { (breakable(&layer.name)) }
                span { (counted(layer.total.filters, "filter", "filters")) " of " (counted(layer.n, "weight", "weights")) }
                @if let Some(end) = layer.end { span { (end) ", left alone by default" } }
                span { "dab " (percent(layer.total.error(Scheme::Dab))) " · sign " (percent(layer.total.error(Scheme::Sign))) }
            }
            .pair {
                figure {
                    figcaption { strong { "All its weights" } ", with the mean α and β and ±m of its filters" }
                    (detail.histogram.svg_of_width(WIDTH))
                    p.part { "from \u{2212}" (significant(f64::from(detail.limit))) " to " (significant(f64::from(detail.limit))) }
                }
                figure {
                    figcaption { strong { "Error of each filter" } ", sorted by that of dab" }
                    (errors::svg(&layer.name, &detail.errors))
                    @if detail.errors.len() < layer.total.filters {
                        p.part { (detail.errors.len()) " of " (grouped(layer.total.filters as u64)) " filters, evenly apart" }
                    }
                }
            }
            p.kinds { (shapes(layer)) }
            .filters.three {
                @for (example, role) in detail.examples.iter().zip(roles(detail.examples.len())) {
                    @let title = html! { "Filter " (example.index + 1) small { (role) } };
                    (example.card.markup(&title, &example.response.as_ref().map_or(html! {}, responses::row)))
                }
            }
            (responses::layer(detail))
        }
    }
}

/// Reason why each example filter is shown.
fn roles(count: usize) -> &'static [&'static str] {
    match count {
        1 => &["the only one"],
        2 => &["free values matter less", "free values matter more"],
        _ => &["free values matter least", "the middle one", "free values matter most"],
    }
}

/// Sentence on the shapes of a layer's filters, the commonest first.
fn shapes(layer: &LayerAnalysis) -> String {
    let mut shapes: Vec<(usize, &str)> =
        layer.shape_fits.iter().map(|(shape, fit)| (fit.count, shape.name())).collect();
    shapes.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let told: Vec<String> =
        shapes.iter().map(|(count, name)| format!("{} {name}", grouped(*count as u64))).collect();
    format!("Its filters by the shape of their distribution: {}.", told.join(", "))
}

//! Responses of filters to a sketch.

use maud::{Markup, html};

use super::super::{
    convolution::FeatureMap,
    layer::LayerDetail,
    response::{FilterResponse, LayerResponses},
};
use crate::{
    format::{signed, significant},
    page::{DataUriPicture, TileLayout, largest_magnitude},
};

/// Upper bound of values drawn in one picture.
const DRAWN: usize = 2304;

/// Responses of one filter side by side, on the same scale.
pub(super) fn row(response: &FilterResponse) -> Markup {
    let [real, sign, dab] = &response.maps;
    let [r_sign, r_dab] = response.correlations();
    if real.positions() == 1 {
        let value = |map: &FeatureMap| significant(f64::from(map.values[0]));
        return html! {
            p.part {
                "Answer to the sketch: " (value(real)) " with W, " (value(sign)) " with ±m, " (value(dab)) " with α, β"
            }
        };
    }
    let limit = response.maps.iter().map(|map| largest_magnitude(&map.values)).fold(0.0, f32::max);
    html! {
        .maps.answers {
            (picture(real, limit, "answer of W", "What the real weights answer"))
            (picture(sign, limit, &told(r_sign), "What plus and minus m answer"))
            (picture(dab, limit, &told(r_dab), "What alpha and beta answer"))
        }
    }
}

fn picture(map: &FeatureMap, limit: f32, caption: &str, alt: &str) -> Markup {
    let tiles = TileLayout { count: map.channels, height: map.height, width: map.width };
    html! {
        figure {
            (DataUriPicture::of_tiles(&map.values, tiles, limit).img(alt))
            figcaption { (caption) }
        }
    }
}

/// A correlation as text.
fn told(correlation: Option<f64>) -> String {
    correlation.map_or("r undefined".into(), |r| format!("r = {}", signed(r, 3)))
}

/// Input and responses of a whole layer, where the network is known.
pub(super) fn layer(detail: &LayerDetail) -> Markup {
    let (Some(input), Some(responses)) = (&detail.input, &detail.responses) else { return html! {} };
    let [sign, dab] = responses.correlations();
    let input = &input.map;
    let channels = input.channels.min((DRAWN / input.positions().max(1)).max(1));
    let seen =
        FeatureMap { channels, values: input.values[..channels * input.positions()].to_vec(), ..*input };
    html! {
        .seen {
            figure.lone[input.channels == 1] {
                (picture(&seen, largest_magnitude(&seen.values), "", "What reaches the layer"))
                figcaption {
                    "What reaches the layer: "
                    @if channels < input.channels { "the first " (channels) " of " }
                    (input.channels) @if input.channels == 1 { " channel of " } @else { " channels of " }
                    (input.height) "×" (input.width)
                }
            }
            @if responses.positions == 1 { (all(responses)) }
            p {
                "Over all filters" @if responses.positions > 1 { " and positions" } ", the answers under ±m correlate with the real ones at "
                strong { (told(sign)) } ", those under α and β at " strong { (told(dab)) } "."
            }
        }
    }
}

/// Responses of filters that give one number each.
fn all(responses: &LayerResponses) -> Markup {
    let most = responses.values.iter().map(|values| largest_magnitude(values)).fold(0.0, f32::max);
    let tiles = TileLayout::new(&[responses.values[0].len()]).at_most(DRAWN);
    let drawn = |values: &[f32]| values[..values.len().min(tiles.len())].to_vec();
    let names = ["answers of W", "of ±m", "of α, β"];
    html! {
        .maps {
            @for (values, name) in responses.values.iter().zip(names) {
                figure {
                    (DataUriPicture::of_tiles(&drawn(values), tiles, most).img(name))
                    figcaption { (name) }
                }
            }
        }
    }
}

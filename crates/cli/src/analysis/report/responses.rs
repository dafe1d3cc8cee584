//! What filters answer to a sketch.

use maud::{Markup, html};

use super::super::{
    convolution::Map,
    detail::Detail,
    response::{Response, Responses},
};
use crate::page::{
    histogram::limit,
    number::{signed, significant},
    picture::Picture,
    tiles::Tiles,
};

/// Values drawn of one picture at most.
const DRAWN: usize = 2304;

/// One filter's answers side by side, on the same scale.
pub(super) fn row(response: &Response) -> Markup {
    let [real, sign, dab] = &response.answers;
    let [r_sign, r_dab] = response.correlations();
    if real.positions() == 1 {
        let value = |map: &Map| significant(f64::from(map.values[0]));
        return html! {
            p.part {
                "Answer to the sketch: " (value(real)) " with W, " (value(sign)) " with ±m, " (value(dab)) " with α, β"
            }
        };
    }
    let limit = response.answers.iter().map(|map| limit(&map.values)).fold(0.0, f32::max);
    html! {
        .maps.answers {
            (picture(real, limit, "answer of W", "What the real weights answer"))
            (picture(sign, limit, &told(r_sign), "What plus and minus m answer"))
            (picture(dab, limit, &told(r_dab), "What alpha and beta answer"))
        }
    }
}

fn picture(map: &Map, limit: f32, caption: &str, alt: &str) -> Markup {
    let tiles = Tiles { count: map.channels, height: map.height, width: map.width };
    html! {
        figure {
            (Picture::of_tiles(&map.values, tiles, limit).img(alt))
            figcaption { (caption) }
        }
    }
}

fn told(correlation: Option<f64>) -> String {
    correlation.map_or("r undefined".into(), |r| format!("r = {}", signed(r, 3)))
}

/// What the whole layer sees and answers, where the network is known.
pub(super) fn layer(detail: &Detail) -> Markup {
    let (Some(scene), Some(responses)) = (&detail.scene, &detail.responses) else { return html! {} };
    let [sign, dab] = responses.correlations();
    let input = &scene.input;
    let channels = input.channels.min((DRAWN / input.positions().max(1)).max(1));
    let seen = Map { channels, values: input.values[..channels * input.positions()].to_vec(), ..*input };
    html! {
        .seen {
            figure.lone[input.channels == 1] {
                (picture(&seen, limit(&seen.values), "", "What reaches the layer"))
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

/// The answers of filters that give one number each.
fn all(responses: &Responses) -> Markup {
    let most = responses.values.iter().map(|values| limit(values)).fold(0.0, f32::max);
    let tiles = Tiles::new(&[responses.values[0].len()]).at_most(DRAWN);
    let drawn = |values: &[f32]| values[..values.len().min(tiles.len())].to_vec();
    let names = ["answers of W", "of ±m", "of α, β"];
    html! {
        .maps {
            @for (values, name) in responses.values.iter().zip(names) {
                figure {
                    (Picture::of_tiles(&drawn(values), tiles, most).img(name))
                    figcaption { (name) }
                }
            }
        }
    }
}

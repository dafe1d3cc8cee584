use dabnet_binarize::Split;
use maud::{Markup, html};

use super::{DataUriPicture, Histogram, TileLayout, largest_magnitude};
use crate::format::{grouped, percent, significant};

/// A filter before and after it becomes two values: pictures, histogram, values and errors.
#[derive(Clone, Debug)]
pub(crate) struct FilterCard {
    /// Layout of the drawn weights.
    tiles: TileLayout,
    /// The drawn weights: all, or the first of many.
    drawn: Vec<f32>,
    /// Number of weights.
    n: usize,
    /// Largest magnitude.
    limit: f32,
    sign: Split,
    dab: Split,
    /// Relative errors of `sign` and `dab`.
    errors: [f64; 2],
    histogram: Histogram,
}

/// Upper bound of drawn weights: more would be too small to see.
const DRAWN: usize = 2304;

/// Upper bound of weights that are still clear in a small picture.
const FEW: usize = 100;

impl FilterCard {
    /// A card of the filter `weights` under two schemes.
    pub(crate) fn new(weights: &[f32], tiles: TileLayout, sign: Split, dab: Split) -> Self {
        let tiles = tiles.at_most(DRAWN);
        let drawn = weights[..weights.len().min(tiles.count * tiles.len())].to_vec();
        Self {
            tiles,
            n: weights.len(),
            limit: largest_magnitude(weights),
            errors: [&sign, &dab].map(|split| split.relative_error(weights)),
            histogram: Histogram::new(weights, &sign, &dab),
            drawn,
            sign,
            dab,
        }
    }

    /// The card as HTML, with `more` below.
    pub(crate) fn markup(&self, title: &Markup, more: &Markup) -> Markup {
        let of = |split: Split| self.drawn.iter().map(|&weight| split.value(weight)).collect::<Vec<f32>>();
        html! {
            article.filter {
                h3 { (title) }
                .maps.many[self.drawn.len() > FEW] {
                    (self.map(&self.drawn, "W", "Real weights"))
                    (self.map(&of(self.sign), "±m", "The weights as plus and minus mean|W|"))
                    (self.map(&of(self.dab), "α, β", "The weights as alpha and beta"))
                }
                (color_scale(self.limit))
                @if self.drawn.len() < self.n {
                    p.part {
                        "Drawn: the first " (grouped(self.drawn.len() as u64)) " of its " (grouped(self.n as u64))
                        " weights."
                    }
                }
                .spread {
                    (self.histogram.svg())
                    (self.numbers())
                }
                (more)
            }
        }
    }

    fn map(&self, weights: &[f32], caption: &str, alt: &str) -> Markup {
        html! {
            figure {
                (DataUriPicture::of_tiles(weights, self.tiles, self.limit).img(alt))
                figcaption { (caption) }
            }
        }
    }

    fn numbers(&self) -> Markup {
        let value = |value: f32| significant(f64::from(value));
        html! {
            dl {
                dt { "m" } dd { (value(self.sign.alpha)) }
                dt { "K/n" } dd { (self.dab.count) "/" (self.n) }
                dt { "α" } dd { (value(self.dab.alpha)) }
                dt { "β" } dd { (value(self.dab.beta)) }
                dt { "error\u{a0}±m" } dd { (percent(self.errors[0])) }
                dt { "error\u{a0}α,\u{a0}β" } dd { (percent(self.errors[1])) }
            }
        }
    }
}

/// Legend of the color scale from `−limit` to `limit`.
pub(crate) fn color_scale(limit: f32) -> Markup {
    let end = significant(f64::from(limit));
    html! {
        .scale aria-hidden="true" { span { "\u{2212}" (end) } i {} span { "+" (end) } }
    }
}

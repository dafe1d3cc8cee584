//! Filters and shapes of distributions that two values fit badly.

use dabnet_binarize::{DistributionShape, Scheme};
use maud::{Markup, html};

use super::{
    super::{
        LayerAnalysis, WeightAnalysis,
        layer::MisfitFilter,
        statistics::{ShapeFit, ShapeFits},
    },
    marks::{breakable, class},
};
use crate::format::{grouped, percent, signed, significant};

/// Upper bound of filters shown.
const SHOWN: usize = 12;

/// Least number of filters of a shape that the text mentions.
const ENOUGH: usize = 3;

pub(super) fn section(analysis: &WeightAnalysis) -> Markup {
    let fits = analysis.shape_fits();
    html! {
        section.misfits aria-labelledby="misfits" {
            h2 #misfits { "What two values fit well, and what badly" }
            p { (sentence(&fits)) }
            (table(&fits))
            p.note {
                "Mean relative error of the filters of each shape"
                @if analysis.has_ends() { ", the first and the last layer left out" } "."
            }
            h3 { "The filters that the best two values miss most of" }
            p {
                "Of each layer " @if analysis.has_ends() { "but the first and the last, " } "two at most, the "
                "worst first; their errors under each scheme, and their values."
            }
            .worst {
                @for (layer, filter) in analysis.misfits(SHOWN) { (card(layer, filter)) }
            }
            p.note {
                "A shape is judged from moments: two-humped above a bimodality of 0.6 (Sarle’s coefficient: 1 for "
                "two values and nothing else, 1/3 Gaussian) and below a kurtosis of 10, heavy-tailed above a kurtosis of 4.5, skewed beyond "
                "a skewness of ±0.5, flat below a kurtosis of 2.2, else bell-shaped."
            }
        }
    }
}

/// Sentence on the shapes that two values fit best and worst.
fn sentence(fits: &ShapeFits) -> String {
    let mut found: Vec<(DistributionShape, &ShapeFit)> = fits
        .iter()
        .filter(|(shape, fit)| fit.count >= ENOUGH && *shape != DistributionShape::Constant)
        .collect();
    found.sort_by(|(_, a), (_, b)| a.error(Scheme::Dab).total_cmp(&b.error(Scheme::Dab)));
    let told = |(shape, fit): &(DistributionShape, &ShapeFit)| {
        format!(
            "{shape} filters ({} of them, dab misses {} on average, sign {})",
            grouped(fit.count as u64),
            percent(fit.error(Scheme::Dab)),
            percent(fit.error(Scheme::Sign))
        )
    };
    match &found[..] {
        [] => "There are too few filters to tell which kinds two values carry well.".into(),
        [only] => format!("Nearly all filters here are of one kind: {}.", told(only)),
        [best, .., worst] => {
            format!("Two values carry best {}, and worst {}.", told(best), told(worst))
        }
    }
}

fn table(fits: &ShapeFits) -> Markup {
    html! {
        .scroll {
            table.numbers {
                thead {
                    tr {
                        th scope="col" { "shape" }
                        th scope="col" { "filters" }
                        @for scheme in Scheme::ALL { th scope="col" { (scheme.name()) } }
                        th scope="col" { "dab saves of sign" }
                    }
                }
                tbody {
                    @for (shape, fit) in fits.iter() {
                        tr {
                            th scope="row" { (shape) }
                            td { (grouped(fit.count as u64)) }
                            @for scheme in Scheme::ALL { td { (percent(fit.error(scheme))) } }
                            td { (saved(fit)) }
                        }
                    }
                }
            }
        }
    }
}

fn saved(fit: &ShapeFit) -> String {
    let (dab, sign) = (fit.error(Scheme::Dab), fit.error(Scheme::Sign));
    if sign > 0.0 { percent(1.0 - dab / sign) } else { "–".into() }
}

fn card(layer: &LayerAnalysis, filter: &MisfitFilter) -> Markup {
    let statistics = &filter.statistics;
    let error = |scheme| percent(statistics.fit(scheme).relative_error);
    let (dab, sign) = (statistics.fit(Scheme::Dab).split, statistics.fit(Scheme::Sign).split);
    let value = |value: f32| significant(f64::from(value));
    let values = [
        ("α", value(dab.alpha)),
        ("β", value(dab.beta)),
        ("m", value(sign.alpha)),
        ("K/n", format!("{}/{}", statistics.fit(Scheme::Dab).split.count, statistics.count)),
    ];
    html! {
        article.filter {
            h3 { (breakable(&layer.name)) small { "filter " (filter.index + 1) ", " (statistics.moments.shape()) ", n = " (statistics.count) } }
            (filter.histogram.svg())
            dl {
                @for (scheme, (label, value)) in Scheme::ALL.into_iter().zip(values) {
                    dt.error.{ "s" (class(scheme)) } { (short(scheme)) } dd { (error(scheme)) }
                    dt { (label) } dd { (value) }
                }
                dt { "skewness" } dd { (signed(statistics.moments.skewness, 1)) }
                dt { "least" } dd { (value(statistics.least)) }
                dt { "kurtosis" } dd { (signed(statistics.moments.kurtosis, 1)) }
                dt { "greatest" } dd { (value(statistics.greatest)) }
                dt { "bimodality" } dd { (signed(statistics.moments.bimodality(), 2)) }
            }
        }
    }
}

/// Name of a scheme, short enough for a card.
const fn short(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::DabPublished => "published",
        _ => scheme.name(),
    }
}

//! What the weights went through in training.

use dabnet_train::{LayerSnapshot, WeightHistory};
use maud::{Markup, html};

use super::{super::quartiles::Quartiles, ridges};
use crate::page::{
    chart::{Chart, Line},
    number::{evenly, mean, significant},
};

/// Layers and epochs drawn at most.
const LAYERS: usize = 40;
const EPOCHS: usize = 60;

/// One layer at every epoch drawn.
pub(super) struct Course<'a> {
    pub name: &'a str,
    pub epochs: Vec<usize>,
    pub snapshots: Vec<&'a LayerSnapshot>,
}

pub(super) fn section(history: &WeightHistory) -> Markup {
    let courses = courses(history);
    if courses.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="training" {
            h2 #training { "Weights over training" }
            p {
                "From epoch 0, before the first step, to the last: how the latent weights of each layer are "
                "spread, with the means over its filters of α, β and ±m = ±mean|W|; how α and β move, with "
                "the range over the filters; and K/n, the mean with the middle half of the filters, beside that "
                "of sign. In a layer "
                "with real weights, α, β and K are those that dab would give it."
            }
            @for course in &courses { (card(course)) }
            p.note {
                "Each histogram is as high as its own peak; weights beyond the width, at most one in two "
                "hundred of any epoch, are not drawn."
            }
        }
    }
}

/// What can be drawn of a history, whoever wrote it.
fn courses(history: &WeightHistory) -> Vec<Course<'_>> {
    let snapshots: Vec<_> =
        evenly(history.snapshots.len(), EPOCHS).into_iter().map(|index| &history.snapshots[index]).collect();
    let Some(first) = snapshots.first() else { return Vec::new() };
    let course = |index: usize| {
        let name = &first.layers[index].layer;
        let found = snapshots.iter().filter_map(|snapshot| {
            let layer = snapshot.layers.iter().find(|layer| layer.layer == *name)?;
            drawable(layer).then_some((snapshot.epoch, layer))
        });
        let (epochs, snapshots): (Vec<_>, Vec<_>) = found.unzip();
        let ascending = epochs.is_sorted_by(|a, b| a < b);
        (ascending && !epochs.is_empty()).then_some(Course { name, epochs, snapshots })
    };
    evenly(first.layers.len(), LAYERS).into_iter().filter_map(course).collect()
}

fn drawable(layer: &LayerSnapshot) -> bool {
    let filters = layer.alpha.len();
    let numbers = [&layer.alpha, &layer.beta, &layer.upper_share];
    layer.least.is_finite()
        && layer.greatest.is_finite()
        && layer.least <= layer.greatest
        && layer.magnitude.is_finite()
        && layer.positive_share.is_finite()
        && numbers.into_iter().flatten().all(|number| number.is_finite())
        && layer.histogram.iter().any(|&count| count > 0)
        && filters > 0
        && [layer.beta.len(), layer.upper_share.len()] == [filters; 2]
}

fn card(course: &Course<'_>) -> Markup {
    let title = format!("α and β of layer {} over epochs", course.name);
    let shares = format!("K/n of layer {} over epochs", course.name);
    html! {
        article.course {
            h3 { (course.name) }
            .trio {
                figure { figcaption { strong { "Weights" } " by epoch: " b.s2 { "α, β" } ", " b.s1 { "±m" } } (ridges::svg(course)) }
                figure { figcaption { strong { "α and β" } ", mean and range over filters" } (values(course, &title).svg()) }
                figure { figcaption { strong { "K/n" } ", mean and middle half" } (share(course, &shares).svg()) }
            }
        }
    }
}

fn values<'a>(course: &Course<'_>, title: &'a str) -> Chart<'a> {
    let line = |name, of: fn(&LayerSnapshot) -> &[f32]| {
        let quartiles = course.quartiles(of);
        let values = course.snapshots.iter().map(|layer| average(of(layer))).collect();
        Line { name, class: 2, values, band: quartiles.iter().map(|q| (q.least, q.greatest)).collect() }
    };
    let magnitudes = || course.snapshots.iter().map(|layer| f64::from(layer.magnitude));
    let flat = |name, values| Line { name, class: 1, values, band: Vec::new() };
    let lines = vec![
        line("α", |layer| &layer.alpha),
        flat("+m", magnitudes().collect()),
        flat("\u{2212}m", magnitudes().map(|m| -m).collect()),
        line("β", |layer| &layer.beta),
    ];
    Chart { title, epochs: course.epochs.clone(), lines, format: significant }
}

fn share<'a>(course: &Course<'_>, title: &'a str) -> Chart<'a> {
    let quartiles = course.quartiles(|layer| &layer.upper_share);
    let values = course.snapshots.iter().map(|layer| average(&layer.upper_share)).collect();
    let band = quartiles.iter().map(|q| (q.lower, q.upper)).collect();
    let sign = course.snapshots.iter().map(|layer| f64::from(layer.positive_share)).collect();
    let lines = vec![
        Line { name: "K/n", class: 2, values, band },
        Line { name: "sign", class: 1, values: sign, band: Vec::new() },
    ];
    Chart { title, epochs: course.epochs.clone(), lines, format: |share| format!("{share:.3}") }
}

impl Course<'_> {
    fn quartiles(&self, of: impl Fn(&LayerSnapshot) -> &[f32]) -> Vec<Quartiles> {
        let numbers = |layer: &&LayerSnapshot| of(layer).iter().map(|&value| f64::from(value)).collect();
        self.snapshots.iter().map(|layer| Quartiles::of(numbers(layer))).collect()
    }
}

pub(super) fn average(values: &[f32]) -> f64 {
    mean(values.iter().map(|&value| f64::from(value)))
}

#[cfg(test)]
mod tests {
    use dabnet_train::WeightSnapshot;

    use super::*;

    fn layer(filters: usize) -> LayerSnapshot {
        LayerSnapshot {
            layer: "conv".into(),
            least: -1.0,
            greatest: 1.0,
            magnitude: 0.5,
            positive_share: 0.5,
            histogram: vec![1, 2, 1],
            alpha: vec![0.5; filters],
            beta: vec![-0.5; filters],
            upper_share: vec![0.5; filters],
        }
    }

    fn history(layers: Vec<LayerSnapshot>) -> WeightHistory {
        let snapshot = |(epoch, layer)| WeightSnapshot { epoch, layers: vec![layer] };
        WeightHistory { snapshots: layers.into_iter().enumerate().map(snapshot).collect() }
    }

    #[test]
    fn only_what_is_whole_is_drawn() {
        assert!(courses(&WeightHistory::default()).is_empty());
        let history = history(vec![layer(2), layer(0), layer(2)]);
        let courses = courses(&history);
        assert_eq!(courses[0].epochs, [0, 2]);
        let page = section(&history).into_string();
        assert!(page.contains("α from 0.500") && !page.contains("NaN"));
    }
}

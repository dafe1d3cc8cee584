use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use dabnet_graph::Canvas;
use rayon::prelude::*;
use serde::Serialize;

use crate::{DataError, Dataset, Part};
use dabnet_sketch::{Drawing, rasterize};

/// The canvas that ink is measured on, and the most sketches that it is measured of.
const SIDE: usize = 225;
const SAMPLE: usize = 2000;

/// Statistics of a data set, found by reading all of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatasetInspection {
    /// Sketches.
    pub count: usize,
    /// Words.
    pub classes: usize,
    /// Sketches without a word.
    pub unlabelled: usize,
    /// Sketches to train on, by the data set's split.
    pub train: usize,
    /// Sketches to choose by.
    pub validation: usize,
    /// Sketches to test on.
    pub test: usize,
    /// Distribution of sketches over the classes.
    pub balance: Option<ClassBalance>,
    /// Sketches that are strokes.
    pub strokes: usize,
    /// Sketches that are pixels of ink.
    pub rasters: usize,
    /// Pictures in color.
    pub pictures: usize,
    /// Lines of a sketch that is strokes: the median.
    pub strokes_of_each: Option<f64>,
    /// Points of a sketch that is strokes: the median.
    pub points_of_each: Option<f64>,
    /// Pixels with ink, as a fraction of all: strokes drawn at 225 pixels, rasters as they are.
    pub ink: Option<InkCoverage>,
    /// Sketches that cannot be read.
    pub broken: usize,
    /// Message of the first of them.
    pub first_broken: Option<String>,
    /// Sketches that are the same as an earlier one.
    pub duplicates: usize,
    /// Sketches to test on or to choose by that are also in another part.
    pub duplicates_across_parts: usize,
    /// Sketches that are the same as one of another word.
    pub duplicates_across_words: usize,
}

/// Distribution of sketches over the classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassBalance {
    /// A class with the fewest sketches, and how many.
    pub smallest: (String, usize),
    /// The class in the middle.
    pub median: usize,
    /// A class with the most.
    pub largest: (String, usize),
}

/// Share of a canvas that is ink, of 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct InkCoverage {
    /// Of how many sketches.
    pub sketches: usize,
    /// On average.
    pub mean: f64,
    /// Half have less.
    pub median: f64,
    /// One in a hundred has more.
    pub p99: f64,
}

/// Properties of a sketch that was read.
struct InspectedSketch {
    content: u64,
    kind: DrawingSize,
    ink: Option<f64>,
}

enum DrawingSize {
    Strokes { strokes: usize, points: usize },
    Raster,
    Picture,
}

impl DatasetInspection {
    /// Reads everything; on all threads of the current pool.
    ///
    /// # Errors
    /// If a shard cannot be read at all, as words and parts are not known then.
    pub fn of(data: &Dataset) -> Result<Self, DataError> {
        let parts = data.parts()?;
        let labels = (0..data.len()).map(|index| data.label(index)).collect::<Result<Vec<_>, _>>()?;
        let step = data.len().div_ceil(SAMPLE).max(1);
        let seen: Vec<_> = (0..data.len())
            .into_par_iter()
            .map(|index| see(data, index, index.is_multiple_of(step)))
            .collect();
        let broken: Vec<&DataError> = seen.iter().filter_map(|seen| seen.as_ref().err()).collect();
        let good = || seen.iter().flatten();
        let of_kind = |wanted: fn(&DrawingSize) -> bool| good().filter(|seen| wanted(&seen.kind)).count();
        let sizes: Vec<(usize, usize)> = good()
            .filter_map(|seen| match seen.kind {
                DrawingSize::Strokes { strokes, points } => Some((strokes, points)),
                _ => None,
            })
            .collect();
        let in_part = |part| parts.iter().filter(|other| **other == part).count();
        let duplicates = DuplicateCounts::find(&seen, &parts, &labels);
        Ok(Self {
            count: data.len(),
            classes: data.labels().len(),
            unlabelled: labels.iter().filter(|label| label.is_none()).count(),
            train: in_part(Part::Train),
            validation: in_part(Part::Validation),
            test: in_part(Part::Test),
            balance: balance(data, &labels),
            strokes: sizes.len(),
            rasters: of_kind(|kind| matches!(kind, DrawingSize::Raster)),
            pictures: of_kind(|kind| matches!(kind, DrawingSize::Picture)),
            strokes_of_each: median(sizes.iter().map(|(strokes, _)| *strokes as f64).collect()),
            points_of_each: median(sizes.iter().map(|(_, points)| *points as f64).collect()),
            ink: ink(good().filter_map(|seen| seen.ink).collect()),
            broken: broken.len(),
            first_broken: broken.first().map(ToString::to_string),
            duplicates: duplicates.all,
            duplicates_across_parts: duplicates.across_parts,
            duplicates_across_words: duplicates.across_words,
        })
    }
}

fn see(data: &Dataset, index: usize, measured: bool) -> Result<InspectedSketch, DataError> {
    let drawing = data.sketch(index)?.drawing;
    let mut hasher = DefaultHasher::new();
    data.content(index)?.hash(&mut hasher);
    let kind = match &drawing {
        Drawing::Strokes(strokes) => {
            let points = strokes.iter().map(|stroke| stroke.points.len()).sum();
            DrawingSize::Strokes { strokes: strokes.len(), points }
        }
        Drawing::Raster(_) => DrawingSize::Raster,
        Drawing::Picture(_) => DrawingSize::Picture,
    };
    let share = |ink: &[u8]| ink.iter().filter(|ink| **ink > 0).count() as f64 / ink.len() as f64;
    let ink = measured.then(|| match &drawing {
        Drawing::Strokes(_) => Some(share(&rasterize(&drawing, &Canvas::to_measure(SIDE)))),
        Drawing::Raster(raster) => Some(share(raster.ink())),
        Drawing::Picture(_) => None,
    });
    Ok(InspectedSketch { content: hasher.finish(), kind, ink: ink.flatten() })
}

struct DuplicateCounts {
    all: usize,
    across_parts: usize,
    across_words: usize,
}

impl DuplicateCounts {
    /// Two drawings with the same hash of 64 bits are taken for the same: among a million, that two others
    /// share one has a chance of one in thirty million.
    fn find(seen: &[Result<InspectedSketch, DataError>], parts: &[Part], labels: &[Option<usize>]) -> Self {
        let mut groups: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, seen) in seen.iter().enumerate() {
            if let Ok(seen) = seen {
                groups.entry(seen.content).or_default().push(index);
            }
        }
        let mut found = Self { all: 0, across_parts: 0, across_words: 0 };
        for group in groups.values().filter(|group| group.len() > 1) {
            found.all += group.len() - 1;
            let elsewhere = |index: &&usize| group.iter().any(|other| parts[*other] != parts[**index]);
            found.across_parts +=
                group.iter().filter(|index| parts[**index] != Part::Train).filter(elsewhere).count();
            found.across_words += group.iter().filter(|index| labels[**index] != labels[group[0]]).count();
        }
        found
    }
}

fn balance(data: &Dataset, labels: &[Option<usize>]) -> Option<ClassBalance> {
    let mut counts = vec![0; data.labels().len()];
    labels.iter().flatten().for_each(|label| counts[*label] += 1);
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|label| counts[*label]);
    let named = |label: usize| (data.labels()[label].clone(), counts[label]);
    Some(ClassBalance {
        smallest: named(*order.first()?),
        median: counts[order[order.len() / 2]],
        largest: named(*order.last()?),
    })
}

fn ink(mut shares: Vec<f64>) -> Option<InkCoverage> {
    shares.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| shares[((shares.len() - 1) as f64 * share).round() as usize];
    (!shares.is_empty()).then(|| InkCoverage {
        sketches: shares.len(),
        mean: shares.iter().sum::<f64>() / shares.len() as f64,
        median: at(0.5),
        p99: at(0.99),
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

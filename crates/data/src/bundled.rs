use std::collections::BTreeSet;

use dabnet_sketch::{Sketch, read_bytes};

use crate::DataError;

/// Sketches with labels, some to train on and some to test with.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The words, in alphabetical order; a label is an index into them.
    pub labels: Vec<String>,
    /// What to train on.
    pub train: Vec<Example>,
    /// What to report on, and nothing else.
    pub test: Vec<Example>,
}

/// A sketch and what it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The sketch.
    pub sketch: Sketch,
    /// The index of its word in [`Dataset::labels`].
    pub label: usize,
}

impl Dataset {
    /// Labels sketches by their words.
    ///
    /// # Errors
    /// [`DataError::Unlabelled`] where a sketch has no word.
    pub fn new(train: Vec<Sketch>, test: Vec<Sketch>) -> Result<Self, DataError> {
        let words: BTreeSet<String> = train.iter().chain(&test).filter_map(|s| s.word.clone()).collect();
        let labels: Vec<String> = words.into_iter().collect();
        let train = label("train", train, &labels)?;
        let test = label("test", test, &labels)?;
        Ok(Self { labels, train, test })
    }

    /// The data set that is part of this library: 20 words of Google's *Quick, Draw!*, 170
    /// sketches of each to train on and 30 to test with, licensed CC BY 4.0.
    ///
    /// # Errors
    /// None that the data as shipped can give.
    pub fn bundled() -> Result<Self, DataError> {
        let read = |name: &str, bytes: &[u8]| read_bytes(name, bytes)?.collect::<Result<Vec<_>, _>>();
        Self::new(
            read("quickdraw-20/train", include_bytes!("../../../data/quickdraw-20/train.ndjson.gz"))?,
            read("quickdraw-20/test", include_bytes!("../../../data/quickdraw-20/test.ndjson.gz"))?,
        )
    }
}

fn label(part: &'static str, sketches: Vec<Sketch>, labels: &[String]) -> Result<Vec<Example>, DataError> {
    let label = |(index, sketch): (usize, Sketch)| {
        let place = sketch.word.as_ref().and_then(|word| labels.binary_search(word).ok());
        let label = place.ok_or(DataError::Unlabelled { part, index })?;
        Ok(Example { sketch, label })
    };
    sketches.into_iter().enumerate().map(label).collect()
}

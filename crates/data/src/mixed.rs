use rand::Rng;
use rand_pcg::Pcg64;

use crate::{DataError, DataExamples, Examples};

/// Labelled sketches, and behind them sketches of which only what teachers answer is learned.
///
/// An epoch goes through all of them in one random order.
pub struct MixedExamples<'a> {
    labelled: DataExamples<'a>,
    others: Vec<DataExamples<'a>>,
}

impl<'a> MixedExamples<'a> {
    /// All of `labelled`, and then each of `others` in turn, whose labels are not asked for.
    pub fn new(labelled: DataExamples<'a>, others: Vec<DataExamples<'a>>) -> Self {
        Self { labelled, others }
    }

    /// The data set that has an example, and which of its it is.
    fn place(&self, mut index: usize) -> (&DataExamples<'a>, usize) {
        for part in std::iter::once(&self.labelled).chain(&self.others) {
            if index < part.len() {
                return (part, index);
            }
            index -= part.len();
        }
        panic!("there are not so many examples")
    }
}

impl Examples for MixedExamples<'_> {
    fn len(&self) -> usize {
        self.labelled.len() + self.others.iter().map(DataExamples::len).sum::<usize>()
    }

    fn labelled(&self) -> usize {
        self.labelled.len()
    }

    fn label(&self, index: usize) -> usize {
        self.labelled.label(index)
    }

    fn draw(&self, index: usize, rng: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        let (part, index) = self.place(index);
        part.draw(index, rng)
    }

    fn viewers(&self) -> usize {
        self.labelled.viewers()
    }

    fn draw_for(&self, viewer: usize, index: usize, rng: &Pcg64) -> Result<Vec<f32>, DataError> {
        let (part, index) = self.place(index);
        part.draw_for(viewer, index, rng)
    }
}

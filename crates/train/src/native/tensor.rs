use dabnet_graph::Shape;
use rayon::prelude::*;

/// Values that a thread takes at a time.
const CHUNK: usize = 1 << 14;

/// Activations of a batch in `NHWC` order.
///
/// How threads share it follows from its size, so that no sum depends on their number.
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    /// Shape of one example.
    pub shape: Shape,
    pub values: Vec<f32>,
}

impl Tensor {
    pub(crate) fn zeros(examples: usize, shape: Shape) -> Self {
        Self { shape, values: vec![0.0; examples * shape.elements()] }
    }

    /// Builds a tensor from examples in `NCHW` order.
    pub(crate) fn from_examples(values: &[f32], shape: Shape) -> Self {
        let examples = values.par_chunks(shape.elements());
        let values = examples.flat_map_iter(|example| transpose(example, shape.positions()));
        Self { shape, values: values.collect() }
    }

    /// Returns the examples in `NCHW` order.
    pub(crate) fn to_examples(&self) -> Vec<f32> {
        let examples = self.values.par_chunks(self.shape.elements());
        examples.flat_map_iter(|example| transpose(example, self.shape.channels)).collect()
    }

    pub(crate) fn examples(&self) -> usize {
        self.values.len() / self.shape.elements()
    }

    /// Positions of all examples.
    pub(crate) fn positions(&self) -> usize {
        self.values.len() / self.shape.channels
    }

    /// Changes values where they are.
    pub(crate) fn map(mut self, change: impl Fn(&mut f32) + Sync) -> Self {
        self.values.par_chunks_mut(CHUNK).for_each(|values| values.iter_mut().for_each(&change));
        self
    }

    /// Updates each value in place by the value of `other` at the same index.
    pub(crate) fn zip(mut self, other: &Self, change: impl Fn(&mut f32, f32) + Sync) -> Self {
        let chunks = self.values.par_chunks_mut(CHUNK).zip(other.values.par_chunks(CHUNK));
        chunks.for_each(|(values, other)| {
            values.iter_mut().zip(other).for_each(|(value, other)| change(value, *other));
        });
        self
    }

    /// Updates the channels of each position in place.
    pub(crate) fn map_positions(mut self, change: impl Fn(&mut [f32]) + Sync) -> Self {
        let (channels, chunk) = (self.shape.channels, self.chunk());
        self.values
            .par_chunks_mut(chunk)
            .for_each(|values| values.chunks_exact_mut(channels).for_each(&change));
        self
    }

    /// Updates the channels of each position in place by those of `other`.
    pub(crate) fn zip_positions(mut self, other: &Self, change: impl Fn(&mut [f32], &[f32]) + Sync) -> Self {
        let (channels, chunk) = (self.shape.channels, self.chunk());
        let chunks = self.values.par_chunks_mut(chunk).zip(other.values.par_chunks(chunk));
        chunks.for_each(|(values, other)| {
            let positions = values.chunks_exact_mut(channels).zip(other.chunks_exact(channels));
            positions.for_each(|(values, other)| change(values, other));
        });
        self
    }

    /// Maps each example to one of another shape, written by `fill`.
    pub(crate) fn map_examples(&self, shape: Shape, fill: impl Fn(&[f32], &mut [f32]) + Sync) -> Self {
        let mut result = Self::zeros(self.examples(), shape);
        let examples = result.values.par_chunks_mut(shape.elements());
        examples.zip(self.values.par_chunks(self.shape.elements())).for_each(|(to, from)| fill(from, to));
        result
    }

    /// Sums `N` terms over all positions, per channel; `of` computes the terms from the channel and the
    /// values of this tensor and of `other`.
    pub(crate) fn sums<const N: usize>(
        &self,
        other: &Self,
        of: impl Fn(usize, f32, f32) -> [f32; N] + Sync,
    ) -> [Vec<f64>; N] {
        let (channels, chunk) = (self.shape.channels, self.chunk());
        let chunks = self.values.par_chunks(chunk).zip(other.values.par_chunks(chunk));
        let parts: Vec<Vec<f32>> = chunks
            .map(|(values, other)| {
                let mut sums = vec![0.0; N * channels];
                let positions = values.chunks_exact(channels).zip(other.chunks_exact(channels));
                for (values, other) in positions {
                    add_terms(&mut sums, values, other, &of);
                }
                sums
            })
            .collect();
        std::array::from_fn(|term| {
            let channel = |channel| parts.iter().map(|part| f64::from(part[term * channels + channel])).sum();
            (0..channels).map(channel).collect()
        })
    }

    /// Whole positions that a thread takes at a time, in values.
    pub(crate) fn chunk(&self) -> usize {
        (CHUNK / self.shape.channels).max(1) * self.shape.channels
    }
}

#[inline(always)]
fn add_terms<const N: usize>(
    sums: &mut [f32],
    values: &[f32],
    other: &[f32],
    of: impl Fn(usize, f32, f32) -> [f32; N],
) {
    let channels = values.len();
    let mut rows = sums.chunks_exact_mut(channels);
    let rows: [&mut [f32]; N] = std::array::from_fn(|_| rows.next().expect("a row a term"));
    for (channel, (value, other)) in values.iter().zip(other).enumerate() {
        let terms = of(channel, *value, *other);
        for term in 0..N {
            rows[term][channel] += terms[term];
        }
    }
}

/// From `rows × inner` to `inner × rows`, where there are `inner` values in a row.
pub(super) fn transpose(values: &[f32], inner: usize) -> Vec<f32> {
    if inner == 1 || inner == values.len() {
        return values.to_vec();
    }
    (0..inner).flat_map(|at| values[at..].iter().step_by(inner).copied()).collect()
}

/// The channels of `parts`, one part after another.
pub(super) fn concat(parts: &[&Tensor], shape: Shape) -> Tensor {
    let mut whole = Tensor::zeros(parts[0].examples(), shape);
    whole.values.par_chunks_mut(shape.channels).enumerate().for_each(|(position, values)| {
        let mut rest = values;
        for part in parts {
            let channels = part.shape.channels;
            let (to, after) = rest.split_at_mut(channels);
            to.copy_from_slice(&part.values[position * channels..][..channels]);
            rest = after;
        }
    });
    whole
}

/// The parts of `shapes` that were put together.
pub(super) fn split_channels(whole: &Tensor, shapes: impl Iterator<Item = Shape>) -> Vec<Tensor> {
    let parts = shapes.scan(0, |first, shape| {
        let channels = *first..*first + shape.channels;
        let positions = whole.values.par_chunks(whole.shape.channels);
        let values = positions.flat_map_iter(|values| &values[channels.clone()]).copied().collect();
        *first += shape.channels;
        Some(Tensor { shape, values })
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_come_back_as_they_were() {
        for (count, shape) in [(1, Shape::new(3, 2, 5)), (7, Shape::new(1, 4, 4)), (9, Shape::new(5, 1, 1))] {
            let values: Vec<f32> = (0..count * shape.elements()).map(|at| at as f32).collect();
            let tensor = Tensor::from_examples(&values, shape);
            assert_eq!((tensor.examples(), tensor.to_examples()), (count, values));
        }
        let tensor = Tensor::from_examples(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], Shape::new(2, 1, 3));
        assert_eq!(tensor.values, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}

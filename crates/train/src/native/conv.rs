use std::{borrow::Cow, ops::Range};

use dabnet_graph::{Conv2d, Shape};
use dabnet_matrix::{
    MatrixElement, MatrixViewMut, PackedPanels, PackedRows, WriteMode, bf16, multiply_packed,
};
use rayon::prelude::*;

use super::depthwise::DepthwiseConv;
use super::patches::{ConvWindows, KernelTaps};
use super::tensor::{Tensor, transpose};

/// Numbers that patches may take while they are multiplied: about what a second-level cache holds.
const SCRATCH: usize = 1 << 18;
/// Parts that a product is cut into at least.
const PARTS: usize = 4;
/// Positions that a part has at least, where there are as many.
const FEW: usize = 32;
/// Positions per partial sum of the weight gradient.
const DEPTH: usize = 1024;
/// Channels from which the weight gradient is parallelized over taps.
const MANY_CHANNELS: usize = 32;
/// Upper bound of the channels, or filters, of a part, inclusive.
const WIDE: usize = 256;

/// A convolution with its effective weights, `OIHW`.
#[derive(Clone, Copy)]
pub(super) struct Convolution<'a> {
    weights: &'a [f32],
    windows: ConvWindows,
    groups: usize,
    /// True if products are computed in bfloat16.
    mixed_precision: bool,
}

impl<'a> Convolution<'a> {
    pub(crate) fn new(
        conv: &Conv2d,
        weights: &'a [f32],
        [input, output]: [Shape; 2],
        mixed_precision: bool,
    ) -> Self {
        let windows = ConvWindows::new(conv, input, output);
        Self { weights, windows, groups: conv.groups, mixed_precision }
    }

    pub(crate) fn forward(&self, input: &Tensor) -> Tensor {
        if let Some(depthwise) = self.depthwise() {
            return depthwise.forward(input);
        }
        if self.mixed_precision { self.forward_in::<bf16>(input) } else { self.forward_in::<f32>(input) }
    }

    /// Gradients with respect to the weights and, where needed, to the input, from that with respect to the
    /// output.
    pub(crate) fn gradients(
        &self,
        input: &Tensor,
        gradient: &Tensor,
        input_gradient_needed: bool,
    ) -> (Vec<f32>, Option<Tensor>) {
        if let Some(depthwise) = self.depthwise() {
            let weights = transpose(&depthwise.weight_gradient(input, gradient), self.groups);
            return (weights, input_gradient_needed.then(|| depthwise.input_gradient(gradient)));
        }
        if self.mixed_precision {
            self.gradients_in::<bf16>(input, gradient, input_gradient_needed)
        } else {
            self.gradients_in::<f32>(input, gradient, input_gradient_needed)
        }
    }

    fn gradients_in<T: MatrixElement>(
        &self,
        input: &Tensor,
        gradient: &Tensor,
        input_gradient_needed: bool,
    ) -> (Vec<f32>, Option<Tensor>) {
        let gradient = converted::<T>(&gradient.values);
        let weights = self.weight_gradient(&converted::<T>(&input.values), &gradient);
        (weights, input_gradient_needed.then(|| self.input_gradient(input.examples(), &gradient)))
    }

    /// This convolution as a depthwise one, if each filter sees a single channel.
    fn depthwise(&self) -> Option<DepthwiseConv<'_>> {
        let [input, output] = [self.windows.input, self.windows.output].map(|shape| shape.channels);
        let is_depthwise = self.groups > 1 && self.groups == input && self.groups == output;
        is_depthwise.then(|| DepthwiseConv {
            windows: &self.windows,
            weights: transpose(self.weights, self.windows.taps()),
        })
    }

    fn forward_in<T: MatrixElement>(&self, input: &Tensor) -> Tensor {
        let (inner, channels) = (self.inner(), self.windows.output.channels);
        let mut output = Tensor::zeros(input.examples(), self.windows.output);
        let values = converted::<T>(&input.values);
        let weights = self.patch_order::<T>();
        let panels = self.per_group_parts(channels, WIDE, |filters| {
            let column = |at| &weights[(filters.start + at) * inner..][..inner];
            PackedPanels::of_columns(inner, filters.len(), column)
        });
        let step = part_size(output.positions(), SCRATCH / inner);
        let parts = output.values.par_chunks_mut(step * channels).enumerate();
        parts.for_each_init(PackedRows::default, |patches, (part, filled)| {
            let first = part * step;
            let positions = first..first + filled.len() / channels;
            for (group, panels) in panels.iter().enumerate() {
                self.gather(&values, group, positions.clone(), patches);
                for (filters, panels) in panels {
                    let mut product = MatrixViewMut::new(filled, channels).columns(filters.clone());
                    multiply_packed(&mut product, patches, panels, WriteMode::Replace);
                }
            }
        });
        output
    }

    fn weight_gradient<T: MatrixElement>(&self, input: &[T], gradient: &[T]) -> Vec<f32> {
        let positions = gradient.len() / self.windows.output.channels;
        let chunks: Vec<Range<usize>> =
            (0..positions).step_by(DEPTH).map(|first| first..positions.min(first + DEPTH)).collect();
        let mut whole = vec![0.0; self.weights.len()];
        for (group, whole) in whole.chunks_mut(self.filters() * self.inner()).enumerate() {
            let outputs: Vec<PackedRows<T>> =
                chunks.par_iter().map(|chunk| self.output_rows(gradient, group, chunk.clone())).collect();
            if self.channels() < MANY_CHANNELS {
                self.gradient_by_positions(input, group, &chunks, &outputs, whole);
            } else {
                self.gradient_by_taps(input, group, &chunks, &outputs, whole);
            }
        }
        whole
    }

    fn input_gradient<T: MatrixElement>(&self, examples: usize, gradient: &[T]) -> Tensor {
        let (inner, filters, windows) = (self.inner(), self.filters(), &self.windows);
        let [inputs, outputs] = [windows.input, windows.output];
        let mut filled = Tensor::zeros(examples, inputs);
        let weights = self.patch_order::<T>();
        let panels = self.per_group_parts(self.groups * inner, WIDE * windows.taps(), |taps| {
            let (group, first) = (taps.start / inner, taps.start % inner);
            let row = |filter| &weights[(group * filters + filter) * inner + first..][..taps.len()];
            PackedPanels::of(filters, taps.len(), row)
        });
        let fit = SCRATCH / (inner * outputs.positions());
        let step = fit.min(examples.div_ceil(PARTS)).max(FEW.div_ceil(outputs.positions()));
        let parts = filled.values.par_chunks_mut(step * inputs.elements());
        let parts = parts.zip(gradient.par_chunks(step * outputs.elements()));
        parts.for_each_init(
            || (PackedRows::default(), Vec::new()),
            |(rows, patches), (filled, values)| {
                let positions = values.len() / outputs.channels;
                rows.reshape(positions, filters);
                patches.resize(positions * inner, 0.0);
                for (group, panels) in panels.iter().enumerate() {
                    for (at, values) in values.chunks_exact(outputs.channels).enumerate() {
                        rows.row_mut(at).copy_from_slice(&values[group * filters..][..filters]);
                    }
                    for (taps, panels) in panels {
                        let taps = taps.start - group * inner..taps.end - group * inner;
                        let mut product = MatrixViewMut::new(patches, inner).columns(taps);
                        multiply_packed(&mut product, rows, panels, WriteMode::Replace);
                    }
                    for (position, patch) in patches.chunks_exact(inner).enumerate() {
                        for taps in windows.rows(self.channels_of(group)) {
                            windows.scatter(&patch[windows.patch_range(&taps)], &taps, position, filled);
                        }
                    }
                }
            },
        );
        filled
    }

    /// Applies `of` to ranges of at most `most` of `count` filters or taps. Returns the results of each
    /// group.
    fn per_group_parts<P: Send>(
        &self,
        count: usize,
        most: usize,
        of: impl Fn(&Range<usize>) -> P + Sync,
    ) -> Vec<Vec<(Range<usize>, P)>> {
        let per_group = count / self.groups;
        let groups = (0..count).step_by(per_group).map(|first| {
            let end = first + per_group;
            let parts = (first..end).step_by(most).map(move |first| first..end.min(first + most));
            let parts: Vec<Range<usize>> = parts.collect();
            parts.into_par_iter().map(|part| (part.clone(), of(&part))).collect()
        });
        groups.collect()
    }

    /// Gathers the whole patches at the given output positions (im2col).
    fn gather<T: MatrixElement>(
        &self,
        values: &[T],
        group: usize,
        positions: Range<usize>,
        patches: &mut PackedRows<T>,
    ) {
        patches.reshape(positions.len(), self.inner());
        for taps in self.windows.rows(self.channels_of(group)) {
            let patch_range = self.windows.patch_range(&taps);
            for (at, position) in positions.clone().enumerate() {
                let patch = &mut patches.row_mut(at)[patch_range.clone()];
                self.windows.gather(values, &taps, position, patch);
            }
        }
    }

    /// Transposed output of a group at some positions: a row per filter.
    fn output_rows<T: MatrixElement>(
        &self,
        gradient: &[T],
        group: usize,
        positions: Range<usize>,
    ) -> PackedRows<T> {
        let (channels, first) = (self.windows.output.channels, group * self.filters());
        let mut rows = PackedRows::new(self.filters(), positions.len());
        let values = &gradient[positions.start * channels..positions.end * channels];
        for filter in 0..self.filters() {
            let column = values[first + filter..].iter().step_by(channels);
            rows.row_mut(filter).iter_mut().zip(column).for_each(|(to, from)| *to = *from);
        }
        rows
    }

    /// Weight gradient of a group with short patches, parallel over positions.
    fn gradient_by_positions<T: MatrixElement>(
        &self,
        input: &[T],
        group: usize,
        chunks: &[Range<usize>],
        outputs: &[PackedRows<T>],
        whole: &mut [f32],
    ) {
        let inner = self.inner();
        let parts =
            chunks.par_iter().zip(outputs).map_init(PackedRows::default, |patches, (chunk, outputs)| {
                self.gather(input, group, chunk.clone(), patches);
                let panels = PackedPanels::of(chunk.len(), inner, |at| patches.row(at));
                let mut sums = vec![0.0; self.filters() * inner];
                multiply_packed(
                    &mut MatrixViewMut::new(&mut sums, inner),
                    outputs,
                    &panels,
                    WriteMode::Replace,
                );
                sums
            });
        let mut sums = vec![0.0; whole.len()];
        for part in parts.collect::<Vec<_>>() {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        for (filter, sums) in whole.chunks_exact_mut(inner).zip(sums.chunks_exact(inner)) {
            filter.copy_from_slice(&transpose(sums, self.channels()));
        }
    }

    /// Weight gradient of a group with many channels, parallel over taps.
    fn gradient_by_taps<T: MatrixElement>(
        &self,
        input: &[T],
        group: usize,
        chunks: &[Range<usize>],
        outputs: &[PackedRows<T>],
        whole: &mut [f32],
    ) {
        let channels = self.channels_of(group);
        let ranges = channels.clone().step_by(WIDE).map(|first| first..channels.end.min(first + WIDE));
        let parts: Vec<KernelTaps> = ranges.flat_map(|channels| self.windows.single_taps(channels)).collect();
        let parts: Vec<(KernelTaps, Vec<f32>)> = parts
            .into_par_iter()
            .map(|tap| {
                let sums = self.gradient_of_tap(input, &tap, chunks, outputs);
                (tap, sums)
            })
            .collect();
        let per_channel = self.windows.taps();
        whole.par_chunks_exact_mut(self.inner()).enumerate().for_each(|(at, filter)| {
            for (tap, sums) in &parts {
                let start = (tap.channels.start - channels.start) * per_channel + self.windows.tap_index(tap);
                let to = filter[start..].iter_mut().step_by(per_channel);
                to.zip(&sums[at * tap.len()..][..tap.len()]).for_each(|(to, sum)| *to = *sum);
            }
        });
    }

    /// Gradient of all filters' weights of one tap, a row per filter.
    fn gradient_of_tap<T: MatrixElement>(
        &self,
        input: &[T],
        tap: &KernelTaps,
        chunks: &[Range<usize>],
        outputs: &[PackedRows<T>],
    ) -> Vec<f32> {
        let len = tap.len();
        let mut sums = vec![0.0; self.filters() * len];
        let (mut panels, padding) = (PackedPanels::default(), vec![T::default(); len]);
        for (chunk, outputs) in chunks.iter().zip(outputs) {
            panels.pack(chunk.len(), len, |at| {
                self.windows.tap_values(input, tap, chunk.start + at).unwrap_or(&padding)
            });
            multiply_packed(&mut MatrixViewMut::new(&mut sums, len), outputs, &panels, WriteMode::Add);
        }
        sums
    }

    /// Weights reordered to match patches, a row per filter.
    fn patch_order<T: MatrixElement>(&self) -> Vec<T> {
        let (inner, taps) = (self.inner(), self.windows.taps());
        let weights = converted::<T>(self.weights);
        let mut ordered = vec![T::default(); weights.len()];
        ordered.par_chunks_mut(inner).zip(weights.par_chunks(inner)).for_each(|(ordered, filter)| {
            for (tap, ordered) in ordered.chunks_exact_mut(inner / taps).enumerate() {
                let channels = filter[tap..].iter().step_by(taps);
                ordered.iter_mut().zip(channels).for_each(|(to, from)| *to = *from);
            }
        });
        ordered
    }

    /// Number of filters per group.
    fn filters(&self) -> usize {
        self.windows.output.channels / self.groups
    }

    /// Channels that a filter sees.
    fn channels(&self) -> usize {
        self.windows.input.channels / self.groups
    }

    /// Channels that the filters of a group see.
    fn channels_of(&self, group: usize) -> Range<usize> {
        group * self.channels()..(group + 1) * self.channels()
    }

    /// Weights of a filter.
    fn inner(&self) -> usize {
        self.channels() * self.windows.taps()
    }
}

/// Number of positions per part, where scratch memory holds `fit`.
fn part_size(positions: usize, fit: usize) -> usize {
    fit.min(positions.div_ceil(PARTS)).max(FEW).next_multiple_of(FEW)
}

/// Converts values to number type `T`, without a copy where that is the same type.
fn converted<T: MatrixElement>(values: &[f32]) -> Cow<'_, [T]> {
    const CHUNK: usize = 1 << 14;
    if let Some(same) = T::unrounded(values) {
        return Cow::Borrowed(same);
    }
    let mut converted = vec![T::default(); values.len()];
    let chunks = converted.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK));
    chunks.for_each(|(converted, values)| T::round(values, converted));
    Cow::Owned(converted)
}

use std::borrow::Cow;
use std::ops::Range;

use dabnet_graph::{Conv2d, Shape};
use dabnet_matrix::{Matrix, MatrixMut, Write, multiply};
use rayon::prelude::*;

use super::patches::Windows;
use super::tensor::{Block, Tensor};

/// Numbers that patches may take while they are multiplied: about what a second-level cache holds.
const SCRATCH: usize = 1 << 18;
/// Positions of the output that are worth a block of their own; blocks of fewer are put together.
const NARROW: usize = 64;
/// Filters that a thread takes at a time where there are few positions.
const FILTERS: usize = 64;
/// The most taps whose weights' gradient a thread takes at a time, and the parts that all are cut into
/// at least.
const TAPS: usize = 512;
const PARTS: usize = 4;
/// Fewer taps than this are no part of their own.
const FEW_TAPS: usize = 32;

/// A convolution with its effective weights, `OIHW`.
#[derive(Clone, Copy)]
pub(super) struct Convolution<'a> {
    weights: &'a [f32],
    windows: Windows,
    groups: usize,
}

impl<'a> Convolution<'a> {
    pub fn new(conv: &Conv2d, weights: &'a [f32], input: Shape, output: Shape) -> Self {
        Self { weights, windows: Windows::new(conv, input, output), groups: conv.groups }
    }

    pub fn forward(&self, input: &Tensor) -> Tensor {
        let output = self.windows.output;
        if !self.is_narrow(input) {
            return input.map(output, |block, filled| self.forward_block(block, filled));
        }
        let merged = input.merged();
        let mut filled = Block::zeros(merged.examples, output);
        let per_channel = filled.per_channel(output);
        for group in 0..self.groups {
            let (mut scratch, rows) = (Vec::new(), self.rows(&merged));
            let patches = self.patches(group, 0..self.inner(), rows, &merged, &mut scratch);
            let filters =
                &mut filled.values[group * self.filters() * per_channel..][..self.filters() * per_channel];
            filters.par_chunks_mut(FILTERS * per_channel).enumerate().for_each(|(chunk, filled)| {
                let first = chunk * FILTERS;
                let weights = self.group(group).rows(first..first + filled.len() / per_channel);
                multiply(&mut MatrixMut::new(filled, per_channel), weights, patches, Write::Replace);
            });
        }
        Tensor::parted(&filled, output, input)
    }

    /// The gradient with respect to the weights, from that with respect to the output.
    pub fn weight_gradient(&self, input: &Tensor, gradient: &Tensor) -> Vec<f32> {
        let inner = self.inner();
        let parts = inner.div_ceil(TAPS).max(PARTS.min(inner / FEW_TAPS)).max(1);
        let per_part = inner.div_ceil(parts);
        let ranges = (0..inner).step_by(per_part).map(|first| first..inner.min(first + per_part));
        let tasks: Vec<(usize, Range<usize>)> =
            (0..self.groups).flat_map(|group| ranges.clone().map(move |range| (group, range))).collect();
        let [input, gradient] = [input, gradient].map(|tensor| self.gathered(tensor));
        let pairs: Vec<(&Block, &Block)> = input.iter().zip(gradient.iter()).collect();
        let parts: Vec<Vec<f32>> = tasks
            .par_iter()
            .map(|(group, range)| self.part_of_weight_gradient(*group, range.clone(), &pairs))
            .collect();
        let mut whole = vec![0.0; self.weights.len()];
        for ((group, range), part) in tasks.iter().zip(&parts) {
            let filters = whole[group * self.filters() * inner..].chunks_mut(inner);
            for (filter, part) in filters.zip(part.chunks(range.len())) {
                filter[range.clone()].copy_from_slice(part);
            }
        }
        whole
    }

    /// The gradient with respect to the input.
    pub fn input_gradient(&self, gradient: &Tensor) -> Tensor {
        let input = self.windows.input;
        if !self.is_narrow(gradient) {
            return gradient.map(input, |gradient, filled| self.input_gradient_block(gradient, filled));
        }
        let merged = gradient.merged();
        let mut filled = Block::zeros(merged.examples, input);
        let per_channel = filled.per_channel(input);
        let rows = self.rows(&merged);
        for group in 0..self.groups {
            let channels =
                &mut filled.values[group * self.channels() * per_channel..][..self.channels() * per_channel];
            let at_once = (TAPS / self.windows.taps()).max(1);
            channels.par_chunks_mut(at_once * per_channel).enumerate().for_each(|(chunk, filled)| {
                let first = chunk * at_once * self.windows.taps();
                let taps = first..first + filled.len() / per_channel * self.windows.taps();
                let weights = self.group(group).columns(taps.clone()).transposed();
                let mut patches = vec![0.0; taps.len() * rows.len() * self.windows.output.width];
                let mut product = MatrixMut::new(&mut patches, rows.len() * self.windows.output.width);
                multiply(&mut product, weights, self.outputs(group, &merged), Write::Replace);
                self.windows.scatter(&patches, 0..taps.len(), rows.clone(), filled, per_channel);
            });
        }
        Tensor::parted(&filled, input, gradient)
    }

    fn forward_block(&self, block: &Block, filled: &mut [f32]) {
        let (width, inner) = (self.windows.output.width, self.inner());
        let per_channel = block.examples * self.windows.output.positions();
        let mut scratch = Vec::new();
        for (group, filled) in filled.chunks_mut(self.filters() * per_channel).enumerate() {
            for rows in self.strips(block, inner) {
                let patches = self.patches(group, 0..inner, rows.clone(), block, &mut scratch);
                let columns = rows.start * width..rows.end * width;
                let mut product = MatrixMut::new(filled, per_channel).columns(columns);
                multiply(&mut product, self.group(group), patches, Write::Replace);
            }
        }
    }

    fn input_gradient_block(&self, gradient: &Block, filled: &mut [f32]) {
        let (width, inner) = (self.windows.output.width, self.inner());
        let per_channel = gradient.examples * self.windows.input.positions();
        let mut scratch = Vec::new();
        for (group, filled) in filled.chunks_mut(self.channels() * per_channel).enumerate() {
            let (weights, outputs) = (self.group(group).transposed(), self.outputs(group, gradient));
            if self.windows.is_pointwise() {
                multiply(&mut MatrixMut::new(filled, per_channel), weights, outputs, Write::Replace);
                continue;
            }
            for rows in self.strips(gradient, inner) {
                let columns = rows.start * width..rows.end * width;
                scratch.resize(inner * columns.len(), 0.0);
                let mut product = MatrixMut::new(&mut scratch, columns.len());
                multiply(&mut product, weights, outputs.columns(columns), Write::Replace);
                self.windows.scatter(&scratch, 0..inner, rows, filled, per_channel);
            }
        }
    }

    fn part_of_weight_gradient(
        &self,
        group: usize,
        taps: Range<usize>,
        pairs: &[(&Block, &Block)],
    ) -> Vec<f32> {
        let width = self.windows.output.width;
        let (mut sums, mut scratch) = (vec![0.0; self.filters() * taps.len()], Vec::new());
        for (input, gradient) in pairs {
            for rows in self.strips(input, taps.len()) {
                let columns = rows.start * width..rows.end * width;
                let patches = self.patches(group, taps.clone(), rows, input, &mut scratch);
                let outputs = self.outputs(group, gradient).columns(columns);
                let mut product = MatrixMut::new(&mut sums, taps.len());
                multiply(&mut product, outputs, patches.transposed(), Write::Add);
            }
        }
        sums
    }

    /// Whether blocks have too few positions for products of their own.
    fn is_narrow(&self, tensor: &Tensor) -> bool {
        tensor.blocks.len() > 1 && tensor.blocks[0].per_channel(self.windows.output) < NARROW
    }

    /// The blocks of a tensor, put together where they are narrow.
    fn gathered<'t>(&self, tensor: &'t Tensor) -> Cow<'t, [Block]> {
        if self.is_narrow(tensor) { Cow::Owned(vec![tensor.merged()]) } else { Cow::Borrowed(&tensor.blocks) }
    }

    /// Rows of the output that are worked on at once.
    fn strips(&self, block: &Block, taps: usize) -> impl Iterator<Item = Range<usize>> {
        let all = self.rows(block).end;
        let fit =
            if self.windows.is_pointwise() { all } else { SCRATCH / (taps * self.windows.output.width) };
        let step = fit.clamp(1, all);
        (0..all).step_by(step).map(move |first| first..all.min(first + step))
    }

    /// All rows of the output, over examples.
    fn rows(&self, block: &Block) -> Range<usize> {
        0..block.examples * self.windows.output.height
    }

    fn patches<'s>(
        &self,
        group: usize,
        taps: Range<usize>,
        rows: Range<usize>,
        block: &'s Block,
        scratch: &'s mut Vec<f32>,
    ) -> Matrix<'s> {
        let per_channel = block.per_channel(self.windows.input);
        let channels = &block.values[group * self.channels() * per_channel..];
        self.windows.gather(&channels[..self.channels() * per_channel], per_channel, taps, rows, scratch)
    }

    /// The weights of a group, a row a filter.
    fn group(&self, group: usize) -> Matrix<'a> {
        let filters = self.filters();
        Matrix::new(self.weights, self.inner()).rows(group * filters..(group + 1) * filters)
    }

    /// What a group gives, a row a filter.
    fn outputs<'b>(&self, group: usize, block: &'b Block) -> Matrix<'b> {
        let filters = self.filters();
        let per_channel = block.per_channel(self.windows.output);
        Matrix::new(&block.values, per_channel).rows(group * filters..(group + 1) * filters)
    }

    /// Filters of a group.
    fn filters(&self) -> usize {
        self.windows.output.channels / self.groups
    }

    /// Channels that a filter sees.
    fn channels(&self) -> usize {
        self.windows.input.channels / self.groups
    }

    /// Weights of a filter.
    fn inner(&self) -> usize {
        self.channels() * self.windows.taps()
    }
}

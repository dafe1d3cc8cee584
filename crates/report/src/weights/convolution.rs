use dabnet_graph::{Conv2d, Padding};

/// Values of `channels × height × width`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FeatureMap {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub values: Vec<f32>,
}

impl FeatureMap {
    /// Number of values per channel.
    pub(super) fn positions(&self) -> usize {
        self.height * self.width
    }
}

/// A convolution over a feature map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Convolution {
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    pub stride: usize,
    /// Zero padding.
    pub padding: Padding,
}

impl From<&Conv2d> for Convolution {
    fn from(conv: &Conv2d) -> Self {
        Self { kernel: [conv.kernel; 2], stride: conv.stride, padding: conv.padding }
    }
}

impl Convolution {
    /// Convolves a map with filters of `channels × kernel` weights each: one output channel per filter.
    pub(super) fn run(self, input: &FeatureMap, filters: &[f32]) -> FeatureMap {
        let taps = self.kernel[0] * self.kernel[1];
        let Padding { top, left, bottom, right } = self.padding;
        let extent = |padded: usize, axis: usize| padded.saturating_sub(self.kernel[axis]) / self.stride + 1;
        let (height, width) = (extent(input.height + top + bottom, 0), extent(input.width + left + right, 1));
        let channels = filters.len() / (taps * input.channels).max(1);
        let mut values = vec![0.0; channels * height * width];
        for (filter, output) in
            filters.chunks_exact(taps * input.channels).zip(values.chunks_mut(height * width))
        {
            for (tile, channel) in filter.chunks_exact(taps).zip(input.values.chunks(input.positions())) {
                for (tap, &weight) in tile.iter().enumerate() {
                    self.add(weight, tap, channel, [input.height, input.width], output, width);
                }
            }
        }
        FeatureMap { channels, height, width, values }
    }

    /// Adds the contribution of one weight on one input channel.
    fn add(
        self,
        weight: f32,
        tap: usize,
        channel: &[f32],
        [height, width]: [usize; 2],
        output: &mut [f32],
        columns: usize,
    ) {
        // Where the first position sees this weight, the padding counted.
        let (row, column) = (tap / self.kernel[1], tap % self.kernel[1]);
        for (y, sums) in output.chunks_mut(columns).enumerate() {
            let from = (y * self.stride + row).wrapping_sub(self.padding.top);
            if from >= height {
                continue;
            }
            let line = &channel[from * width..][..width];
            for (x, sum) in sums.iter_mut().enumerate() {
                let from = (x * self.stride + column).wrapping_sub(self.padding.left);
                *sum += weight * line.get(from).copied().unwrap_or(0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(height: usize, values: &[f32]) -> FeatureMap {
        FeatureMap { channels: 1, height, width: values.len() / height, values: values.to_vec() }
    }

    #[test]
    fn a_filter_moves_over_the_map() {
        let convolution = Convolution { kernel: [2, 2], stride: 1, padding: Padding::NONE };
        let input = map(3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        let answer = convolution.run(&input, &[1.0, 0.0, 0.0, 10.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!((answer.channels, answer.height, answer.width), (2, 2, 2));
        assert_eq!(answer.values, [51.0, 62.0, 84.0, 95.0, 12.0, 16.0, 24.0, 28.0]);
    }

    #[test]
    fn zeros_lie_around_and_steps_are_kept() {
        let convolution = Convolution {
            kernel: [3, 1],
            stride: 2,
            padding: Padding { top: 1, bottom: 1, ..Padding::NONE },
        };
        let answer = convolution.run(&map(3, &[1.0, 2.0, 3.0]), &[1.0, 10.0, 100.0]);
        assert_eq!((answer.height, answer.width), (2, 1));
        assert_eq!(answer.values, [210.0, 32.0]);
    }

    #[test]
    fn channels_are_summed() {
        let convolution = Convolution { kernel: [1, 1], stride: 1, padding: Padding::NONE };
        let input = FeatureMap { channels: 2, height: 1, width: 2, values: vec![1.0, 2.0, 3.0, 4.0] };
        assert_eq!(convolution.run(&input, &[1.0, 10.0]).values, [31.0, 42.0]);
    }
}

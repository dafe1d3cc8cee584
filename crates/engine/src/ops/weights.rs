/// Negates the columns of a matrix in which `falling` is true.
pub(crate) fn negate_columns(matrix: &mut [f32], falling: &[bool]) {
    for row in matrix.chunks_exact_mut(falling.len()) {
        row.iter_mut().zip(falling).filter(|(_, falls)| **falls).for_each(|(weight, _)| *weight = -*weight);
    }
}

/// Transposes convolution weights `[out, in, kernel, kernel]` to a matrix with one row per window element, in
/// memory order, and one column per filter.
pub(super) fn window_major(weights: &[f32], filters: usize, in_channels: usize, kernel: usize) -> Vec<f32> {
    let taps = kernel * kernel;
    let mut matrix = vec![0.0; weights.len()];
    for (filter, weights) in weights.chunks_exact(taps * in_channels).enumerate() {
        for (channel, weights) in weights.chunks_exact(taps).enumerate() {
            for (tap, &weight) in weights.iter().enumerate() {
                matrix[(tap * in_channels + channel) * filters + filter] = weight;
            }
        }
    }
    matrix
}

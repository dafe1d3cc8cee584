use super::{BlockOperands, BlockSums, DEPTH, TILE, WIDTH};

/// On any processor.
pub(super) fn add(block: &mut BlockSums, operands: BlockOperands<'_>) {
    let BlockOperands { left, step, right, depth } = operands;
    for (line, row) in block.iter_mut().zip(left.chunks(step)) {
        for (sums, panel) in line.as_chunks_mut::<WIDTH>().0.iter_mut().zip(right) {
            for (row, tile) in row.chunks(DEPTH).zip(panel.chunks(TILE)).take(depth) {
                for (pair, numbers) in row.chunks(2).zip(tile.chunks(2 * WIDTH)) {
                    let [first, second] = [pair[0], pair[1]].map(f32::from);
                    for (sum, both) in sums.iter_mut().zip(numbers.as_chunks::<2>().0) {
                        *sum += first * f32::from(both[0]) + second * f32::from(both[1]);
                    }
                }
            }
        }
    }
}

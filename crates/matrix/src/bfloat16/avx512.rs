//! AVX-512 with pairwise products of bfloat16 (Intel SDM, VDPBF16PS).
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{BlockOperands, BlockSums, DEPTH, HEIGHT, TILE, WIDTH};

/// Rows whose sums stay in registers.
const LINES: usize = 8;

pub(super) fn is_there() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16")
}

pub(super) fn add(block: &mut BlockSums, operands: BlockOperands<'_>) {
    let BlockOperands { left, step, right, depth } = operands;
    assert!(left.len() >= (HEIGHT - 1) * step + depth * DEPTH, "rows are too short");
    assert!(right.iter().all(|panel| panel.len() >= depth * TILE), "panels are too short");
    for (lines, left) in block.as_chunks_mut::<LINES>().0.iter_mut().zip(left.chunks(LINES * step)) {
        // SAFETY: kernels are chosen where the processor has these instructions, and the lengths of all operands
        // have been compared with what is read.
        unsafe { add_lines(lines, left, step, right, depth) }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn add_lines(
    lines: &mut [[f32; 2 * WIDTH]; LINES],
    left: &[half::bf16],
    step: usize,
    right: [&[half::bf16]; 2],
    depth: usize,
) {
    // SAFETY: a line holds two vectors; `add` has seen to the lengths of rows and panels.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); 2]; LINES];
        for (sums, line) in sums.iter_mut().zip(lines.iter()) {
            *sums = [_mm512_loadu_ps(line.as_ptr()), _mm512_loadu_ps(line.as_ptr().add(WIDTH))];
        }
        for pair in 0..depth * DEPTH / 2 {
            let vectors = right.map(|panel| {
                let numbers = panel.as_ptr().add(pair * 2 * WIDTH).cast();
                std::mem::transmute::<__m512i, __m512bh>(_mm512_loadu_si512(numbers))
            });
            for (line, sums) in sums.iter_mut().enumerate() {
                let both = left.as_ptr().add(line * step + 2 * pair).cast::<i32>().read_unaligned();
                let both = std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(both));
                *sums = [
                    _mm512_dpbf16_ps(sums[0], both, vectors[0]),
                    _mm512_dpbf16_ps(sums[1], both, vectors[1]),
                ];
            }
        }
        for (sums, line) in sums.iter().zip(lines.iter_mut()) {
            _mm512_storeu_ps(line.as_mut_ptr(), sums[0]);
            _mm512_storeu_ps(line.as_mut_ptr().add(WIDTH), sums[1]);
        }
    }
}

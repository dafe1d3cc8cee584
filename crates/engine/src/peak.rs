use std::{hint::black_box, time::Instant};

use crate::{EngineError, Isa, kernels::Kernels};

/// One-bit multiply-accumulates a second that one core reaches with XOR, population count and addition
/// on registers and nothing from memory: what a binary layer can be compared with.
///
/// Takes about a tenth of a second. The best of several runs counts, since anything else the machine
/// does only slows it.
///
/// # Errors
/// [`EngineError::Isa`] if this machine lacks the instruction set.
pub fn peak_bit_macs(isa: Isa) -> Result<f64, EngineError> {
    const RUNS: usize = 12;
    const ROUNDS: usize = 200_000;
    let kernels = Kernels::new(isa)?;
    let seconds = |_| {
        let start = Instant::now();
        black_box(kernels.busy(black_box(ROUNDS)));
        start.elapsed().as_secs_f64()
    };
    let best = (0..RUNS).map(seconds).fold(f64::INFINITY, f64::min);
    Ok((ROUNDS * kernels.busy_bits()) as f64 / best)
}

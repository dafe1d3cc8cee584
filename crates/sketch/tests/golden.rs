//! Canvases are what models were trained on, bit for bit.

use crate::common::{CANVAS, bundled};
use dabnet_graph::Canvas;
use dabnet_sketch::rasterize;

/// Fowler, Noll and Vo's hash (FNV-1a).
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Only where sines and exponentials are those of glibc: other libraries round a few of them
/// differently, and then some pixels differ by a grey level.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod augmented {
    use dabnet_sketch::Augmentation;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64;

    use super::*;

    /// The pixels of every tenth bundled test sketch, at two sizes, and then one more number of the
    /// generator, which tells whether as many were drawn as before.
    fn drawn(augment: Augmentation) -> u64 {
        let mut rng = Pcg64::seed_from_u64(7);
        hash(bundled("test").iter().step_by(10).flat_map(|example| {
            let strokes = example.drawing.to_strokes();
            let mut ink = augment.apply(&strokes, &CANVAS, &mut rng);
            ink.extend(augment.apply(&strokes, &Canvas::to_measure(225), &mut rng));
            ink.extend(rng.next_u64().to_le_bytes());
            ink
        }))
    }

    #[test]
    fn light_augmentation() {
        assert_eq!(drawn(Augmentation::light()), 7_060_025_978_073_128_585);
    }

    #[test]
    fn no_augmentation() {
        assert_eq!(drawn(Augmentation::none()), 1_212_197_789_096_139_576);
    }
}

/// On every machine: nothing is drawn with more than sums, products, quotients and roots.
#[test]
fn rasterized() {
    let canvases = [CANVAS, Canvas::to_measure(225), Canvas { line_width: 0.3, ..CANVAS }];
    let ink = bundled("test")
        .into_iter()
        .step_by(5)
        .flat_map(|sketch| canvases.map(|canvas| rasterize(&sketch.drawing, &canvas)).concat());
    assert_eq!(hash(ink), 7_097_221_345_398_313_119);
}

//! On which side of its filter's threshold every latent weight is.

use dabnet_graph::Graph;

use crate::{Effective, Parameters};

/// The latent weights of every binary layer, a bit each, eight a byte, in the order of the graph.
pub(crate) fn latent_bits(
    graph: &Graph,
    parameters: &Parameters,
    effective: &[Option<Effective>],
) -> Vec<Vec<u8>> {
    let binary = graph.convolutions().filter(|(_, _, conv)| conv.precision.binary_weights());
    binary
        .filter_map(|(id, _, conv)| {
            let latent = parameters.get(id, "weight");
            let splits = &effective[id].as_ref()?.splits;
            let filters = latent.chunks(latent.len() / conv.out_channels).zip(splits);
            let upper = filters.flat_map(|(filter, split)| filter.iter().map(|&w| split.is_upper(w)));
            Some(packed(upper, latent.len()))
        })
        .collect()
}

fn packed(bits: impl Iterator<Item = bool>, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count.div_ceil(8)];
    bits.enumerate().for_each(|(at, bit)| bytes[at / 8] |= u8::from(bit) << (at % 8));
    bytes
}

/// The share of `count` bits that differ.
pub(crate) fn flipped_share(before: &[u8], after: &[u8], count: usize) -> f32 {
    let flipped: u32 = before.iter().zip(after).map(|(a, b)| (a ^ b).count_ones()).sum();
    f64::from(flipped) as f32 / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flips_are_counted() {
        let bits = |text: &str| packed(text.chars().map(|bit| bit == '1'), text.len());
        assert_eq!(flipped_share(&bits("1010101010"), &bits("1010101001"), 10), 0.2);
    }
}

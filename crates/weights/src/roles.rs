//! Heuristic for the first and last layer of a file without a graph.

use crate::{LayerRole, Tensor};

/// Parts of names of embedding tables, which are no operand of a product.
const TABLES: [&str; 2] = ["embed", "position"];
const TABLE: &str = "an embedding by its name";

/// Assigns roles to tensors by their names and shapes alone.
///
/// The first layer is the one whose input channels no other layer puts out, the last the one whose
/// outputs no other takes in, as they are or flattened; among several, the first and the last by name, numbers in names
/// counted as such. None is the first beside a table of embeddings. A depthwise layer, of one input a filter, is first only if nothing else is.
pub(crate) fn assign(tensors: &mut [Tensor]) {
    for tensor in tensors.iter_mut() {
        let name = tensor.name.to_lowercase();
        tensor.role = match tensor.obstacle() {
            Some(obstacle) => LayerRole::Other(obstacle),
            None if TABLES.iter().any(|table| name.contains(table)) => LayerRole::Other(TABLE),
            None => LayerRole::Inner,
        };
    }
    let mut layers: Vec<usize> =
        (0..tensors.len()).filter(|&i| tensors[i].role == LayerRole::Inner).collect();
    layers.sort_by_cached_key(|&i| natural(&tensors[i].name));
    let inputs = |i: usize| tensors[i].shape[1];
    let outputs = |i: usize| tensors[i].shape[0];
    let others = |i: usize| layers.iter().copied().filter(move |&other| other != i);

    let unfed = |i: &usize| others(*i).all(|other| outputs(other) != inputs(*i));
    // A linear layer of many inputs more likely follows a flattened map than begins a network.
    let flattened = |i: &usize| tensors[*i].shape.len() == 2 && inputs(*i) > 4;
    let first = layers
        .iter()
        .copied()
        .filter(unfed)
        .min_by_key(|i| (flattened(i), inputs(*i) == 1 && outputs(*i) > 1))
        .or(layers.first().copied());
    let feeds = |i: usize, other: usize| {
        let flattens = tensors[i].shape.len() > 2 && tensors[other].shape.len() == 2;
        inputs(other) == outputs(i) || flattens && inputs(other).is_multiple_of(outputs(i))
    };
    let unread = |i: &usize| others(*i).all(|other| !feeds(*i, other));
    let last = layers.iter().copied().rev().find(unread).or(layers.last().copied());
    if let Some(last) = last {
        tensors[last].role = LayerRole::Last;
    }
    // Where there is a table, it is what sees the input.
    let has_table = tensors.iter().any(|tensor| tensor.role == LayerRole::Other(TABLE));
    if let Some(first) = first.filter(|_| !has_table) {
        tensors[first].role = LayerRole::First;
    }
}

/// A name in pieces that sort as people count: `conv2` before `conv10`.
fn natural(name: &str) -> Vec<(u64, String)> {
    let mut pieces: Vec<(u64, String)> = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(letters);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        pieces.push((0, text.to_owned()));
        pieces.push((number.parse().unwrap_or(u64::MAX), String::new()));
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FilterAxis, NumberFormat};

    fn roles(tensors: &[(&str, &[usize])]) -> (String, String) {
        let mut tensors: Vec<Tensor> = tensors
            .iter()
            .map(|(name, shape)| Tensor {
                name: (*name).to_owned(),
                shape: shape.to_vec(),
                dtype: "F32".into(),
                number: Some(NumberFormat::F32),
                filters: FilterAxis::First,
                role: LayerRole::Inner,
                file: 0,
                bytes: Some(0..1),
            })
            .collect();
        assign(&mut tensors);
        let name = |role| tensors.iter().find(|t| t.role == role).map(|t| t.name.clone()).unwrap_or_default();
        (name(LayerRole::First), name(LayerRole::Last))
    }

    fn found(first: &str, last: &str) -> (String, String) {
        (first.to_owned(), last.to_owned())
    }

    #[test]
    fn a_chain_of_convolutions_by_its_channels() {
        let chain: &[(&str, &[usize])] = &[
            ("conv8.weight", &[250, 512, 1, 1]),
            ("conv1.weight", &[64, 1, 15, 15]),
            ("conv2.weight", &[128, 64, 5, 5]),
            ("conv7.weight", &[512, 128, 7, 7]),
            ("conv1.bias", &[64]),
        ];
        assert_eq!(roles(chain), found("conv1.weight", "conv8.weight"));
    }

    #[test]
    fn names_out_of_order_do_not_matter() {
        let resnet: &[(&str, &[usize])] = &[
            ("conv1.weight", &[64, 3, 7, 7]),
            ("fc.weight", &[1000, 512]),
            ("layer1.0.conv1.weight", &[64, 64, 3, 3]),
            ("layer2.0.conv1.weight", &[512, 64, 3, 3]),
        ];
        assert_eq!(roles(resnet), found("conv1.weight", "fc.weight"));
    }

    #[test]
    fn depthwise_layers_are_not_first() {
        let mobile: &[(&str, &[usize])] = &[
            ("blocks.0.dw.weight", &[32, 1, 3, 3]),
            ("blocks.0.pw.weight", &[64, 32, 1, 1]),
            ("classifier.weight", &[2, 64]),
            ("stem.weight", &[32, 3, 3, 3]),
        ];
        assert_eq!(roles(mobile), found("stem.weight", "classifier.weight"));
    }

    #[test]
    fn a_flattened_map_is_not_first() {
        let vgg: &[(&str, &[usize])] = &[
            ("classifier.0.weight", &[4096, 25088]),
            ("classifier.6.weight", &[1000, 4096]),
            ("features.0.weight", &[512, 3, 3, 3]),
        ];
        assert_eq!(roles(vgg), found("features.0.weight", "classifier.6.weight"));
    }

    #[test]
    fn where_shapes_say_nothing_names_do() {
        let square: &[(&str, &[usize])] = &[("l10", &[8, 8]), ("l2", &[8, 8]), ("l1", &[8, 8])];
        assert_eq!(roles(square), found("l1", "l10"));
        assert_eq!(roles(&[("embed.weight", &[99, 8]), ("a", &[8, 4]), ("b", &[2, 8])]), found("", "b"));
        assert_eq!(roles(&[("only", &[8, 4])]), found("only", ""));
    }
}

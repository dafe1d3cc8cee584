//! The numbers, for programs and for the terminal.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use dabnet_binarize::Scheme;
use serde::Serialize;

use super::{Analysis, Layer, Total, quartiles::Quartiles};
use crate::{
    page::number::percent,
    table::{self, grouped},
};

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    input: &'a str,
    filters: usize,
    weights: usize,
    /// Of the inner layers taken together.
    relative_error: BTreeMap<&'static str, Error>,
    tensors: Vec<Tensor<'a>>,
}

#[derive(Serialize)]
struct Tensor<'a> {
    name: &'a str,
    shape: &'a [usize],
    filters: usize,
    n: usize,
    /// Why it is left alone by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_alone: Option<&'static str>,
    upper_share: BTreeMap<&'static str, Quartiles>,
    relative_error: BTreeMap<&'static str, Error>,
    /// How many filters have each shape.
    shapes: BTreeMap<&'static str, usize>,
}

/// What two values miss.
#[derive(Serialize)]
struct Error {
    /// Mean over filters.
    mean: f64,
    /// Of all weights taken together.
    total: f64,
}

impl<'a> Summary<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        Self {
            input: &analysis.name,
            filters: analysis.layers.iter().map(|layer| layer.total.filters).sum(),
            weights: analysis.layers.iter().map(|layer| layer.total.weights).sum(),
            relative_error: errors(&analysis.total()),
            tensors: analysis.layers.iter().map(Tensor::new).collect(),
        }
    }
}

impl<'a> Tensor<'a> {
    fn new(layer: &'a Layer) -> Self {
        let shares = Scheme::ALL.into_iter().zip(layer.shares);
        Self {
            name: &layer.name,
            shape: &layer.shape,
            filters: layer.total.filters,
            n: layer.n,
            left_alone: layer.end,
            upper_share: shares.map(|(scheme, share)| (scheme.name(), share)).collect(),
            relative_error: errors(&layer.total),
            shapes: layer.kinds.iter().map(|(shape, kind)| (shape.name(), kind.count)).collect(),
        }
    }
}

fn errors(total: &Total) -> BTreeMap<&'static str, Error> {
    let error = |scheme| Error { mean: total.mean_error(scheme), total: total.error(scheme) };
    Scheme::ALL.into_iter().map(|scheme| (scheme.name(), error(scheme))).collect()
}

/// A line a layer.
pub(super) fn print(analysis: &Analysis) -> io::Result<()> {
    let mut header = vec!["tensor", "filters", "n", "K/n"];
    header.extend(Scheme::ALL.map(Scheme::name));
    let mut table = table::new(&header);
    for layer in &analysis.layers {
        let mut numbers = vec![
            grouped(layer.total.filters as u64),
            grouped(layer.n as u64),
            format!("{:.3}", layer.shares[Scheme::Dab as usize].median),
        ];
        numbers.extend(Scheme::ALL.map(|scheme| percent(layer.total.error(scheme))));
        table.add_row(table::row(&layer.name, numbers));
    }
    writeln!(
        io::stdout(),
        "{table}\nUnder each scheme: squared error relative to that of zeros. K/n: its median among filters."
    )
}

//! Which layers of a network keep real inputs: measured on what it is trained on.

use dabnet_graph::Policy;
use dabnet_report::format::grouped;
use dabnet_sketch::{DataExamples, Examples, Part, SketchError, stream};
use dabnet_train::{HybridLayer, Trained, hybrid_layers};
use rayon::prelude::*;

use crate::{data::Data, error::CliError, table, threads, training::Settings};

/// Training sketches that are measured on, evenly from among all.
const MEASURED: usize = 512;
/// What the randomness of sketches that are measured on is drawn for, should they ask for any.
const MEASURE: u8 = 4;

/// Decides by what `trained` makes of sketches of the training part, as they are.
pub(crate) fn measured(
    settings: &Settings,
    data: &Data,
    trained: &Trained,
    keep: Option<usize>,
) -> Result<Vec<HybridLayer>, CliError> {
    let binary = Settings { policy: Policy::Fbin, ..settings.clone() }.graph(data.set.labels().len())?;
    let examples = DataExamples::new(&data.set, Part::Train, settings.view()?)?.still();
    let count = examples.len().min(MEASURED);
    threads::pool(settings.train.threads)?.install(|| {
        let draw = |at: usize| {
            let index = at * examples.len() / count;
            examples.draw(index, &mut stream(settings.train.seed, MEASURE, 0, index))
        };
        let inputs = (0..count).into_par_iter().map(draw).collect::<Result<Vec<_>, SketchError>>()?;
        Ok(hybrid_layers(trained, &binary, &inputs, keep)?)
    })
}

/// The policy by which those layers keep real inputs that had better.
pub(crate) fn policy(layers: &[HybridLayer]) -> Policy {
    let real: Vec<String> =
        layers.iter().filter(|layer| layer.real).map(|layer| layer.layer.clone()).collect();
    if real.is_empty() { Policy::Fbin } else { Policy::Hybrid(real) }
}

/// What was measured, a row a layer.
pub(crate) fn table(layers: &[HybridLayer]) -> comfy_table::Table {
    let mut table = table::new(&["layer", "input error", "MACs", "% of all", "error/share", "inputs"]);
    table.add_rows(layers.iter().map(|layer| {
        let numbers = [
            format!("{:.3}", layer.error),
            grouped(layer.macs),
            format!("{:.1}", 100.0 * layer.share),
            format!("{:.2}", layer.gain),
            if layer.real { "real" } else { "binary" }.to_owned(),
        ];
        table::row(&layer.layer, numbers)
    }));
    table
}

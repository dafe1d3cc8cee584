//! Choice of the layers that keep real inputs, by measurement on training sketches.

use dabnet_data::{DataError, Examples, Part, SketchExamples, random_stream};
use dabnet_graph::Policy;
use dabnet_report::format::grouped;
use dabnet_train::{HybridLayer, TrainedNetwork, hybrid_layers};
use rayon::prelude::*;

use crate::{data::LoadedData, error::CliError, evaluation::thread_pool, output, training::RunSettings};

/// Upper bound of training sketches to measure on, evenly from among all.
const MEASURED: usize = 512;
/// Random stream of the sketches that are measured on.
const MEASURE: u8 = 4;

/// Measures every layer on training sketches without augmentation.
pub(crate) fn measure_layers(
    settings: &RunSettings,
    data: &LoadedData,
    trained: &TrainedNetwork,
    keep: Option<usize>,
) -> Result<Vec<HybridLayer>, CliError> {
    let binary = RunSettings { policy: Policy::Fbin, ..settings.clone() }.graph(data.set.labels().len())?;
    let examples = SketchExamples::new(&data.set, Part::Train, settings.view()?)?.still();
    let count = examples.len().min(MEASURED);
    thread_pool(settings.train.threads)?.install(|| {
        let draw = |at: usize| {
            let index = at * examples.len() / count;
            examples.draw(index, &mut random_stream(settings.train.seed, MEASURE, 0, index))
        };
        let inputs = (0..count).into_par_iter().map(draw).collect::<Result<Vec<_>, DataError>>()?;
        Ok(hybrid_layers(trained, &binary, &inputs, keep)?)
    })
}

/// Policy under which the chosen layers keep real inputs.
pub(crate) fn policy(layers: &[HybridLayer]) -> Policy {
    let real: Vec<String> =
        layers.iter().filter(|layer| layer.real).map(|layer| layer.layer.clone()).collect();
    if real.is_empty() { Policy::Fbin } else { Policy::Hybrid(real) }
}

/// Table of the measurements, one row per layer.
pub(crate) fn table(layers: &[HybridLayer]) -> comfy_table::Table {
    let mut table = output::table(&["layer", "input error", "MACs", "% of all", "error/share", "inputs"]);
    table.add_rows(layers.iter().map(|layer| {
        let numbers = [
            format!("{:.3}", layer.error),
            grouped(layer.macs),
            format!("{:.1}", 100.0 * layer.share),
            format!("{:.2}", layer.gain),
            if layer.real { "real" } else { "binary" }.to_owned(),
        ];
        output::row(&layer.layer, numbers)
    }));
    table
}

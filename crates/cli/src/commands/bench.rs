use std::path::PathBuf;

use clap::Args;
use dabnet_engine::{Isa, Model, PackedModel};
use dabnet_graph::{Canvas, Preprocessing};

use super::network::{GivenNetwork, NetworkArgs};
use crate::{
    bench::{self, BenchOptions, BenchResult, NetworkComparison},
    error::{CliError, ExitCode},
    models, output,
};

/// Measure how fast a network runs on this machine.
///
/// An architecture in place of a model gets random weights.
///
/// Takes real sketches as input and reports the median and 99th percentile of the time for a batch
/// (drawing not included), sketches a second, memory, and energy where Linux shows what the processor
/// counts (RAPL): that of whole packages, so nothing else should run. Threads share the positions of every layer
/// if the batch is one sketch, and the sketches if it is more.
///
/// With --per-layer: the time of each layer, and for binary layers the share of what one core
/// reaches with XOR, population count and addition on registers and nothing else, which is measured
/// first.
///
/// With --compare: the network of an ONNX file on one thread, in ONNX Runtime in 32-bit floats and 8-bit integers, and here as it is
/// and with binary layers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet bench --model models/quickdraw-20 --per-layer
  dabnet bench --arch sketch-a-net --policy fbin --isa avx2
  dabnet bench --arch sketch-a-net-64 --batch 32 --threads 2 --json
  dabnet bench --compare mine.onnx --python venv/bin/python",
    mut_group("subject", |group| group.arg("compare")))]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    network: NetworkArgs,

    /// ONNX network of your own, measured in ONNX Runtime and here
    #[arg(long, value_name = "FILE", conflicts_with_all = ["policy", "activation", "shortcuts", "input_bits", "end_bits", "classes", "isa", "threads", "batch", "per_layer"])]
    compare: Option<PathBuf>,

    /// Python that has onnxruntime and onnx, for --compare
    #[arg(long, value_name = "PROGRAM", default_value = "python3", requires = "compare")]
    python: PathBuf,

    /// Instruction set: scalar, sse4, avx2, avx512bw, avx512, neon or simd128 [default: DABNET_ISA, or the fastest there is]
    #[arg(long, value_name = "ISA")]
    isa: Option<Isa>,

    /// Number of threads
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: u16,

    /// Batch size in sketches
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,

    /// Duration of the measurement in seconds
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS", value_parser = seconds)]
    seconds: f64,

    /// Measure each layer, too
    #[arg(long)]
    per_layer: bool,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl BenchArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        if let Some(network) = &self.compare {
            let found = NetworkComparison::new(network, self.network.side(), &self.python, self.seconds)?;
            if self.json {
                output::print_json(&found.json(network))?;
            } else {
                found.print(network, Isa::select()?.name())?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let isa = self.isa.map_or_else(Isa::select, Ok)?;
        let packed = self.packed()?;
        let file_bytes = packed.to_bytes()?.len() as u64;
        let model = Model::with_isa(packed, isa)?;
        let (threads, batch) = (usize::from(self.threads), usize::from(self.batch));
        let load = BenchOptions {
            // More than share the sketches of a batch have nothing to do.
            threads: if batch == 1 { threads } else { threads.min(batch) },
            batch,
            seconds: self.seconds,
            per_layer: self.per_layer,
        };
        let measurement = BenchResult::new(&model, &load)?;
        let name = self.network.name();
        if self.json {
            output::print_json(&bench::summary(&name, &model, &load, &measurement, file_bytes))?;
        } else {
            bench::print(&name, &model, &load, &measurement, file_bytes)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn packed(&self) -> Result<PackedModel, CliError> {
        match self.network.given()? {
            GivenNetwork::Model(path) => models::packed(&path),
            GivenNetwork::Architecture(graph) => {
                let preprocessing = Preprocessing::lines(Canvas::to_measure(graph.input_shape().height));
                preprocessing.validate()?;
                Ok(PackedModel::random(graph, preprocessing, 0))
            }
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("give a number from 0.01 to 3600".into()),
    }
}

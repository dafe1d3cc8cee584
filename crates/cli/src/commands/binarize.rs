use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use comfy_table::Row;
use dabnet_binarize::{Granularity, Scheme};
use dabnet_report::format::grouped;
use dabnet_weights::{
    BinarizeReport, OutputFormat, TensorOutcome, TensorReport, TensorSelection, WeightSource, binarize,
};
use serde_json::{Value, json};

use crate::{
    error::{CliError, ExitCode},
    output::{self, ReplaceArgs},
    progress::ByteProgress,
};

/// Replace every filter of a network by two values, after training.
///
/// Reads safetensors (a file, the index of several, or a folder with either) and ONNX, whatever the
/// network. By default the weights of all layers but the first and the last are binarized: those of
/// convolutions and matrix products, in F32, F16 or BF16; not those of transposed convolutions. In an
/// ONNX model with branches there may be several first and last layers. In a safetensors file, which
/// has no graph, they are told by shapes and names: see what the table says, and use --include.
///
/// OUT holds one bit a weight and two values a filter, or with --dense the input again with each
/// weight replaced by its value, for whatever reads the input.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet binarize model.safetensors -o packed.safetensors
  dabnet binarize model.onnx -o binary.onnx --dense
  dabnet binarize in.safetensors -o out.safetensors --exclude '*.downsample.*'
  dabnet binarize in.safetensors.index.json -o folder --granularity group:128")]
pub(crate) struct BinarizeArgs {
    /// Network: a safetensors file, its index, a folder, or an ONNX model
    #[arg(value_name = "IN")]
    input: PathBuf,

    /// File to write; with --dense and an index, a folder
    #[arg(short, long, value_name = "OUT")]
    out: PathBuf,

    #[command(flatten)]
    replace: ReplaceArgs,

    /// Binarization scheme: dab, sign, mean or dab-published
    #[arg(long, default_value_t = Scheme::Dab)]
    scheme: Scheme,

    /// Granularity, the weights that share two values: filter, tensor or group:N
    #[arg(long, default_value_t = Granularity::Filter)]
    granularity: Granularity,

    /// Write the input again, its weights replaced by their values
    #[arg(long)]
    dense: bool,

    /// Binarize exactly the tensors whose names match, the first and last layer too
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// Leave alone tensors whose names match
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Print the results as one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl BinarizeArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        self.replace.check(&self.out, "-o")?;
        let source = WeightSource::open(&self.input)?;
        let options = dabnet_weights::BinarizeOptions {
            scheme: self.scheme,
            granularity: self.granularity,
            selection: TensorSelection::new(&self.include, &self.exclude)?,
            form: if self.dense { OutputFormat::Dense } else { OutputFormat::Packed },
            replace: self.replace.is_given(),
        };
        let total = source.tensors().iter().map(dabnet_weights::Tensor::byte_len).sum();
        let progress = ByteProgress::new("binarizing", total);
        let report = binarize(&source, &self.out, &options, |done| progress.at(done))?;
        progress.finish();
        if self.json {
            output::print_json(&summary(&report))?;
        } else {
            print(&report)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Sums over the binarized tensors of a file.
#[derive(Default)]
struct BinarizedTotal {
    weights: u64,
    bytes: u64,
    packed: u64,
}

fn print(report: &BinarizeReport) -> io::Result<()> {
    let mut header = vec!["tensor", "shape", "n", "mean K/n"];
    header.extend(Scheme::ALL.map(Scheme::name));
    header.extend(["bytes", "packed"]);
    let mut table = output::table(&header);
    let mut total = BinarizedTotal::default();
    for tensor in &report.tensors {
        if let TensorOutcome::Binarized { upper_share, relative_errors, packed_bytes } = &tensor.outcome {
            table.add_row(row(tensor, *upper_share, relative_errors, *packed_bytes));
            total.weights += tensor.shape.iter().product::<usize>() as u64;
            total.bytes += tensor.bytes;
            total.packed += packed_bytes;
        }
    }
    writeln!(
        io::stdout(),
        "{table}\nUnder each scheme: squared error relative to that of zeros.\n{}{} weights: {} bytes, {} packed \
         ({:.1} times smaller). File: {} bytes, {} written.",
        kept(&report.tensors),
        grouped(total.weights),
        grouped(total.bytes),
        grouped(total.packed),
        total.bytes as f64 / total.packed as f64,
        grouped(report.bytes_in),
        grouped(report.bytes_out),
    )
}

fn row(tensor: &TensorReport, upper_share: f64, errors: &[f64], packed: u64) -> Row {
    let shape: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
    let mut numbers = vec![shape.join("×"), tensor.filter_len.to_string(), format!("{upper_share:.3}")];
    numbers.extend(errors.iter().map(|error| format!("{error:.4}")));
    numbers.extend([grouped(tensor.bytes), grouped(packed)]);
    output::row(&tensor.name, numbers)
}

/// Tensors that were not binarized and the reasons, by name if there are few and else by number.
fn kept(tensors: &[TensorReport]) -> String {
    const NAMED: usize = 8;
    let mut lines: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for tensor in tensors {
        let (done, reason) = match tensor.outcome {
            TensorOutcome::Binarized { .. } => continue,
            TensorOutcome::Kept(reason) => ("Kept", reason),
            TensorOutcome::LeftOut(reason) => ("Left out", reason),
        };
        lines.entry((done, reason)).or_default().push(&tensor.name);
    }
    let line = |((done, reason), names): (&(&str, &str), &Vec<&str>)| match names.len() {
        ..=NAMED => format!("{done}, {reason}: {}\n", names.join(", ")),
        count => format!("{done}, {reason}: {count} tensors\n"),
    };
    lines.iter().map(line).collect()
}

fn summary(report: &BinarizeReport) -> Value {
    let tensor = |tensor: &TensorReport| {
        let TensorReport { name, shape, filter_len, bytes, outcome } = tensor;
        let mut value = json!({ "name": name, "shape": shape, "n": filter_len, "bytes": bytes });
        match outcome {
            TensorOutcome::Binarized { upper_share, relative_errors, packed_bytes } => {
                let errors = Scheme::ALL.iter().zip(relative_errors);
                value["upper_share"] = json!(upper_share);
                value["packed_bytes"] = json!(packed_bytes);
                value["relative_error"] = errors.map(|(scheme, error)| (scheme.name(), *error)).collect();
            }
            TensorOutcome::Kept(reason) => value["kept"] = json!(reason),
            TensorOutcome::LeftOut(reason) => value["left_out"] = json!(reason),
        }
        value
    };
    json!({
        "bytes_in": report.bytes_in,
        "bytes_out": report.bytes_out,
        "tensors": report.tensors.iter().map(tensor).collect::<Vec<_>>(),
    })
}

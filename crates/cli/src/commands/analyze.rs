use std::{
    fs::File,
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use dabnet_binarize::Scheme;
use dabnet_container::replace_file;
use dabnet_data::{Dataset, Part};
use dabnet_engine::PackedModel;
use dabnet_report::{
    LayerAnalysis, ProbeSketch, WeightAnalysis, WeightSummary,
    format::{evenly_spaced, grouped, percent},
};
use dabnet_sketch::{Sketch, read_file};
use dabnet_train::{WeightHistory, WeightSnapshot};
use dabnet_weights::{Tensor, TensorSelection, WeightSource};

use crate::{
    error::{CliError, ExitCode},
    models,
    output::{self, ReplaceArgs},
    progress::ByteProgress,
    terminal,
    training::{LATENT, MODEL},
};

/// Show how a network's weights are distributed and what two values carry of them.
///
/// Reads safetensors and ONNX as `dabnet binarize` does, what `dabnet import` has made, or a folder that a
/// training run left (latent.safetensors, and if they are there model.safetensors and history.jsonl), and writes a page
/// to look at: error and K/n of every layer under each scheme, filters before and after, what they
/// answer to a sketch, where two values fit badly and, of a run, how weights, α, β and K moved in
/// training. All layers are shown, the first and the last too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet analyze quickstart/dab
  dabnet analyze model.onnx -o model.html --sketch cat.svg
  dabnet analyze model.safetensors --exclude '*.downsample.*' --json")]
pub(crate) struct AnalyzeArgs {
    /// Network: a safetensors file, its index, an ONNX model, a folder with either; an imported
    /// network; or a run's folder
    #[arg(value_name = "IN|RUN")]
    input: PathBuf,

    /// Page to write
    #[arg(short, long, default_value = "report.html", value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    replace: ReplaceArgs,

    /// Sketch to show to the filters [default: one that comes with the program]
    #[arg(long, value_name = "FILE")]
    sketch: Option<PathBuf>,

    /// Analyze exactly the tensors whose names match
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// Leave out tensors whose names match
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Print the numbers of every tensor as one JSON object; the page is written, too
    #[arg(long)]
    json: bool,
}

/// File of a run with the history of its latent weights, a snapshot a line.
const HISTORY: &str = "history.jsonl";
/// Upper bound of layers shown in detail.
const DETAILED: usize = 40;
/// Label of the bundled sketch that filters are applied to.
const WORD: &str = "butterfly";

impl AnalyzeArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let selection = TensorSelection::new(&self.include, &self.exclude)?;
        let network = AnalyzedNetwork::open(&self.input)?;
        let read = network.companions.iter().map(PathBuf::as_path).chain(self.sketch.as_deref());
        network.source.check_output(&self.out, read)?;
        self.replace.check(&self.out, "-o")?;
        let tensors = selection.layers(&network.source)?;
        let sketch = self.sketch.as_deref().map_or_else(bundled_sketch, first_sketch)?;
        let probe = ProbeSketch::new(sketch, self.sketch.is_none(), network.model.as_ref())?;
        let layers = read_layers(&network.source, &tensors, &probe)?;
        let analysis = WeightAnalysis { name: network.name, layers, history: network.history, probe };
        replace_file(&self.out, analysis.to_html().as_bytes())
            .map_err(|error| CliError::write(&self.out, &error))?;
        if self.json {
            output::print_json(&analysis.summary())?;
        } else {
            print(&analysis.summary())?;
        }
        terminal::say(format_args!("Open {} in a browser.", self.out.display()));
        Ok(ExitCode::SUCCESS)
    }
}

/// A network to analyze.
#[derive(Debug)]
struct AnalyzedNetwork {
    /// Its path.
    name: String,
    source: WeightSource,
    /// Snapshots of the latent weights, of a run that has them.
    history: Option<WeightHistory>,
    /// Packed model of the run, or the imported one: it knows the network.
    model: Option<PackedModel>,
    /// Files read beside the weights.
    companions: Vec<PathBuf>,
}

impl AnalyzedNetwork {
    /// Opens a run's folder, or anything else that has weights.
    fn open(path: &Path) -> Result<Self, CliError> {
        if models::is_shipped(path) && !path.exists() {
            let name = path.display();
            return Err(CliError::Input(format!(
                "{name} is packed, its real weights are not in the program: give the folder of a run"
            )));
        }
        let [latent, model] = [LATENT, MODEL].map(|name| path.join(name));
        let name = path.display().to_string();
        if !latent.is_file() {
            if path.is_dir() {
                models::check_packed(path)?;
            }
            let source = WeightSource::open(path)?;
            let model = source.is_model().then(|| PackedModel::load(path)).transpose()?;
            return Ok(Self { name, source, history: None, model, companions: Vec::new() });
        }
        let history = Some(path.join(HISTORY)).filter(|path| path.is_file());
        Ok(Self {
            name,
            source: WeightSource::open(&latent)?,
            history: history.as_deref().map(read_history).transpose()?,
            model: model.is_file().then(|| PackedModel::load(&model)).transpose()?,
            companions: history.into_iter().chain([model]).collect(),
        })
    }
}

fn read_history(path: &Path) -> Result<WeightHistory, CliError> {
    let file = File::open(path)
        .map_err(|error| CliError::Input(format!("cannot read '{}': {error}", path.display())))?;
    let snapshots = serde_json::Deserializer::from_reader(BufReader::new(file)).into_iter::<WeightSnapshot>();
    snapshots.collect::<Result<_, _>>().map(|snapshots| WeightHistory { snapshots }).map_err(|error| {
        let path = path.display();
        CliError::Input(format!(
            "'{path}' is no history of a run, or damaged ({error}): remove it to do without"
        ))
    })
}

fn read_layers(
    source: &WeightSource,
    tensors: &[&Tensor],
    probe: &ProbeSketch,
) -> Result<Vec<LayerAnalysis>, CliError> {
    let mut reader = source.reader()?;
    let progress = ByteProgress::new("analyzing", tensors.iter().map(|tensor| tensor.byte_len()).sum());
    let detailed = evenly_spaced(tensors.len(), DETAILED);
    let (mut layers, mut done) = (Vec::with_capacity(tensors.len()), 0);
    for (index, tensor) in tensors.iter().enumerate() {
        layers.push(LayerAnalysis::read(&mut reader, tensor, probe, detailed.contains(&index))?);
        done += tensor.byte_len();
        progress.at(done);
    }
    progress.finish();
    Ok(layers)
}

fn first_sketch(file: &Path) -> Result<Sketch, CliError> {
    let none = || CliError::Input(format!("'{}' has no sketch: give one that has", file.display()));
    Ok(read_file(file)?.next().ok_or_else(none)??)
}

fn bundled_sketch() -> Result<Sketch, CliError> {
    let test = Dataset::bundled()?.labeled_sketches(Part::Test)?;
    let of_word = |sketch: &Sketch| sketch.word.as_deref() == Some(WORD);
    let mut sketches = test.into_iter().map(|example| example.sketch);
    sketches.find(of_word).ok_or_else(|| CliError::Failure(format!("the bundled sketches have no {WORD}")))
}

/// Prints a table, one row per layer.
fn print(summary: &WeightSummary<'_>) -> io::Result<()> {
    let mut header = vec!["tensor", "filters", "n", "K/n"];
    header.extend(Scheme::ALL.map(Scheme::name));
    let mut table = output::table(&header);
    for tensor in &summary.tensors {
        let mut numbers = vec![
            grouped(tensor.filters as u64),
            grouped(tensor.n as u64),
            format!("{:.3}", tensor.upper_share[Scheme::Dab.name()].median),
        ];
        numbers.extend(Scheme::ALL.map(|scheme| percent(tensor.relative_error[scheme.name()].total)));
        table.add_row(output::row(tensor.name, numbers));
    }
    writeln!(
        io::stdout(),
        "{table}\nUnder each scheme: squared error relative to that of zeros. K/n: its median among filters."
    )
}

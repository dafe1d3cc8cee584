use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use dabnet_weights::TensorSelection;

use crate::{
    analysis::{self, Settings},
    error::CliError,
};

/// Show how a network's weights are distributed and what two values carry of them.
///
/// Reads safetensors and ONNX as `dabnet binarize` does, what `dabnet import` has made, or a folder that a
/// training run left (latent.safetensors, and if they are there model.safetensors and history.json), and writes a page
/// to look at: error and K/n of every layer under each scheme, filters before and after, what they
/// answer to a sketch, where two values fit badly and, of a run, how weights, α, β and K moved in
/// training. All layers are shown, the first and the last too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet analyze quickstart/dab
  dabnet analyze model.onnx -o model.html --sketch cat.svg
  dabnet analyze model.safetensors --exclude '*.downsample.*' --json")]
pub(crate) struct Analyze {
    /// Network: a safetensors file, its index, an ONNX model, a folder with either; an imported
    /// network; or a run's folder
    #[arg(value_name = "IN|RUN")]
    input: PathBuf,

    /// Page to write
    #[arg(short, long, default_value = "report.html", value_name = "FILE")]
    out: PathBuf,

    /// Sketch to show to the filters [default: one that comes with the program]
    #[arg(long, value_name = "FILE")]
    sketch: Option<PathBuf>,

    /// Analyze exactly the tensors whose names match
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// Leave tensors out whose names match
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Print the numbers of every tensor as one JSON object; the page is written, too
    #[arg(long)]
    json: bool,
}

impl Analyze {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let selection = TensorSelection::new(&self.include, &self.exclude)?;
        let settings =
            Settings { input: self.input, out: self.out, sketch: self.sketch, selection, json: self.json };
        analysis::run(&settings)?;
        Ok(ExitCode::SUCCESS)
    }
}

use std::path::PathBuf;

use clap::Args;
use dabnet_container::replace_file;
use dabnet_onnx::{ExportForm, export};

use crate::{
    error::{CliError, ExitCode},
    models,
    output::ReplaceArgs,
    terminal,
};
use dabnet_report::format::grouped;

/// Export a packed model as an ONNX network, for other tools.
///
/// It computes what the model does, from `canvas`, [batch, channels, side, side], to `logits`, [batch,
/// labels]. How a sketch becomes a canvas is in the model's preprocessing, which is in the file's metadata
/// with the labels.
///
/// Forms: dense has weights as 32-bit floats. packed has them as bits, which standard ops make two values a
/// filter when the network is loaded, so that the file stays small. qonnx has BipolarQuant and Quant of QONNX.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet export quickdraw-345 -o quickdraw-345.onnx
  dabnet export runs/dab -o dab.onnx --form packed")]
pub(crate) struct ExportArgs {
    /// Packed model: its folder, its file, or the name of one in the program
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// ONNX file to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,

    /// Form of the binary layers: dense, packed or qonnx
    #[arg(long, value_name = "FORM", default_value_t)]
    form: ExportForm,

    #[command(flatten)]
    replace: ReplaceArgs,
}

impl ExportArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        self.replace.check(&self.out, "-o")?;
        let bytes = export(&models::packed(&self.model)?, self.form)?;
        replace_file(&self.out, &bytes).map_err(|error| CliError::write(&self.out, &error))?;
        terminal::say(format_args!(
            "exported {} to {}, {} bytes",
            self.model.display(),
            self.out.display(),
            grouped(bytes.len() as u64)
        ));
        Ok(ExitCode::SUCCESS)
    }
}

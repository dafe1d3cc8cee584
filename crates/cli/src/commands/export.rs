use std::{fmt, path::PathBuf, str::FromStr};

use clap::Args;
use dabnet_container::replace_file;
use dabnet_engine::{FirmwareImage, PackedModel};
use dabnet_onnx::{ExportForm, export};

use crate::{
    error::{CliError, ExitCode},
    models,
    output::ReplaceArgs,
    terminal,
};
use dabnet_report::format::grouped;

/// Export a packed model as an ONNX network, for other tools, or for microcontrollers.
///
/// An ONNX network computes what the model does, from `canvas`, [batch, channels, side, side], to `logits`, [batch,
/// labels]. How a sketch becomes a canvas is in the model's preprocessing, which is in the file's metadata
/// with the labels.
///
/// Forms: dense has weights as 32-bit floats. packed has them as bits, which standard ops make two values a
/// filter when the network is loaded, so that the file stays small. qonnx has BipolarQuant and Quant of QONNX. firmware
/// is no ONNX, but what the crate dabnet-micro runs on microcontrollers: see docs/firmware.md.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet export quickdraw-345 -o quickdraw-345.onnx
  dabnet export runs/dab -o dab.onnx --form packed
  dabnet export quickdraw-20 -o quickdraw-20.bin --form firmware")]
pub(crate) struct ExportArgs {
    /// Packed model: its folder, its file, or the name of one in the program
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// File to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,

    /// Form of the binary layers, dense, packed or qonnx, or firmware
    #[arg(long, value_name = "FORM", default_value_t = FileForm::Onnx(ExportForm::Dense))]
    form: FileForm,

    #[command(flatten)]
    replace: ReplaceArgs,
}

impl ExportArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        self.replace.check(&self.out, "-o")?;
        let (bytes, memory) = self.form.bytes(&models::packed(&self.model)?)?;
        replace_file(&self.out, &bytes).map_err(|error| CliError::write(&self.out, &error))?;
        terminal::say(format_args!(
            "exported {} to {}, {} bytes{memory}",
            self.model.display(),
            self.out.display(),
            grouped(bytes.len() as u64)
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// Form of an exported file.
#[derive(Clone, Copy, Debug)]
enum FileForm {
    Onnx(ExportForm),
    Firmware,
}

impl FileForm {
    const FIRMWARE: &str = "firmware";

    /// Bytes of a file, and what is to be said of the memory that running it takes.
    fn bytes(self, packed: &PackedModel) -> Result<(Vec<u8>, String), CliError> {
        match self {
            Self::Onnx(form) => Ok((export(packed, form)?, String::new())),
            Self::Firmware => {
                let image = FirmwareImage::new(packed)?;
                let ink = packed.graph.input_shape().elements();
                let memory = grouped((image.memory_bytes() + ink) as u64);
                Ok((image.bytes(), format!("; running it takes {memory} bytes of memory")))
            }
        }
    }
}

impl fmt::Display for FileForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Onnx(form) => form.fmt(f),
            Self::Firmware => f.write_str(Self::FIRMWARE),
        }
    }
}

impl FromStr for FileForm {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.parse() {
            Ok(form) => Ok(Self::Onnx(form)),
            Err(_) if name == Self::FIRMWARE => Ok(Self::Firmware),
            Err(_) => Err(format!("'{name}' is no form: dense, packed, qonnx or {}", Self::FIRMWARE)),
        }
    }
}

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use dabnet_graph::{Canvas, Preprocessing};
use dabnet_onnx::{ImportError, ImportOptions, import};

use crate::{
    error::{CliError, ExitCode, text_with_sources},
    output::check_folder,
    terminal,
    training::{MODEL, NamedLook},
};
use dabnet_report::format::grouped;

/// Name of the model card.
const CARD: &str = "README.md";

/// Import a network of another tool.
///
/// Reads a convolutional network from an ONNX file, and writes a folder that can be given wherever a --model
/// is taken: recognize, eval, serve, bench, summary. Layers with two values a filter that read signs, or levels
/// of up to four bits, are one-bit then, all others in full precision. Its answers are those of the
/// file, before a softmax at the end; a sign of 0 is +1.
///
/// The input has to be one square picture of 1 channel, or of 3 with --rgb; the output one number a label. How
/// a sketch becomes that picture is for you to say: ink is 1 and paper 0, and the network sees
/// (ink - mean) / std. Data sets are to be drawn as those were that the network has learned from.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet import network.onnx -o networks/mine --labels words.txt
  dabnet import doodlenet.onnx -o networks/doodlenet --labels words.txt --look bitmap
  dabnet import photo.onnx -o photo --rgb --look pixels --mean 0.45 --std 0.225
  dabnet eval --model networks/mine --data quickdraw/

Ops: Add, AveragePool, BatchNormalization, Cast, Clip, Concat, Constant, Conv, DequantizeLinear, Div, Dropout,
Flatten, Floor, Gather, Gemm, GlobalAveragePool, GreaterOrEqual, Identity, LeakyRelu, LogSoftmax, MatMul,
MaxPool, Mul, PRelu, QuantizeLinear, ReduceMean, Relu, Reshape, Round, Shape, Sigmoid, Sign, Slice, Softmax,
Squeeze, Tanh, Transpose, Unsqueeze, Where, and BipolarQuant and Quant of QONNX; Gather, Shape and Slice of
shapes alone; Div, Floor, GreaterOrEqual, Mul, Round and Where as parts of a sign or of rounding to levels. What
of these cannot be imported, such as strides that are not square, is told by the name of the node.")]
pub(crate) struct ImportArgs {
    /// The network, an ONNX file; tensors in files of their own have to lie beside it
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,

    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Replace an existing model and its card
    #[arg(long)]
    force: bool,

    /// File of labels, one a line, in the order of the outputs [default: those that dabnet export
    /// stated, or numbers from 0 on]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Preprocessing of sketches [default: that which dabnet export stated, or lines]
    #[arg(long, value_name = "LOOK")]
    look: Option<NamedLook>,

    /// Side of the canvas in pixels, where the file leaves it open
    #[arg(long, value_name = "PIXELS")]
    side: Option<u16>,

    /// Line width, as a fraction of the side [default: 2.56 pixels]
    #[arg(long, value_name = "SHARE")]
    line_width: Option<f32>,

    /// Margin around a drawing, as a fraction of the side [default: 0.03]
    #[arg(long, value_name = "SHARE")]
    margin: Option<f32>,

    /// Mean subtracted from every pixel [default: 0]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    mean: Option<f32>,

    /// Standard deviation that divides every pixel after that [default: 1]
    #[arg(long, value_name = "NUMBER")]
    std: Option<f32>,

    /// Feed one picture to the network's three channels, each normalized by --mean and --std
    #[arg(long)]
    rgb: bool,
}

impl ImportArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        check_folder(&self.out)?;
        let taken = [MODEL, CARD].map(|name| self.out.join(name)).into_iter().find(|path| path.exists());
        if let (Some(path), false) = (taken, self.force) {
            return Err(CliError::Input(format!(
                "{} is there already: give another folder, or --force to replace it",
                path.display()
            )));
        }
        let labels = self.labels.as_deref().map(read_labels).transpose()?;
        let sizes = [self.line_width, self.margin, self.mean, self.std];
        let ignore_stated_preprocessing = self.look.is_some() || sizes.iter().any(Option::is_some);
        let side = self.side.map(usize::from);
        let options = ImportOptions::default()
            .with_side(side)
            .with_rgb(self.rgb)
            .with_labels(labels)
            .with_ignore_stated_preprocessing(ignore_stated_preprocessing);
        let cannot = |error: ImportError| {
            let text = text_with_sources(&error);
            // An error of reading names the file.
            let text = match error {
                ImportError::Read { .. } => text,
                _ => format!("cannot import {}: {text}", self.model.display()),
            };
            CliError::Input(text)
        };
        let packed = import(&self.model, &options, |side| self.preprocessing(side)).map_err(cannot)?;
        let failed = |error| CliError::write(&self.out, &error);
        fs::create_dir_all(&self.out).map_err(failed)?;
        let model = self.out.join(MODEL);
        packed.save(&model)?;
        let card = self.out.join(CARD);
        fs::write(&card, self.card(&packed.preprocessing)).map_err(|error| CliError::write(&card, &error))?;
        terminal::say(format_args!(
            "imported {} ({} weights, {} labels) to {}",
            self.model.display(),
            grouped(packed.graph.cost().weights()),
            packed.labels.len(),
            model.display()
        ));
        Ok(ExitCode::SUCCESS)
    }

    /// Preprocessing for an input of this side. Options that the look does not allow are errors of the check that
    /// follows.
    fn preprocessing(&self, side: usize) -> Preprocessing {
        let look = self.look.unwrap_or(NamedLook::Lines);
        let [line_width, margin] = look.line_and_margin(side, Canvas::to_measure(side).margin);
        let mut preprocessing = look.preprocessing(Canvas { side, line_width, margin, mean: 0.0, std: 1.0 });
        let canvas = &mut preprocessing.canvas;
        let set = |field: &mut f32, asked: Option<f32>| *field = asked.unwrap_or(*field);
        set(&mut canvas.line_width, self.line_width);
        set(&mut canvas.margin, self.margin);
        set(&mut canvas.mean, self.mean);
        set(&mut canvas.std, self.std);
        preprocessing
    }

    fn card(&self, preprocessing: &Preprocessing) -> String {
        let file = self.model.file_name().unwrap_or_default().to_string_lossy();
        format!(
            "# {file}\n\nA network made of `{file}` by `dabnet import`. It sees a sketch as \
             {preprocessing}.\n\nWhere it comes from, what it was trained on and its licence are those of that file.\n"
        )
    }
}

/// Reads labels, one per line, without empty lines at the end.
fn read_labels(path: &Path) -> Result<Vec<String>, CliError> {
    let text = fs::read_to_string(path)
        .map_err(|error| CliError::Input(format!("cannot read {}: {error}", path.display())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let labels: Vec<String> = text.trim_end().lines().map(|line| line.trim().to_owned()).collect();
    let mut known = HashSet::new();
    for (line, label) in labels.iter().enumerate() {
        let fault = if label.is_empty() {
            "is empty".to_owned()
        } else if !known.insert(label) {
            format!("is '{label}', which an earlier line is, too")
        } else {
            continue;
        };
        return Err(CliError::Input(format!("{}: line {} {fault}", path.display(), line + 1)));
    }
    Ok(labels)
}

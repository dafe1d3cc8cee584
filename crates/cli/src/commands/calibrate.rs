use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use dabnet_data::Part;
use dabnet_embedding::{CalibrationExample, calibrate};
use dabnet_engine::Model;
use dabnet_report::format::counted;
use dabnet_sketch::Preprocess;

use super::data::PartArg;
use crate::{
    data::LoadedData,
    embedding::embed,
    error::{CliError, ExitCode},
    evaluation::known_sketches,
    models,
    output::ReplaceArgs,
    terminal,
};

/// Calibrate a packed model: probabilities that mean what they say, and which drawings are of no known word.
///
/// Takes drawings that the model has not learned from: its validation part, or what --part says. Its answers
/// stay the same. recognize --unknown, serve, the page and teach take what is measured here from the model's file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet calibrate runs/dab --data mine -o mine.safetensors
  dabnet calibrate quickdraw-20 --data held-out.ndjson.gz -o mine.safetensors")]
pub(crate) struct CalibrateArgs {
    /// Packed model: its file, the folder that holds model.safetensors, or one that comes with the program
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// Data set, or anything that can be imported
    #[arg(long, value_name = "DATA")]
    data: PathBuf,

    /// Part of the data set to measure on [default: validation; all where nothing is for that]
    #[arg(long, value_name = "PART")]
    part: Option<PartArg>,

    /// Model file to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    replace: ReplaceArgs,

    /// Number of threads; 0 for one per core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1024))]
    threads: u16,
}

impl CalibrateArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        self.replace.check(&self.out, "-o")?;
        let packed = models::packed(&self.model)?;
        let model = Model::new(packed.clone())?;
        let data = LoadedData::open_unreduced(&self.data)?;
        let part = match self.part {
            Some(part) => Some(part.into()),
            None => (!data.set.indices(Part::Validation)?.is_empty()).then_some(Part::Validation),
        };
        let (known, left_out) = known_sketches(&data.set, &model, part)?;
        if left_out > 0 {
            let sketches = counted(left_out, "sketch is", "sketches are");
            terminal::say(format_args!("dabnet: {sketches} of no word that the model knows, and left out"));
        }
        if part.is_none() && !self.data.is_file() {
            let data = self.data.display();
            terminal::say(format_args!(
                "dabnet: {data} has no validation part: if the model learned from it, it will seem surer than it is"
            ));
        }
        let indices: Vec<usize> = known.iter().map(|(index, _)| *index).collect();
        let canvases = |drawing: &_| vec![model.preprocessing().apply(drawing)];
        let rows = embed(&model, &data.set, &indices, self.threads.into(), canvases)?.into_iter().flatten();
        let examples = known
            .iter()
            .zip(rows)
            .map(|((_, label), embedding)| CalibrationExample { embedding, label: *label });
        let calibrated = calibrate(&packed, &examples.collect::<Vec<_>>())?;
        calibrated.save(&self.out)?;
        if let Some(calibration) = &calibrated.calibration {
            let sketches = counted(calibration.count, "sketch", "sketches");
            writeln!(
                io::stdout(),
                "{}: temperature {:.3}, least energy of {:.0} % {:.2}, of {sketches}",
                self.out.display(),
                calibration.temperature,
                100.0 * calibration.share,
                calibration.least_energy
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use dabnet_container::replace_file;
use dabnet_data::Part;
use dabnet_engine::Evaluation;
use dabnet_graph::{Look, Preprocessing};
use dabnet_report::{
    format::counted,
    plot::{Axis, Figure, LineStyle, Panel, Series},
};
use dabnet_sketch::{Drawing, MAX_VIEWS, PublishedPreprocessing};
use serde::Serialize;

use super::data::PartArg;
use crate::{
    data::{self, LoadedData},
    error::{CliError, ExitCode},
    evaluation::{accuracy_text, evaluate, known_sketches, model_views, test_part},
    models,
    output::{self, ReplaceArgs},
    terminal,
};

/// Evaluate a packed model on the sketches of a data set.
///
/// Sketches are looked at as the model learned from them. Those of words that the model does not know are left
/// out and counted. Without --part it takes those to test on, or all where nothing is for testing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet eval --data quickdraw
  dabnet eval --data tu-berlin --model runs/dab --classes
  dabnet eval --data test.ndjson.gz --json
  dabnet eval --data test.ndjson.gz --reliability reliability.svg")]
pub(crate) struct EvalArgs {
    /// Data set, or anything that can be imported
    #[arg(long, value_name = "DATA")]
    data: PathBuf,

    /// Packed model: its file, the folder that holds model.safetensors, or one that comes with the program:
    /// quickdraw-345, quickdraw-20, tu-berlin-250 or quickdraw-20-mini [default: quickdraw-345]
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,

    /// Part of the data set to evaluate on
    #[arg(long, value_name = "PART")]
    part: Option<PartArg>,

    /// Average over ten crops of each sketch, as the published networks were tested: for models of 224 or 225
    /// pixels
    #[arg(long)]
    ten_crop: bool,

    /// Average over so many views of each sketch, up to 8: as it is, mirrored, turned and stretched a little
    #[arg(long, default_value_t = 1, value_name = "N", conflicts_with = "ten_crop", value_parser = clap::value_parser!(u8).range(1..=MAX_VIEWS as i64))]
    views: u8,

    /// Print every class, the worst first, with the label it is most often confused with
    #[arg(long)]
    classes: bool,

    /// Write a chart of how sure the model is and how often it is right, as an SVG file
    #[arg(long, value_name = "SVG")]
    reliability: Option<PathBuf>,

    #[command(flatten)]
    replace: ReplaceArgs,

    /// Number of threads; 0 for one per core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1024))]
    threads: u16,

    /// Print one JSON object, with the confusion of every class with every other
    #[arg(long)]
    json: bool,
}

/// Output of `--json`.
#[derive(Serialize)]
struct EvalOutput<'a> {
    model: String,
    data: String,
    part: Option<Part>,
    ten_crop: bool,
    views: u8,
    count: usize,
    top1: f64,
    top5: f64,
    /// Sketches of words that the model does not know, or of none.
    left_out: usize,
    /// Expected calibration error: how far probabilities are from the share of right answers, a share of one.
    calibration_error: f64,
    /// `[probability, share right, count]` of first answers, in 15 ranges of probability; those without sketches are left out.
    reliability: Vec<(f64, f64, usize)>,
    labels: &'a [String],
    /// `confusion[label][answer]`: sketches of a label that were given an answer.
    confusion: &'a [Vec<u32>],
}

impl EvalArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let model = models::compiled(self.model.as_deref())?;
        let Preprocessing { look, canvas, .. } = model.preprocessing();
        if self.ten_crop && (*look != Look::Paper || !(224..=225).contains(&canvas.side)) {
            return Err(CliError::Input(format!(
                "ten crops are for models of the look 'paper' and 224 or 225 pixels, this one's is '{look}' and {}",
                canvas.side
            )));
        }
        if let Some(path) = &self.reliability {
            self.replace.check(path, "--reliability")?;
        }
        let data = LoadedData::open_unreduced(&self.data)?;
        let part = self.part.map(Part::from).or_else(|| test_part(&data.set));
        let (known, left_out) = known_sketches(&data.set, &model, part)?;
        if known.is_empty() {
            let path = self.data.display();
            return Err(CliError::Input(match part {
                Some(part) if data.set.indices(part)?.is_empty() => format!("{path} has no {part} part"),
                _ => format!("{path} has no sketch that this model has a word for"),
            }));
        }
        let canvases = |drawing: &Drawing| self.canvases(model.preprocessing(), drawing);
        let evaluation = evaluate(&model, &data.set, &known, self.threads.into(), canvases)?;
        let (top1, top5) = (evaluation.top1(), evaluation.top5());
        if let Some(path) = &self.reliability {
            let chart = reliability_chart(&evaluation).svg();
            replace_file(path, chart.as_bytes()).map_err(|error| CliError::write(path, &error))?;
        }
        if self.json {
            output::print_json(&EvalOutput {
                model: self
                    .model
                    .map_or_else(|| models::DEFAULT.to_owned(), |path| path.display().to_string()),
                data: self.data.display().to_string(),
                part,
                ten_crop: self.ten_crop,
                views: self.views,
                count: known.len(),
                top1,
                top5,
                left_out,
                calibration_error: evaluation.calibration_error(),
                reliability: reliability(&evaluation),
                labels: model.labels(),
                confusion: evaluation.confusion(),
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        if left_out > 0 {
            let sketches = counted(left_out, "sketch is", "sketches are");
            terminal::say(format_args!("dabnet: {sketches} of no word that the model knows, and left out"));
        }
        // A file alone is most likely one to test on.
        if part.is_none() && !self.data.is_file() {
            let (data, split) = (self.data.display(), data::split_advice(&self.data));
            terminal::say(format_args!(
                "dabnet: {data} has no test part: if the model learned from it, this says little; {split} holds some out"
            ));
        }
        let mut out = io::stdout().lock();
        if self.classes {
            writeln!(out, "{}", by_class(model.labels(), evaluation.confusion()))?;
        }
        let what = part.map_or_else(|| "all parts".to_owned(), |part| format!("part {part}"));
        let sketches = counted(known.len(), "sketch", "sketches");
        let accuracy = accuracy_text(top1, top5, model.labels().len());
        writeln!(out, "{accuracy} of {sketches} ({what})")?;
        Ok(ExitCode::SUCCESS)
    }

    /// Inputs of the model for a drawing.
    fn canvases(&self, preprocessing: &Preprocessing, drawing: &Drawing) -> Result<Vec<Vec<f32>>, CliError> {
        if !self.ten_crop {
            return model_views(preprocessing, drawing, self.views);
        }
        let crops = PublishedPreprocessing::new(preprocessing.canvas.side).ten_crop(drawing);
        Ok(crops.iter().map(|ink| preprocessing.normalized(ink)).collect())
    }
}

/// Probability and share of right answers of each range that there are answers in.
fn reliability(evaluation: &Evaluation) -> Vec<(f64, f64, usize)> {
    let bins = evaluation.reliability().iter().filter(|bin| bin.count > 0);
    let mean = |sum: f64, count: usize| sum / count as f64;
    bins.map(|bin| (mean(bin.confidence, bin.count), mean(bin.right as f64, bin.count), bin.count)).collect()
}

/// Share of right answers by their probability; dots lie on the line where probabilities mean what they say.
fn reliability_chart(evaluation: &Evaluation) -> Figure {
    let axis = |title: &str| Axis::linear(title, 0.0, 100.0, 20.0);
    let points = reliability(evaluation).into_iter().map(|(told, right, _)| (100.0 * told, 100.0 * right));
    let points: Vec<_> = points.collect();
    let right = Series::line(LineStyle::DAB, points.iter().copied());
    let series = vec![
        Series::line(LineStyle::PUBLISHED, [(0.0, 0.0), (100.0, 100.0)]),
        right,
        Series::dots(LineStyle::DAB, points),
    ];
    let error = 100.0 * evaluation.calibration_error();
    let title = format!("Expected calibration error {error:.1} %, {} sketches", evaluation.count());
    let panel =
        Panel { title, x: axis("probability told, %"), y: axis("right, %"), series, notes: Vec::new() };
    Figure {
        description: "Share of right first answers by their probability".to_owned(),
        legend: vec![(LineStyle::DAB, "the model"), (LineStyle::PUBLISHED, "right as often as told")],
        columns: 1,
        panels: vec![panel],
    }
}

/// Table with a row for each class that there are sketches of, the worst first.
fn by_class(labels: &[String], confusion: &[Vec<u32>]) -> comfy_table::Table {
    let mut rows: Vec<(f64, usize)> = Vec::new();
    for (label, answers) in confusion.iter().enumerate() {
        let count: u32 = answers.iter().sum();
        if count > 0 {
            rows.push((f64::from(answers[label]) / f64::from(count), label));
        }
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut table = output::table(&["class", "sketches", "right %", "most often taken for"]);
    for (right, label) in rows {
        let answers = &confusion[label];
        let wrong = (0..labels.len()).filter(|other| *other != label && answers[*other] > 0);
        let taken = wrong.max_by_key(|other| answers[*other]);
        let taken = taken.map(|other| format!("{} ({})", labels[other], answers[other])).unwrap_or_default();
        let count: u32 = answers.iter().sum();
        table.add_row(output::row(
            &labels[label],
            [count.to_string(), format!("{:.1}", 100.0 * right), taken],
        ));
    }
    table
}

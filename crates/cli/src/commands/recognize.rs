use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use dabnet_container::replace_file;
use dabnet_engine::{Model, Prediction, Session, run_views, softmax, top};
use dabnet_graph::Canvas;
use dabnet_report::{ContactSheet, SheetCell, format::counted};
use dabnet_sketch::{Drawing, MAX_VIEWS, Sketch, SketchError, SketchReader, read, read_file};
use image::{DynamicImage, GrayImage};
use serde::Serialize;

use crate::{
    error::{CliError, ExitCode},
    evaluation::model_views,
    models,
    output::{self, ReplaceArgs, check_png},
    terminal,
};

/// Label sketches with a packed model.
///
/// Reads SVG, PNG, JPEG, WebP, GIF, BMP, strokes as JSON, {"strokes": [[[x, y], ...], ...]}, and Quick, Draw!'s lines
/// (plain or gzip), told apart by content. Without
/// --model it uses quickdraw-345, which comes with the program: the 345 words of Quick, Draw!.
///
/// A file or a line that cannot be read is reported on standard error and the rest goes on; the
/// exit status is then 1, or 2 if nothing at all could be recognized.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet recognize cat.png
  dabnet recognize --top 3 drawings/ board.svg
  dabnet recognize --explain data/examples/quickdraw.ndjson
  dabnet recognize --show seen.png photos/
  dabnet recognize --model quickstart/dab --json sketches.ndjson
  dabnet recognize whiteboard.excalidraw
  cat cat.svg | dabnet recognize -")]
pub(crate) struct RecognizeArgs {
    /// Sketches: files, folders of files, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Packed model: its file, the folder that holds model.safetensors, or one that comes with the program:
    /// quickdraw-345, quickdraw-20, tu-berlin-250 or quickdraw-20-mini [default: quickdraw-345]
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,

    /// Number of labels to print for each sketch
    #[arg(long, default_value_t = 3, value_name = "K", value_parser = clap::value_parser!(u16).range(1..))]
    top: u16,

    /// Average over so many views of each sketch, up to 8: as it is, mirrored, turned and stretched a little. As
    /// many times slower, more often right, and less easily moved by a line drawn otherwise
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=MAX_VIEWS as i64))]
    views: u8,

    /// Say 'unknown' of a drawing that is like none of those that the model knows words for, with its guesses behind
    /// that; 1 in 20 drawings of words that it knows is called so, too
    #[arg(long)]
    unknown: bool,

    /// Say what each stroke adds to the first label: how much less likely that is without it
    #[arg(long)]
    explain: bool,

    /// Write a picture of the inputs of the model, each above its label
    #[arg(long, value_name = "PNG")]
    show: Option<PathBuf>,

    #[command(flatten)]
    replace: ReplaceArgs,

    /// Print one JSON object a line for each sketch
    #[arg(long)]
    json: bool,
}

/// Upper bound of broken sketches of a file that are told one by one.
const MAX_TOLD: usize = 5;
/// Upper bound of strokes of which each is left out once.
const MAX_STROKES: usize = 1000;
/// Upper bound of sketches that are shown.
const MAX_SHOWN: usize = 1000;
/// Sketches in a row of a picture, and the side of each in pixels.
const COLUMNS: usize = 8;
const SIDE: usize = 168;

impl RecognizeArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        // A shell that fills in names puts a sketch where the picture's name was meant to be.
        if let Some(path) = &self.show {
            check_png(path)?;
            self.replace.check(path, "--show")?;
        }
        let model = models::compiled(self.model.as_deref())?;
        if self.unknown && model.calibration().is_none() {
            let reason = "--unknown is for models that were calibrated: dabnet calibrate does that";
            return Err(CliError::Input(reason.to_owned()));
        }
        let session = Session::new(&model);
        let mut recognizer =
            SketchRecognizer { session, model, options: &self, done: 0, failed: 0, shown: Vec::new() };
        for file in &self.files {
            recognizer.path(file)?;
        }
        if let Some(path) = self.show.as_ref().filter(|_| recognizer.done > 0) {
            recognizer.show(path)?;
        }
        Ok(match recognizer {
            SketchRecognizer { failed: 0, .. } => ExitCode::SUCCESS,
            SketchRecognizer { done: 0, .. } => ExitCode::from(2),
            _ => ExitCode::from(1),
        })
    }
}

struct SketchRecognizer<'a> {
    model: Model,
    session: Session,
    options: &'a RecognizeArgs,
    done: usize,
    failed: usize,
    /// Input of the model, and the label under it.
    shown: Vec<(GrayImage, String)>,
}

/// Tells of folders in a folder, which are not looked into.
fn say_folders(path: &Path) {
    let folders = count_folders(path);
    if folders > 0 {
        let path = path.display();
        let folders = counted(folders, "folder", "folders");
        terminal::say(format_args!("dabnet: {folders} in {path} not looked into: give {path}/*"));
    }
}

fn count_folders(path: &Path) -> usize {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().is_dir()).count()
}

/// Error of a folder without a file.
fn no_files(path: &Path) -> String {
    let folders = count_folders(path);
    let path = path.display();
    match folders {
        0 => format!("the folder {path} is empty; give one that holds sketches"),
        _ => format!(
            "the folder {path} has no files, only {}: give {path}/*, or all of it to dabnet eval --data",
            counted(folders, "folder", "folders")
        ),
    }
}

/// Output of `--json` for one sketch.
#[derive(Serialize)]
struct RecognizeOutput<'a> {
    file: &'a str,
    /// Position in the file, from 1.
    item: usize,
    /// Identifier of the sketch in the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// Label of the sketch in the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<&'a str>,
    predictions: Vec<LabelProbability<'a>>,
    /// True if it is like no drawing that the model knows a word for; none where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<bool>,
    /// What each stroke adds to the probability of the first label, with `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    strokes: Option<Vec<f32>>,
    /// Notes on content of the file that the model did not get.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
}

#[derive(Serialize)]
struct LabelProbability<'a> {
    label: &'a str,
    probability: f32,
}

impl SketchRecognizer<'_> {
    fn path(&mut self, path: &Path) -> Result<(), CliError> {
        if path.as_os_str() == "-" {
            return self.sketches("standard input", read("standard input", io::stdin()));
        }
        if path.is_dir() {
            return match files_in(path) {
                Ok(files) if files.is_empty() => {
                    self.fail(&no_files(path));
                    Ok(())
                }
                Ok(files) => {
                    say_folders(path);
                    files.iter().try_for_each(|file| self.file(file))
                }
                Err(error) => {
                    self.fail(&format!("cannot read the folder {}: {error}", path.display()));
                    Ok(())
                }
            };
        }
        self.file(path)
    }

    fn file(&mut self, path: &Path) -> Result<(), CliError> {
        self.sketches(&path.display().to_string(), read_file(path))
    }

    fn sketches(&mut self, name: &str, sketches: Result<SketchReader, SketchError>) -> Result<(), CliError> {
        let sketches = match sketches {
            Ok(sketches) => sketches,
            Err(error) => {
                self.fail(&error.to_string());
                return Ok(());
            }
        };
        let mut broken = 0_usize;
        let mut sketches = sketches.enumerate().peekable();
        while let Some((index, sketch)) = sketches.next() {
            let alone = index == 0 && sketches.peek().is_none();
            match sketch {
                Ok(sketch) => self.sketch(name, index + 1, alone, &sketch)?,
                Err(error) => {
                    broken += 1;
                    if broken <= MAX_TOLD {
                        self.fail(&error.to_string());
                    }
                }
            }
        }
        if broken > MAX_TOLD {
            let more = counted(broken - MAX_TOLD, "more sketch", "more sketches");
            self.fail(&format!("{name} has {more} that cannot be read"));
        }
        Ok(())
    }

    /// Labels one sketch; `alone` if it is the only one of its file.
    fn sketch(&mut self, file: &str, item: usize, alone: bool, sketch: &Sketch) -> Result<(), CliError> {
        let seen = model_views(self.model.preprocessing(), &sketch.drawing, self.options.views)?;
        let logits = run_views(&mut self.session, &seen)?;
        let predictions = top(&logits, usize::from(self.options.top));
        let unknown = self.model.calibration().map(|calibration| calibration.is_unknown(&logits));
        let strokes = match self.options.explain {
            true => Some(self.stroke_shares(&sketch.drawing, &predictions[0])?),
            false => None,
        };
        self.done += 1;
        if self.options.show.is_some() && self.shown.len() < MAX_SHOWN {
            let LabelProbability { label, probability } = self.guess(&predictions[0]);
            let text = format!("{:.0} % {label}", 100.0 * probability);
            self.shown.push((self.picture(&seen[0]), text));
        }
        for note in &sketch.notes {
            terminal::say(format_args!("dabnet: '{file}': {note}"));
        }
        if self.options.json {
            let word = sketch.word.as_deref();
            let predictions = predictions.iter().map(|guess| self.guess(guess)).collect();
            output::print_json(&RecognizeOutput {
                file,
                item,
                id: sketch.id.as_deref(),
                word,
                predictions,
                unknown,
                strokes,
                notes: &sketch.notes,
            })?;
        } else {
            let guesses: Vec<String> = predictions
                .iter()
                .map(|guess| self.guess(guess))
                .map(|LabelProbability { label, probability }| {
                    format!("{label} {:.1} %", 100.0 * probability)
                })
                .collect();
            let number = if alone { String::new() } else { format!(" #{item}") };
            let guesses = guesses.join(", ");
            let guesses = match self.options.unknown && unknown == Some(true) {
                true => format!("unknown ({guesses})"),
                false => guesses,
            };
            let mut out = io::stdout().lock();
            writeln!(out, "{file}{number}: {guesses}")?;
            for (at, share) in strokes.iter().flatten().enumerate() {
                writeln!(out, "  stroke {}: {:+.1} points", at + 1, 100.0 * share)?;
            }
        }
        Ok(())
    }

    /// What each stroke of a drawing adds to the probability of a label: that of all less that of the others.
    fn stroke_shares(&mut self, drawing: &Drawing, label: &Prediction) -> Result<Vec<f32>, CliError> {
        let strokes = drawing.to_strokes();
        if strokes.len() > MAX_STROKES {
            let reason = format!("it has {} strokes, --explain takes up to {MAX_STROKES}", strokes.len());
            return Err(CliError::Input(reason));
        }
        let mut shares = Vec::with_capacity(strokes.len());
        for left in 0..strokes.len() {
            let others = strokes.iter().enumerate().filter(|(at, _)| *at != left);
            let rest = Drawing::Strokes(others.map(|(_, stroke)| stroke.clone()).collect());
            let seen = model_views(self.model.preprocessing(), &rest, self.options.views)?;
            let logits = run_views(&mut self.session, &seen)?;
            shares.push(label.probability - softmax(&logits)[label.class]);
        }
        Ok(shares)
    }

    /// Ink of an input of the model: the first channel, denormalized.
    fn picture(&self, seen: &[f32]) -> GrayImage {
        let Canvas { side, mean, std, .. } = self.model.preprocessing().canvas;
        let light = |value: &f32| 255 - ((value * std + mean).clamp(0.0, 1.0) * 255.0).round() as u8;
        let pixels = seen[..side * side].iter().map(light).collect();
        GrayImage::from_raw(side as u32, side as u32, pixels).expect("as many pixels as there are")
    }

    /// Writes the picture of the inputs.
    fn show(&self, path: &Path) -> Result<(), CliError> {
        let (count, columns) = (self.shown.len(), self.shown.len().min(COLUMNS));
        let mut sheet = ContactSheet::new(SIDE, columns, count.div_ceil(columns), 0);
        for (at, (picture, text)) in self.shown.iter().enumerate() {
            let cell = SheetCell::Rgb(DynamicImage::ImageLuma8(picture.clone()).to_rgb8());
            sheet.set_cell(at % columns, at / columns, &cell, text);
        }
        if self.done > count {
            terminal::say(format_args!("dabnet: {} shows the first {count} sketches", path.display()));
        }
        replace_file(path, &sheet.to_png()).map_err(|error| CliError::write(path, &error))
    }

    fn guess(&self, prediction: &Prediction) -> LabelProbability<'_> {
        LabelProbability {
            label: &self.model.labels()[prediction.class],
            probability: prediction.probability,
        }
    }

    fn fail(&mut self, message: &str) {
        self.failed += 1;
        terminal::say(format_args!("dabnet: {message}"));
    }
}

/// Files of a folder in the order of their names, without hidden ones and folders.
fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

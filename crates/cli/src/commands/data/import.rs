use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use dabnet_data::{ClassMap, DataError, Dataset, DatasetImport, Part};
use dabnet_report::format::counted;

use crate::{
    data,
    error::{CliError, ExitCode},
    output, terminal,
};

/// Import sketches in any known format as a data set.
///
/// Reads folders and zip archives of PNG, JPEG, WebP, GIF, BMP and SVG, a folder for each class (TU-Berlin, Sketchy);
/// Quick, Draw! as ndjson (simplified or raw), binary or NumPy bitmaps; CIFAR-10 and CIFAR-100 in binary; and
/// IDX (MNIST); strokes as CSV (Kaggle) and npz (sketch-rnn). Files may be gzip compressed, and formats mixed; archives other than zip are to be unpacked first.
///
/// Broken items are reported, left out and counted. An import that was stopped goes on where it was when
/// the same command is given again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet data import sketches_png.zip -o tu-berlin --licence 'CC BY 4.0'
  dabnet data import train.ndjson.gz test.ndjson.gz -o quickdraw
  dabnet data import sketchy/ -o sketchy --rendering tx_000100000000
  dabnet data import cifar-10-batches-bin/ -o cifar10")]
pub(crate) struct DataImportArgs {
    /// Files, folders and archives to read, in this order
    #[arg(required = true, value_name = "SRC")]
    sources: Vec<PathBuf>,

    /// Folder of the data set
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Source of the data set, for its manifest [default: the names of SRC]
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,

    /// License of the data set [default: the first line of a file LICENCE or LICENSE in a source]
    #[arg(long, value_name = "TEXT")]
    licence: Option<String>,

    /// Part that all of it is for, whatever its files are called
    #[arg(long, value_name = "PART")]
    part: Option<PartArg>,

    /// Rendering of each sketch to take, of several: a folder's name, tx_...
    #[arg(long, value_name = "NAME")]
    rendering: Option<String>,

    /// Import only the classes of this file, a line each: CLASS, or CLASS = WORD to call it otherwise
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,

    /// Reduce rasters to no more than this many pixels a side; 0 keeps them as they are
    #[arg(long, default_value_t = 512, value_name = "PIXELS", value_parser = clap::value_parser!(u16))]
    max_side: u16,

    /// Store the traced lines of rasters, as recognition sees them, in place of their pixels
    #[arg(long)]
    trace: bool,

    /// Number of threads; 0 for one per core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1024))]
    threads: u16,

    /// Print the manifest of the data set as JSON
    #[arg(long)]
    json: bool,
}

/// A part on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::commands) enum PartArg {
    Train,
    Validation,
    Test,
}

impl From<PartArg> for Part {
    fn from(part: PartArg) -> Self {
        match part {
            PartArg::Train => Self::Train,
            PartArg::Validation => Self::Validation,
            PartArg::Test => Self::Test,
        }
    }
}

impl DataImportArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        output::check_folder(&self.out)?;
        let classes = self.classes.as_deref().map(read_classes).transpose()?;
        let import = DatasetImport::default()
            .with_sources(self.sources)
            .with_source(self.source)
            .with_licence(self.licence)
            .with_part(self.part.map(Part::from))
            .with_rendering(self.rendering)
            .with_classes(classes)
            .with_max_side(self.max_side.into())
            .with_trace(self.trace)
            .with_threads(self.threads.into());
        let done = Dataset::is_at(&self.out);
        let data::FinishedImport { mut manifest, without_word } = data::run(&import, &self.out)?;
        if let Some(classes) = &import.classes {
            let is_there = |word: &str| manifest.words.iter().any(|(known, _)| known == word);
            let missing: Vec<&str> = classes.words().filter(|word| !is_there(word)).collect();
            if !missing.is_empty() {
                let missing = data::listed(&missing);
                terminal::say(format!(
                    "dabnet: there is no sketch of {missing}: see how --classes spells its class"
                ));
            }
        }
        if manifest.words.is_empty() {
            terminal::say(format_args!("dabnet: {}", data::NO_WORDS));
        }
        if self.json {
            manifest.shards.clear();
            output::print_json(&manifest)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut out = io::stdout().lock();
        let sketches = counted(manifest.count, "sketch", "sketches");
        let classes = counted(manifest.words.len(), "class", "classes");
        let already = if done { " already" } else { "" };
        writeln!(out, "{}: {sketches} of {classes}{already}", self.out.display())?;
        let labeled: usize = manifest.words.iter().map(|(_, count)| count).sum();
        if labeled > 0 && labeled < manifest.count {
            let unlabeled = counted(manifest.count - labeled, "sketch has", "sketches have");
            let first = without_word.map(|name| format!(", the first of them '{name}'")).unwrap_or_default();
            writeln!(out, "{unlabeled} no word{first}: pictures lie in a folder of their word")?;
        }
        data::print_parts(&mut out, &manifest)?;
        data::print_skipped(&mut out, &manifest.skipped)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn read_classes(path: &Path) -> Result<ClassMap, CliError> {
    let fail = |reason: String| CliError::Input(format!("'{}': {reason}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    text.parse().map_err(|error: DataError| fail(error.to_string()))
}

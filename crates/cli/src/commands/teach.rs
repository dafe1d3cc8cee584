use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use dabnet_embedding::{TaughtWord, VIEWS, forget, teach, teach_alone};
use dabnet_engine::{Calibration, Model, PackedModel};
use dabnet_report::format::counted;
use dabnet_sketch::unmirrored_views;
use serde::Serialize;

use crate::{
    data::{LoadedData, listed},
    embedding::embed,
    error::{CliError, ExitCode},
    models,
    output::{self, ReplaceArgs, check_folder},
    terminal,
    training::MODEL,
};

/// Name of the model card.
const CARD: &str = "README.md";

/// Teach a model words of your own from a few drawings each.
///
/// WORDS is a folder with a folder a word, or anything else that can be imported: 1 to 50 drawings a word do. The
/// network stays as it is and its last layer gets a row a word, which takes less than a second. What comes out
/// is a model that everything runs: recognize, serve, page, export. Words that were taught before and are there again are
/// taught anew.
///
/// The model has to be calibrated, as those in the program are (see dabnet calibrate).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet teach words/ --model quickdraw-345 -o mine
  dabnet teach symbols.ndjson --replace -o symbols
  dabnet teach more/ --model mine -o mine --force
  dabnet teach --remove 'our logo',sigil --model mine -o fewer
  dabnet teach --list --model mine")]
pub(crate) struct TeachArgs {
    /// Drawings of the words: a folder with a folder a word, a data set, or anything that can be imported
    #[arg(value_name = "WORDS", required_unless_present_any = ["remove", "list"])]
    words: Option<PathBuf>,

    /// Packed model to start from: its file, its folder, or one that comes with the program
    #[arg(long, value_name = "MODEL", default_value = models::DEFAULT)]
    model: PathBuf,

    /// Folder to write
    #[arg(short, long, value_name = "DIR", required_unless_present = "list")]
    out: Option<PathBuf>,

    #[command(flatten)]
    overwrite: ReplaceArgs,

    /// Make a model of these words alone, without those that the model knows
    #[arg(long, requires = "words")]
    replace: bool,

    /// Take words from the model, separated by commas, before others are taught
    #[arg(long, value_name = "WORD,...", value_delimiter = ',', conflicts_with = "replace")]
    remove: Vec<String>,

    /// List the words that the model was taught, and change nothing
    #[arg(long, conflicts_with_all = ["words", "remove", "replace", "out"])]
    list: bool,

    /// Number of threads; 0 for one per core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1024))]
    threads: u16,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Output of `--json`.
#[derive(Serialize)]
struct TeachOutput<'a> {
    model: String,
    /// Number of words that it knows now.
    words: usize,
    /// Those that it was taught, in the order of the alphabet.
    taught: Vec<&'a str>,
}

impl TeachArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let mut packed = models::packed(&self.model)?;
        if let Some(out) = &self.out {
            check_folder(out)?;
            self.overwrite.check(out, "-o")?;
        }
        if !self.remove.is_empty() {
            packed = forget(&packed, &self.remove)?;
        }
        let words = match &self.words {
            Some(path) => self.embedded(path, &packed)?,
            None => Vec::new(),
        };
        if !words.is_empty() {
            packed = if self.replace { teach_alone(&packed, &words) } else { teach(&packed, &words) }?;
        }
        let path = match &self.out {
            Some(out) => save(&packed, out)?,
            None => self.model.clone(),
        };
        self.print(&packed, &path, &words)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Words of a data set, with an embedding for each view of each drawing.
    fn embedded(&self, path: &Path, packed: &PackedModel) -> Result<Vec<TaughtWord>, CliError> {
        let data = LoadedData::open_unreduced(path)?;
        let mut words: Vec<TaughtWord> = Vec::new();
        let model = Model::new(packed.clone())?;
        let mut indices = Vec::new();
        for index in 0..data.set.len() {
            match data.set.label(index)? {
                Some(label) => indices.push((label, index)),
                None => return Err(CliError::Input(without_word(path, &data, index)?)),
            }
        }
        indices.sort_unstable();
        let canvases = |drawing: &_| unmirrored_views(model.preprocessing(), drawing, VIEWS);
        let of: Vec<usize> = indices.iter().map(|(_, index)| *index).collect();
        let embeddings = embed(&model, &data.set, &of, self.threads.into(), canvases)?;
        for ((label, _), rows) in indices.into_iter().zip(embeddings) {
            let label = &data.set.labels()[label];
            match words.last_mut().filter(|word| word.label == *label) {
                Some(word) => word.drawings.extend(rows),
                None => words.push(TaughtWord { label: label.clone(), drawings: rows }),
            }
        }
        for folder in empty_folders(path) {
            terminal::say(format_args!("dabnet: {} is empty: nothing is learned of it", folder.display()));
        }
        Ok(words)
    }

    fn print(&self, packed: &PackedModel, path: &Path, words: &[TaughtWord]) -> Result<(), CliError> {
        let taught = taught(packed);
        if self.json {
            let model = path.display().to_string();
            output::print_json(&TeachOutput { model, words: packed.labels.len(), taught })?;
            return Ok(());
        }
        let mut out = io::stdout().lock();
        if self.list {
            taught.iter().try_for_each(|label| writeln!(out, "{}", output::printable_text(label)))?;
            return Ok(());
        }
        let labels: Vec<&str> = words.iter().map(|word| word.label.as_str()).collect();
        let all = counted(packed.labels.len(), "word", "words");
        let learned =
            if labels.is_empty() { String::new() } else { format!("learned {}; ", listed(&labels)) };
        writeln!(out, "{}: {learned}knows {all}", path.display())?;
        Ok(())
    }
}

fn taught(packed: &PackedModel) -> Vec<&str> {
    packed.calibration.iter().flat_map(Calibration::taught).collect()
}

/// Folders in a folder that have nothing in them.
fn empty_folders(path: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()))
}

fn without_word(path: &Path, data: &LoadedData, index: usize) -> Result<String, CliError> {
    let id = data.set.id(index)?.map(|id| format!(" ({id})")).unwrap_or_default();
    let path = path.display();
    Ok(format!(
        "{path}: sketch {}{id} has no word: put drawings of a word into a folder of its name",
        index + 1
    ))
}

/// Writes the model into its folder, with a card.
fn save(packed: &PackedModel, folder: &Path) -> Result<PathBuf, CliError> {
    fs::create_dir_all(folder).map_err(|error| CliError::write(folder, &error))?;
    let path = folder.join(MODEL);
    packed.save(&path)?;
    let card = folder.join(CARD);
    if !card.exists() {
        let words = taught(packed).join(", ");
        let text = format!(
            "# A model with words of its own\n\nMade by `dabnet teach`, which added to the last layer of a trained network: \
             {words}.\n\nWhere the network comes from and its licence are those of the model that it was made of.\n"
        );
        fs::write(&card, text).map_err(|error| CliError::write(&card, &error))?;
    }
    Ok(path)
}

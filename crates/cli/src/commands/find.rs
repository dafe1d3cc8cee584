use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use dabnet_embedding::{EmbeddingIndex, IndexMatch};
use dabnet_engine::{Model, Session};
use dabnet_sketch::{Preprocess, read, read_file};
use serde::Serialize;

use super::index::INDEX;
use crate::{
    error::{CliError, ExitCode},
    models,
    output::{self, printable_text},
};

/// Find what is most like a sketch in an index that `dabnet index` made.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet find index sketch.png
  cat sketch.svg | dabnet find index - --top 3 --json")]
pub(crate) struct FindArgs {
    /// Folder of the index
    #[arg(value_name = "INDEX")]
    index: PathBuf,

    /// Sketches: files, or - for standard input
    #[arg(required = true, value_name = "SKETCH")]
    sketches: Vec<PathBuf>,

    /// Number of entries to print for each sketch
    #[arg(long, default_value_t = 10, value_name = "K", value_parser = clap::value_parser!(u16).range(1..))]
    top: u16,

    /// Print one JSON object a line for each sketch
    #[arg(long)]
    json: bool,
}

/// Output of `--json` for one sketch.
#[derive(Serialize)]
struct FindOutput<'a> {
    file: &'a str,
    /// Position in the file, from 1.
    item: usize,
    found: Vec<FoundEntry<'a>>,
    /// Milliseconds that the search took, without drawing and the network.
    milliseconds: f64,
}

#[derive(Serialize)]
struct FoundEntry<'a> {
    name: &'a str,
    /// Place in the index, from 0.
    entry: usize,
    /// Cosine of the angle between embeddings.
    similarity: f32,
}

impl FindArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let file = self.index.join(INDEX);
        if !file.exists() {
            let reason = "is no index: dabnet index makes one";
            return Err(CliError::Input(format!("{} {reason}", self.index.display())));
        }
        let model = Model::new(models::packed(&self.index)?)?;
        let mut index = EmbeddingIndex::open(&file)?;
        let mut session = Session::new(&model);
        for path in &self.sketches {
            let name = path.display().to_string();
            let sketches = match path == Path::new("-") {
                true => read("standard input", io::stdin())?,
                false => read_file(path)?,
            };
            for (at, sketch) in sketches.enumerate() {
                let canvas = model.preprocessing().apply(&sketch?.drawing);
                let embedding = session.embed(&canvas)?;
                let start = Instant::now();
                let found = index.find(embedding, self.top.into())?;
                self.print(&name, at + 1, &found, 1e3 * start.elapsed().as_secs_f64())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print(
        &self,
        file: &str,
        item: usize,
        found: &[IndexMatch],
        milliseconds: f64,
    ) -> Result<(), CliError> {
        if self.json {
            let found = found.iter().map(|IndexMatch { entry, name, similarity }| FoundEntry {
                name,
                entry: *entry,
                similarity: *similarity,
            });
            output::print_json(&FindOutput { file, item, found: found.collect(), milliseconds })?;
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let number = if item == 1 { String::new() } else { format!(" #{item}") };
        writeln!(out, "{file}{number}:")?;
        for found in found {
            writeln!(out, "  {:.2}  {}", found.similarity, printable_text(&found.name))?;
        }
        Ok(())
    }
}

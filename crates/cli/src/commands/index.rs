use std::{fs, path::PathBuf, time::Instant};

use clap::Args;
use dabnet_embedding::IndexBuilder;
use dabnet_engine::Model;
use dabnet_report::format::grouped;
use dabnet_sketch::Preprocess;

use crate::{
    data::LoadedData,
    embedding::embed,
    error::{CliError, ExitCode},
    models,
    output::{ReplaceArgs, check_folder},
    terminal,
    training::MODEL,
};

/// Name of an index in its folder.
pub(crate) const INDEX: &str = "index.safetensors";
/// Drawings that are embedded at a time.
const AT_ONCE: usize = 8192;

/// Index sketches, icons or pictures, to be found by drawing them.
///
/// Takes a folder, a data set, or anything else that can be imported, with words or without. The index is a folder with the model in it, so
/// that `dabnet find` needs no other. Each entry takes a byte a value of the model's embedding, and 32 bytes of code.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet index icons/ -o index
  dabnet index quickdraw --model quickdraw-345 -o index
  dabnet find index sketch.png")]
pub(crate) struct IndexArgs {
    /// Folder, data set, or anything that can be imported
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    replace: ReplaceArgs,

    /// Packed model whose embedding is compared: its file, its folder, or one that comes with the program
    #[arg(long, value_name = "MODEL", default_value = models::DEFAULT)]
    model: PathBuf,

    /// Number of threads; 0 for one per core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1024))]
    threads: u16,
}

impl IndexArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        check_folder(&self.out)?;
        self.replace.check(&self.out, "-o")?;
        let packed = models::packed(&self.model)?;
        let model = Model::new(packed.clone())?;
        let start = Instant::now();
        let data = LoadedData::open_unreduced(&self.data)?;
        let mut builder = IndexBuilder::default();
        let all: Vec<usize> = (0..data.set.len()).collect();
        let canvases = |drawing: &_| vec![model.preprocessing().apply(drawing)];
        for some in all.chunks(AT_ONCE) {
            let rows = embed(&model, &data.set, some, self.threads.into(), canvases)?;
            for (&index, embedding) in some.iter().zip(rows.iter().flatten()) {
                builder.add(&name(&data, index)?, embedding)?;
            }
        }
        let count = builder.len();
        fs::create_dir_all(&self.out).map_err(|error| CliError::write(&self.out, &error))?;
        packed.save(self.out.join(MODEL))?;
        builder.save(&self.out.join(INDEX))?;
        let (out, seconds) = (self.out.display(), start.elapsed().as_secs_f64());
        terminal::say(format_args!("{} sketches in {out}, in {seconds:.1} s", grouped(count as u64)));
        Ok(ExitCode::SUCCESS)
    }
}

/// What an entry is called: its word, and its name in the source or its number.
fn name(data: &LoadedData, index: usize) -> Result<String, CliError> {
    let id = data.set.id(index)?.unwrap_or_else(|| format!("#{}", index + 1));
    let word = data.set.label(index)?.map(|label| &data.set.labels()[label]);
    Ok(word.map_or_else(|| id.clone(), |word| format!("{word} {id}")))
}

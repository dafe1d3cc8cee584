use std::path::PathBuf;

use clap::Args;
use dabnet_serve::PageFiles;

use crate::{
    error::{CliError, ExitCode},
    models, terminal,
};

/// Write the page to draw on as a folder for any web server.
///
/// The page recognizes in the browser: it loads the engine and the models and sends no sketch anywhere.
/// These are the files that 'dabnet serve' serves. The folder is written elsewhere and moved into place
/// whole; one that 'dabnet page' wrote before is replaced.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet page --out site
  dabnet page --out site --model quickstart/dab --model tu-berlin-250")]
pub(crate) struct PageArgs {
    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Packed model to offer: its folder, its file, or the name of one in the program; again for more. Without,
    /// quickdraw-345 and quickdraw-20
    #[arg(long, value_name = "MODEL")]
    model: Vec<PathBuf>,

    /// Replace the folder, whatever is in it
    #[arg(long)]
    force: bool,
}

impl PageArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let files = PageFiles::new(&models::model_registry(&self.model)?);
        files.write(&self.out, self.force)?;
        let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        terminal::say(format_args!(
            "wrote {}: {} files, {bytes} bytes",
            self.out.display(),
            files.iter().count()
        ));
        Ok(ExitCode::SUCCESS)
    }
}

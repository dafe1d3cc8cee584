use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use dabnet_engine::Session;
use dabnet_serve::{Icon, PageFiles, ServedModel};
use dabnet_sketch::{Preprocess, read_bytes};
use rayon::prelude::*;

use crate::{
    error::{CliError, ExitCode},
    models, terminal,
};

/// Extensions of the files of icons.
const EXTENSIONS: [&str; 4] = ["svg", "png", "webp", "gif"];
/// The most icons of a page.
const MAX_ICONS: usize = 20_000;

/// Write the page to draw on as a folder for any web server.
///
/// The page recognizes in the browser: it loads the engine and the models and sends no sketch anywhere.
/// These are the files that 'dabnet serve' serves. The folder is written elsewhere and moved into place
/// whole; one that 'dabnet page' wrote before is replaced.
///
/// With --icons it is another page, which finds the icons of a folder by drawing them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet page --out site
  dabnet page --out site --model quickstart/dab --model tu-berlin-250
  dabnet page --icons node_modules/lucide-static/icons --out icons")]
pub(crate) struct PageArgs {
    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Packed model to offer: its folder, its file, or the name of one in the program; again for more. Without,
    /// quickdraw-345 and quickdraw-20
    #[arg(long, value_name = "MODEL")]
    model: Vec<PathBuf>,

    /// Folder of icons, SVG or pictures, to be found by drawing them, in place of words to be guessed
    #[arg(long, value_name = "DIR")]
    icons: Option<PathBuf>,

    /// Replace the folder, whatever is in it
    #[arg(long)]
    force: bool,
}

impl PageArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let files = match &self.icons {
            Some(folder) => self.icons(folder)?,
            None => PageFiles::new(&models::model_registry(&self.model)?),
        };
        files.write(&self.out, self.force)?;
        let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        terminal::say(format_args!(
            "wrote {}: {} files, {bytes} bytes",
            self.out.display(),
            files.iter().count()
        ));
        Ok(ExitCode::SUCCESS)
    }

    fn icons(&self, folder: &Path) -> Result<PageFiles, CliError> {
        let path = match self.model.as_slice() {
            [] => Path::new(models::DEFAULT),
            [model] => model,
            _ => return Err(CliError::Input("icons are found by one model: give --model once".to_owned())),
        };
        let served = models::served_one(path)?;
        let mut names = Vec::new();
        list(folder, "", &mut names)?;
        names.sort();
        if names.len() > MAX_ICONS {
            let reason = format!("has {} icons; a page takes up to {MAX_ICONS}", names.len());
            return Err(CliError::Input(format!("{} {reason}", folder.display())));
        }
        let embed = |session: &mut Session, name: String| icon(session, &served, folder, name);
        let session = || Session::new(served.model());
        let read: Vec<Result<Icon, String>> = names.into_par_iter().map_init(session, embed).collect();
        let mut icons = Vec::new();
        for icon in read {
            match icon {
                Ok(icon) => icons.push(icon),
                Err(reason) => terminal::say(format_args!("dabnet: left out: {reason}")),
            }
        }
        if icons.is_empty() {
            let reason = "has no icons that can be read: give a folder of SVG or PNG files";
            return Err(CliError::Input(format!("{} {reason}", folder.display())));
        }
        terminal::say(format_args!("{} icons", icons.len()));
        Ok(PageFiles::with_icons(&served, icons)?)
    }
}

/// Names of the icons in a folder and those in it, as parts of an address.
fn list(folder: &Path, at: &str, names: &mut Vec<String>) -> Result<(), CliError> {
    let failed =
        |error: std::io::Error| CliError::Input(format!("cannot read {}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(name) =
            path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.'))
        else {
            continue;
        };
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        // What links lead to may lead back.
        if path.is_dir() && !path.is_symlink() {
            list(&path, &format!("{at}{name}/"), names)?;
        } else if extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str())) {
            names.push(format!("{at}{name}"));
        }
    }
    Ok(())
}

fn icon(session: &mut Session, served: &ServedModel, folder: &Path, name: String) -> Result<Icon, String> {
    let bytes = fs::read(folder.join(&name)).map_err(|error| format!("{name}: {error}"))?;
    let mut sketches = read_bytes(&name, bytes.clone()).map_err(|error| error.to_string())?;
    let sketch = sketches.next().ok_or_else(|| format!("{name}: it is empty"))?;
    let sketch = sketch.map_err(|error| error.to_string())?;
    let canvas = served.model().preprocessing().apply(&sketch.drawing);
    let embedding = session.embed(&canvas).map_err(|error| format!("{name}: {error}"))?.to_vec();
    Ok(Icon { name, bytes, embedding })
}

//! The page that finds icons by drawings.

use serde::Serialize;

use super::{PageFiles, StaticFile, url};
use crate::{ServeError, ServedModel};

/// Files that it shares with the page to draw on, beside the engine.
const SHARED: [&str; 3] = ["board.js", "icon.svg", "style.css"];
/// Names of the icons, and bits of their embeddings.
const NAMES: &str = "icons.json";
const CODES: &str = "icons.bin";

/// An icon to find.
#[derive(Clone, Debug)]
pub struct Icon {
    /// Path of its file among the icons, with `/` between folders.
    pub name: String,
    /// Its file.
    pub bytes: Vec<u8>,
    /// Its embedding, as [`Session::embed`](dabnet_engine::Session::embed) gives it.
    pub embedding: Vec<f32>,
}

#[derive(Serialize)]
struct IconIndex<'a> {
    /// Address of the model.
    model: String,
    /// Number of values of an embedding.
    width: usize,
    icons: Vec<&'a str>,
}

impl PageFiles {
    /// The page that finds these icons by drawings, each by one bit for each value of its embedding.
    ///
    /// # Errors
    /// [`ServeError::NotCalibrated`] for a model without medians of its embeddings.
    pub fn with_icons(served: &ServedModel, icons: Vec<Icon>) -> Result<Self, ServeError> {
        let statistics = served.model().embedding_statistics();
        let statistics =
            statistics.ok_or_else(|| ServeError::NotCalibrated { name: served.name().to_owned() })?;
        let names = icons.iter().map(|icon| icon.name.as_str()).collect();
        let index = IconIndex { model: url(served), width: statistics.width(), icons: names };
        let index = serde_json::to_vec(&index).expect("names and numbers are JSON");
        let medians = statistics.median.iter().flat_map(|median| median.to_le_bytes());
        let codes = medians.chain(icons.iter().flat_map(|icon| statistics.bits(&icon.embedding))).collect();

        let is_shared = |name: &str| SHARED.contains(&name) || name.starts_with("dabnet/");
        let page = dabnet_web::FILES.iter().filter(|(name, _)| is_shared(name));
        let page =
            page.chain(dabnet_web::ICON_FILES).map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        let own =
            [(NAMES.to_owned(), index), (CODES.to_owned(), codes), (url(served), served.bytes().to_vec())];
        let icons = icons.into_iter().map(|icon| (format!("icons/{}", icon.name), icon.bytes));
        let files = page.chain(own).chain(icons);
        Ok(Self(files.map(|(name, bytes)| (name.clone(), StaticFile::new(&name, bytes))).collect()))
    }
}

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use dabnet_sketch::formats::truncate_message;
use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::shard::ShardInfo;

/// The name of the file that makes a folder a data set.
pub const MANIFEST: &str = "manifest.json";
/// The largest manifest read, in bytes.
const MAX_MANIFEST: u64 = 256 << 20;
const FORMAT: &str = "dabnet-data";
/// The version of the format that this library writes and reads.
const VERSION: u32 = 1;

/// The file that says how far an import is; a folder with it is no data set yet.
pub(crate) const JOURNAL: &str = "import.json";

/// Description of a data set, in `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `dabnet-data`.
    pub format: String,
    /// Version of the format, 1.
    pub version: u32,
    /// Origin of the sketches.
    pub source: String,
    /// Under what terms, as far as was said.
    pub licence: Option<String>,
    /// Tells one import from another: the CRC-32 of what was imported and how.
    pub fingerprint: u32,
    /// Options of the import other than the default, and their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Sketches.
    pub count: usize,
    /// Words, in the order in which they were met, and how many sketches of each there are.
    pub words: Vec<(String, usize)>,
    /// Sketches by the part that their source gives them; those without one are left out.
    pub parts: BTreeMap<String, usize>,
    /// Sketches by what they are: `strokes`, `raster`, `picture`.
    pub kinds: BTreeMap<String, usize>,
    /// Items that were not imported.
    pub skipped: SkippedItems,
    /// The files that hold the sketches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<ShardInfo>,
}

/// Counts of items that could not be imported, or were not meant to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkippedItems {
    /// Sketches and files that are broken.
    pub count: u64,
    /// Count of each reason, without what differs from one file to the next.
    pub reasons: BTreeMap<String, u64>,
    /// Message of the first of them.
    pub first: Vec<String>,
    /// Files that are no sketches, by their extension.
    pub ignored: BTreeMap<String, u64>,
    /// Sketches of classes that were not to be taken.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_classes: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The most that is remembered of what was skipped.
const MAX_FIRST: usize = 100;
const MAX_REASONS: usize = 100;

impl SkippedItems {
    /// Remembers something broken.
    pub(crate) fn add(&mut self, error: &DataError) {
        self.count += 1;
        let reason = without_numbers(&truncate_message(&error.reason()));
        // A hostile file may be broken in as many ways as it has bytes.
        let known = self.reasons.len() < MAX_REASONS || self.reasons.contains_key(&reason);
        *self.reasons.entry(if known { reason } else { "other".to_owned() }).or_default() += 1;
        if self.first.len() < MAX_FIRST {
            self.first.push(truncate_message(&error.to_string()));
        }
    }

    /// Describes what there is in place of sketches.
    pub(crate) fn summary(&self) -> Option<String> {
        let kind = |extension: &String| match extension.as_str() {
            "" => "files without an extension".to_owned(),
            extension => format!("{extension} files"),
        };
        let ignored: Vec<String> = self.ignored.keys().map(kind).collect();
        let ignored = (!ignored.is_empty()).then(|| format!("only {}", ignored.join(", ")));
        let others = (self.other_classes > 0).then(|| "only other classes than those to take".to_owned());
        self.first.first().cloned().or(others).or(ignored)
    }

    /// Remembers a file that is no sketch.
    pub(crate) fn ignore(&mut self, name: &str) {
        let file = name.rsplit('/').next().unwrap_or(name);
        let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        let extension = truncate_message(&extension);
        let known = self.ignored.len() < MAX_REASONS || self.ignored.contains_key(&extension);
        *self.ignored.entry(if known { extension } else { "other".to_owned() }).or_default() += 1;
    }
}

/// A message with every number as `#`, so that those about different places are the same.
fn without_numbers(message: &str) -> String {
    let mut text = String::new();
    for character in message.chars() {
        if !character.is_ascii_digit() {
            text.push(character);
        } else if !text.ends_with('#') {
            text.push('#');
        }
    }
    text
}

/// Reads a manifest and checks what its reader relies on.
pub(crate) fn read_manifest(folder: &Path) -> Result<Manifest, DataError> {
    let path = folder.join(MANIFEST);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(_) if folder.join(JOURNAL).is_file() => {
            return Err(DataError::Unfinished { path: folder.to_owned() });
        }
        Err(_) if !path.exists() => return Err(DataError::NoDataSet { path: folder.to_owned() }),
        Err(source) => return Err(DataError::open(path.display(), source)),
    };
    let damaged = |reason: String| DataError::Damaged { path: path.clone(), reason };
    let mut text = String::new();
    file.take(MAX_MANIFEST).read_to_string(&mut text).map_err(|error| damaged(error.to_string()))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if manifest.format != FORMAT || manifest.version != VERSION {
        let (format, version) = (&manifest.format, manifest.version);
        return Err(damaged(format!(
            "it is of the format '{format}' {version}; this program reads '{FORMAT}' {VERSION}"
        )));
    }
    let (mut counted, mut files) = (0_u64, HashSet::new());
    for info in &manifest.shards {
        if !info.can_be() || !files.insert(&info.file) {
            return Err(damaged(format!("its shard '{}' cannot be one", info.file)));
        }
        counted = counted.saturating_add(info.count as u64);
    }
    if counted != manifest.count as u64 {
        return Err(damaged(format!("it counts {} sketches and its shards {counted}", manifest.count)));
    }
    Ok(manifest)
}

impl Manifest {
    /// Of a data set with nothing in it yet.
    pub(crate) fn new(source: String, licence: Option<String>, fingerprint: u32) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            source,
            licence,
            fingerprint,
            options: BTreeMap::new(),
            count: 0,
            words: Vec::new(),
            parts: Default::default(),
            kinds: Default::default(),
            skipped: SkippedItems::default(),
            shards: Vec::new(),
        }
    }
}

/// Writes a file as JSON so that it is whole or not there at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), DataError> {
    let bytes = serde_json::to_vec_pretty(value).map_err(io::Error::from);
    bytes.and_then(|bytes| replace(path, &bytes)).map_err(|source| write_error(path, source))
}

pub(crate) fn write_error(path: &Path, source: io::Error) -> DataError {
    DataError::Write { path: path.to_owned(), source }
}

/// Writes under another name, and gives the file its own only when all of it is on the disk.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("part");
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().inspect_err(|_| {
        // A disk that is full needs the room.
        let _ = std::fs::remove_file(&beside);
    })?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // The name is in the folder, which some systems cannot sync.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

//! Zip archives, of which no member is ever written to disk.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::formats::MAX_BESIDE;

/// The most members that an archive may have.
const MAX_MEMBERS: usize = 10_000_000;

/// An open archive.
pub(super) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    members: Vec<Member>,
    outside: Vec<String>,
}

/// A file in an archive.
#[derive(Clone)]
pub(super) struct Member {
    /// Its path in the archive.
    pub name: String,
    pub index: usize,
    /// Its size as it is read, not as it is stored.
    pub bytes: u64,
}

impl Archive {
    /// Whether a file is an archive, by its name or its content.
    pub fn recognize(path: &Path) -> bool {
        let mut head = [0; 4];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
        read.is_ok() && (head == *b"PK\x03\x04" || head == *b"PK\x05\x06")
    }

    /// Opens an archive, or says why not.
    pub fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
        if zip.len() > MAX_MEMBERS {
            return Err(format!("it has more than {MAX_MEMBERS} members"));
        }
        let (mut members, mut outside, mut stored) = (Vec::new(), Vec::new(), 0_u64);
        for index in 0..zip.len() {
            let member = zip.by_index_raw(index).map_err(|error| error.to_string())?;
            stored = stored.saturating_add(member.compressed_size());
            // A name in no known encoding is still a name.
            let name = match member.name() {
                Ok(name) => name.replace('\\', "/"),
                Err(_) => String::from_utf8_lossy(member.name_raw()).into_owned(),
            };
            if leads_out(&name) {
                outside.push(name);
            } else if member.is_file() {
                members.push(Member { name, index, bytes: member.size() });
            }
        }
        // Members that share bytes are how a small archive becomes an enormous one.
        if stored > length {
            return Err(format!("its members overlap: they say they take {stored} of its {length} bytes"));
        }
        Ok(Self { path: path.to_owned(), zip, members, outside })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files in it.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The names of files that would lie outside of it.
    pub fn outside(&self) -> &[String] {
        &self.outside
    }

    /// Opens a file in it.
    pub fn member(&mut self, index: usize) -> Result<impl Read + '_, String> {
        self.zip.by_index(index).map_err(|error| error.to_string())
    }

    /// The content of another file of the same folder of an archive.
    pub fn read_beside(path: &Path, index: usize, other: &str) -> Option<Vec<u8>> {
        let mut archive = Self::open(path).ok()?;
        let name = &archive.members.iter().find(|member| member.index == index)?.name;
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let name = if folder.is_empty() { other.to_owned() } else { format!("{folder}/{other}") };
        let mut bytes = Vec::new();
        archive.zip.by_name(&name).ok()?.take(MAX_BESIDE + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= MAX_BESIDE).then_some(bytes)
    }
}

/// Whether a path would be outside of the folder that an archive is unpacked in.
fn leads_out(name: &str) -> bool {
    let mut parts = name.split(['/', '\\']);
    name.starts_with(['/', '\\']) || name.get(1..2) == Some(":") || parts.any(|part| part == "..")
}

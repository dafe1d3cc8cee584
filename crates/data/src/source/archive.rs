//! Zip archives, of which no member is ever written to disk.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use dabnet_sketch::formats::MAX_SIBLING_BYTES;

/// The most members that an archive may have.
const MAX_MEMBERS: usize = 10_000_000;

/// An open archive.
pub(super) struct ZipReader {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    /// In the order of their indices.
    members: Vec<ArchiveMember>,
    broken: Vec<(String, String)>,
}

/// A file in an archive.
#[derive(Clone)]
pub(super) struct ArchiveMember {
    /// Its path in the archive.
    pub name: String,
    pub index: usize,
    /// Its size as it is read, not as it is stored.
    pub bytes: u64,
    /// The checksum of its content.
    pub crc32: u32,
}

impl ZipReader {
    /// True if a file is a zip archive by its first bytes.
    pub(crate) fn recognize(path: &Path) -> bool {
        let mut head = [0; 4];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
        read.is_ok() && (head == *b"PK\x03\x04" || head == *b"PK\x05\x06")
    }

    /// Opens an archive, or says why not.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
        if zip.len() > MAX_MEMBERS {
            return Err(format!("it has more than {MAX_MEMBERS} members"));
        }
        let (mut members, mut broken, mut stored) = (Vec::new(), Vec::new(), 0_u64);
        for index in 0..zip.len() {
            let name = zip.name_for_index(index).and_then(Result::ok).map(Cow::into_owned);
            let member = match zip.by_index_raw(index) {
                Ok(member) => member,
                Err(error) => {
                    broken.push((name.unwrap_or_else(|| format!("member {index}")), error.to_string()));
                    continue;
                }
            };
            stored = stored.saturating_add(member.compressed_size());
            // What says nothing of its encoding may be in any; archives of today are in UTF-8 all the same.
            let name = match std::str::from_utf8(member.name_raw()).ok().or(name.as_deref()) {
                Some(name) => name.replace('\\', "/"),
                None => String::from_utf8_lossy(member.name_raw()).into_owned(),
            };
            if let Some(reason) = obstacle(&member) {
                broken.push((name, reason));
            } else if leads_out(&name) {
                broken.push((name, "its path leads out of the archive".to_owned()));
            } else if member.is_file() {
                members.push(ArchiveMember { name, index, bytes: member.size(), crc32: member.crc32() });
            }
        }
        // Members that share bytes are how a small archive becomes an enormous one.
        if stored > length {
            return Err(format!("its members overlap: they say they take {stored} of its {length} bytes"));
        }
        Ok(Self { path: path.to_owned(), zip, members, broken })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The files in it.
    pub(crate) fn members(&self) -> &[ArchiveMember] {
        &self.members
    }

    /// The names of files in it that cannot be used, and why not.
    pub(crate) fn broken(&self) -> &[(String, String)] {
        &self.broken
    }

    /// Opens a file in it.
    pub(crate) fn member(&mut self, index: usize) -> Result<impl Read + '_, String> {
        self.zip.by_index(index).map_err(|error| error.to_string())
    }

    /// The content of another file of the same folder.
    pub(crate) fn read_sibling(&mut self, index: usize, other: &str) -> Option<Vec<u8>> {
        let at = self.members.binary_search_by_key(&index, |member| member.index).ok()?;
        let name = &self.members[at].name;
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let name = if folder.is_empty() { other.to_owned() } else { format!("{folder}/{other}") };
        let mut bytes = Vec::new();
        // By name, every member would be looked at where there is none of that name.
        let index = self.zip.index_for_name_raw(name.as_bytes())?;
        self.zip.by_index(index).ok()?.take(MAX_SIBLING_BYTES + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= MAX_SIBLING_BYTES).then_some(bytes)
    }
}

/// Why a member cannot be read, where its head says so.
fn obstacle<R: Read + ?Sized>(member: &zip::read::ZipFile<'_, R>) -> Option<String> {
    let method = match member.compression() {
        _ if member.encrypted() => {
            return Some("it is encrypted: pack it again without a password".to_owned());
        }
        CompressionMethod::Stored | CompressionMethod::Deflated | CompressionMethod::Deflate64 => {
            return None;
        }
        other => other,
    };
    let name = match method_number(method) {
        12 => "bzip2".to_owned(),
        14 => "LZMA".to_owned(),
        93 => "Zstandard".to_owned(),
        95 => "xz".to_owned(),
        number => format!("method {number}"),
    };
    Some(format!("it is compressed with {name}: pack it again with deflate, as zip does by itself"))
}

#[allow(deprecated, reason = "the only way to the number of a method")]
fn method_number(method: CompressionMethod) -> u16 {
    method.to_u16()
}

/// True if a path would be outside of the folder that an archive is unpacked in.
fn leads_out(name: &str) -> bool {
    let mut parts = name.split(['/', '\\']);
    name.starts_with(['/', '\\']) || name.get(1..2) == Some(":") || parts.any(|part| part == "..")
}

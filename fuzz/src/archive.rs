//! Zip archives taken apart and put together again with valid checksums.

use std::io::{Cursor, Read, Write};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::common::Random;

/// The most members, and the most bytes of each, that are looked at.
const MEMBERS: usize = 32;
const BYTES: u64 = 1 << 20;

/// The files in an archive with their names; `None` if it cannot be read.
pub fn members(bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut members = Vec::new();
    for index in 0..archive.len().min(MEMBERS) {
        let Ok(member) = archive.by_index(index) else { continue };
        let name = String::from_utf8_lossy(member.name_raw()).into_owned();
        let mut content = Vec::new();
        if member.is_file() && member.take(BYTES).read_to_end(&mut content).is_ok() {
            members.push((name, content));
        }
    }
    Some(members)
}

/// An archive of these files; `None` where it cannot be written.
pub fn written(members: &[(String, Vec<u8>)], random: &mut Random) -> Option<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let method = [CompressionMethod::Stored, CompressionMethod::Deflated][random.below(2) as usize];
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(name.as_str(), options.large_file(random.below(8) == 0)).ok()?;
        writer.write_all(content).ok()?;
    }
    writer.finish().ok().map(Cursor::into_inner)
}

/// A changed archive with valid checksums; `None` if `bytes` is none. `raw` changes a piece of it.
pub fn mutate(bytes: &[u8], random: &mut Random, raw: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
    let mut members = members(bytes)?;
    let count = members.len() as u64;
    let at = random.below(count.max(1)) as usize;
    let member = members.get(at)?.clone();
    match random.below(8) {
        0 => drop(members.remove(at)),
        1 => members.push(member),
        2 => members[at].0 = String::from_utf8_lossy(&raw(member.0.as_bytes())).into_owned(),
        3 => {
            const NAMES: [&str; 10] =
                ["../", "/", "train/", "test/", "tx_1/", "photo/", "C:", "data_batch_1.bin", "a/a/a/", "."];
            members[at].0 = format!("{}{}", NAMES[random.below(10) as usize], member.0);
        }
        // An archive in an archive.
        4 => members[at].1 = bytes.to_vec(),
        _ => members[at].1 = raw(&member.1),
    }
    written(&members, random)
}

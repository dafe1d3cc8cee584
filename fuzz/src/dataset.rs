//! The files of a data set in one input, and changes of them that keep lengths and checksums right.

use serde_json::Value;

use crate::{common::Random, json};

/// A manifest, a split (none where it is empty) and one shard.
#[derive(Clone)]
pub struct Parts {
    pub manifest: Vec<u8>,
    pub split: Vec<u8>,
    pub shard: Vec<u8>,
}

impl Parts {
    /// Two parts behind their lengths, of four bytes each and lowest first, then the third.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let part = |bytes: &[u8]| {
            let (length, rest) = bytes.split_first_chunk()?;
            let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            Some((part.to_vec(), rest.to_vec()))
        };
        let (manifest, rest) = part(bytes)?;
        let (split, shard) = part(&rest)?;
        Some(Self { manifest, split, shard })
    }

    /// What [`read`](Self::read) reads.
    pub fn written(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [&self.manifest, &self.split] {
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(part);
        }
        bytes.extend(&self.shard);
        bytes
    }

    /// The files with their names.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let all =
            [("manifest.json", &self.manifest), ("split.json", &self.split), ("00000.shard", &self.shard)];
        all.into_iter().filter(|(_, bytes)| !bytes.is_empty()).map(|(name, bytes)| (name, &bytes[..]))
    }

    /// With one part changed, and mostly what the manifest says of the shard put right.
    pub fn mutated(mut self, random: &mut Random, raw: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        match random.below(6) {
            0 => self.manifest = changed(&self.manifest, random),
            1 => self.split = changed(&self.split, random),
            2 => self.split = raw(&self.split),
            3 => self.manifest = raw(&self.manifest),
            _ => self.shard = raw(&self.shard),
        }
        if random.below(8) > 0 {
            self.seal();
        }
        self
    }

    fn seal(&mut self) {
        let Ok(mut manifest) = serde_json::from_slice::<Value>(&self.manifest) else { return };
        let Some(info) = manifest.pointer_mut("/shards/0").and_then(Value::as_object_mut) else { return };
        info.insert("bytes".into(), self.shard.len().into());
        info.insert("crc32".into(), crc32fast::hash(&self.shard).into());
        self.manifest = manifest.to_string().into_bytes();
    }
}

fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice(bytes) else { return bytes.to_vec() };
    json::mutate(&mut value, random);
    value.to_string().into_bytes()
}

use safetensors::Dtype;
use std::collections::BTreeMap;

use super::schema::key;

/// CRC-32 of a model's content, as eight lower-case hexadecimal digits.
///
/// It covers metadata and tensors, not the layout of the header, so that rewriting the container in another
/// order keeps it valid.
pub(super) fn checksum<'a>(
    metadata: &BTreeMap<&str, &str>,
    tensors: &BTreeMap<&str, (Dtype, &'a [usize], &'a [u8])>,
) -> String {
    let mut content = ContentHasher(crc32fast::Hasher::new());
    let entries: Vec<_> = metadata.iter().filter(|(name, _)| **name != key::CHECKSUM).collect();
    content.number(entries.len());
    for (name, value) in entries {
        content.bytes(name.as_bytes());
        content.bytes(value.as_bytes());
    }
    content.number(tensors.len());
    for (name, (dtype, shape, data)) in tensors {
        content.bytes(name.as_bytes());
        content.bytes(dtype.to_string().as_bytes());
        content.number(shape.len());
        shape.iter().for_each(|&extent| content.number(extent));
        content.bytes(data);
    }
    format!("{:08x}", content.0.finalize())
}

struct ContentHasher(crc32fast::Hasher);

impl ContentHasher {
    fn number(&mut self, number: usize) {
        self.0.update(&(number as u64).to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Layout of the specification, byte for byte.
    #[test]
    fn covers_what_the_specification_says() {
        let metadata = BTreeMap::from([("checksum", "x"), ("a", "bc")]);
        let tensors = BTreeMap::from([("t", (Dtype::U8, &[2_usize][..], &[7_u8, 9][..]))]);
        let mut bytes = Vec::new();
        let number = |bytes: &mut Vec<u8>, n: u64| bytes.extend(n.to_le_bytes());
        number(&mut bytes, 1);
        for text in ["a", "bc"] {
            number(&mut bytes, text.len() as u64);
            bytes.extend(text.as_bytes());
        }
        number(&mut bytes, 1);
        for text in ["t", "U8"] {
            number(&mut bytes, text.len() as u64);
            bytes.extend(text.as_bytes());
        }
        number(&mut bytes, 1);
        number(&mut bytes, 2);
        number(&mut bytes, 2);
        bytes.extend([7, 9]);
        assert_eq!(checksum(&metadata, &tensors), format!("{:08x}", crc32fast::hash(&bytes)));
    }
}

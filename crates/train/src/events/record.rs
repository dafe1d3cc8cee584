//! Frames of a TFRecord file: length, checksum of the length, data, checksum of the data.

use std::io::{self, Write};

/// Writes `data` as one frame.
pub(super) fn write(file: &mut impl Write, data: &[u8]) -> io::Result<()> {
    let length = (data.len() as u64).to_le_bytes();
    for part in [&length[..], data] {
        file.write_all(part)?;
        file.write_all(&masked_crc(part).to_le_bytes())?;
    }
    Ok(())
}

/// Masked CRC-32C, as TFRecord specifies it.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The data of all frames.
    ///
    /// # Panics
    /// If a frame is cut off or a checksum is wrong.
    pub(in super::super) fn read(mut file: &[u8]) -> Vec<&[u8]> {
        fn checked<'a>(file: &mut &'a [u8], len: usize) -> &'a [u8] {
            let data = file.split_off(..len).unwrap();
            let checksum = file.split_off(..4).unwrap();
            assert_eq!(checksum, masked_crc(data).to_le_bytes());
            data
        }
        let mut frames = Vec::new();
        while !file.is_empty() {
            let length = u64::from_le_bytes(checked(&mut file, 8).try_into().unwrap());
            frames.push(checked(&mut file, length as usize));
        }
        frames
    }

    /// As TensorBoard's own writer gives them.
    #[test]
    fn frames_are_the_published_format() {
        let mut file = Vec::new();
        write(&mut file, b"\x1a\x0dbrain.Event:2").unwrap();
        assert_eq!(file, GOLDEN);
        write(&mut file, b"").unwrap();
        assert_eq!(read(&file), [&b"\x1a\x0dbrain.Event:2"[..], b""]);
    }

    const GOLDEN: &[u8] = b"\x0f\0\0\0\0\0\0\0\x6d\x53\x2b\x09\
        \x1a\x0dbrain.Event:2\xfc\x98\x51\x29";
}

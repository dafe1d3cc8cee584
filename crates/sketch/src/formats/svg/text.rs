//! The text of an SVG, whatever encoding it is in.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// Bytes in which an XML declaration says its encoding.
const DECLARATION: usize = 256;

/// The text of an XML file: in UTF-16 where a mark says so, in UTF-8, or in what its declaration names.
pub(super) fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode(encoding, &bytes[mark..]);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    match declared(bytes) {
        None => Err("it is not UTF-8 text, and names no other encoding".to_owned()),
        Some(label) => match Encoding::for_label(label) {
            Some(encoding) => decode(encoding, bytes),
            None => Err(format!(
                "its encoding '{}' is not known: save it as UTF-8",
                String::from_utf8_lossy(label)
            )),
        },
    }
}

fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>, String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.ok_or_else(|| match encoding == UTF_8 {
        true => "it is not UTF-8 text, though it says so".to_owned(),
        false => format!("it says that it is {} text, and is not", encoding.name()),
    })
}

/// The label in `<?xml … encoding="…"?>`.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = b"encoding";
    let head = &bytes[..bytes.len().min(DECLARATION)];
    let declaration = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let declaration = declaration.split(|byte| *byte == b'>').next()?;
    let at = declaration.windows(KEY.len()).position(|word| word == KEY)? + KEY.len();
    let value = declaration[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = *value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    value[1..].split(|byte| *byte == quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = r#"<?xml version="1.0" encoding='Windows-1252'?><svg>é</svg>"#;
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let files = [latin, utf_16(text, u16::to_le_bytes), utf_16(text, u16::to_be_bytes), text.into()];
        for file in files {
            assert_eq!(decoded(&file).unwrap(), text);
        }
    }

    #[test]
    fn what_is_not_as_it_says_is_told() {
        let told = |bytes: &[u8]| decoded(bytes).unwrap_err();
        assert!(told(b"<svg>\xff</svg>").contains("names no other encoding"));
        assert!(told(b"<?xml encoding=\"EBCDIC\"?>\xff").contains("'EBCDIC' is not known"));
        assert!(told(b"<?xml encoding=\"utf-8\"?>\xff").contains("not UTF-8"));
        assert!(told(b"\xff\xfe\x00\xd8").contains("UTF-16LE"));
    }
}

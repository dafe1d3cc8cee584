use std::{
    hash::{DefaultHasher, Hasher},
    io::Write,
};

use axum::{body::Bytes, http::HeaderValue};
use flate2::{Compression, write::GzEncoder};

/// A file, ready to be sent.
#[derive(Debug)]
pub(crate) struct StaticFile {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: &'static str,
    pub(crate) etag: HeaderValue,
    /// Compressed with gzip, if that saves at least a twentieth.
    pub(crate) zipped: Option<Bytes>,
    /// Other bytes are another entity.
    pub(crate) zipped_etag: HeaderValue,
}

impl StaticFile {
    pub(crate) fn new(name: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let zipped = zip(&bytes).filter(|zipped| zipped.len() < bytes.len() - bytes.len() / 20);
        let tag = tag(&bytes);
        let [etag, zipped_etag] = ["", "-gzip"].map(|coding| {
            let etag = format!("\"{tag}{coding}\"");
            HeaderValue::from_str(&etag).expect("hexadecimal digits can stand in a header")
        });
        Self { bytes, content_type: content_type(name), etag, zipped, zipped_etag }
    }
}

/// Tag of the content: its length and a 64-bit hash.
fn tag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{:x}-{:016x}", bytes.len(), hasher.finish())
}

fn zip(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::StaticFile;

    #[test]
    fn only_what_shrinks_is_zipped() {
        let text = StaticFile::new("a.js", "let a = 1;\n".repeat(100).into_bytes());
        assert!(text.zipped.is_some() && text.etag != text.zipped_etag);
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..1000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        assert!(StaticFile::new("a.bin", noise).zipped.is_none());
        assert!(StaticFile::new("empty.txt", Vec::new()).zipped.is_none());
    }
}

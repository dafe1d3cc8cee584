//! Pictures inside an SVG.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use usvg::{ImageHrefResolver, ImageKind, roxmltree};

use super::expansion::href;
use crate::formats::image::{self, ImageFileFormat};

/// The most pixels of all pictures of a document.
const MAX_PIXELS: u64 = 32 << 20;

/// Takes PNG, JPEG and WebP that lie in the document itself, and opens no file.
pub(super) fn resolver() -> ImageHrefResolver<'static> {
    let pixels = AtomicU64::new(0);
    let resolve_data = move |_: &str, data: Arc<Vec<u8>>, _: &usvg::Options<'_>| {
        let format = ImageFileFormat::recognize(&data)?;
        let (width, height) = image::dimensions("", format, &data).ok()?;
        let own = u64::from(width) * u64::from(height);
        let before = pixels.fetch_add(own, Ordering::Relaxed);
        (before.saturating_add(own) <= MAX_PIXELS).then_some(match format {
            ImageFileFormat::Png => ImageKind::PNG(data),
            ImageFileFormat::Jpeg => ImageKind::JPEG(data),
            ImageFileFormat::WebP => ImageKind::WEBP(data),
            ImageFileFormat::Gif => ImageKind::GIF(data),
            ImageFileFormat::Bmp => return None,
        })
    };
    ImageHrefResolver { resolve_data: Box::new(resolve_data), resolve_string: Box::new(|_, _| None) }
}

/// Whether an image is one of those that are taken.
pub(super) fn is_shown(node: roxmltree::Node<'_, '_>) -> bool {
    let href = href(node).unwrap_or_default();
    let media = ["png", "jpeg", "jpg", "webp", "gif"];
    media.iter().any(|media| href.trim_start().starts_with(&format!("data:image/{media}")))
}

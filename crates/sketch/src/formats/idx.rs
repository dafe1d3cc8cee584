//! IDX, the format of MNIST and its family: images of bytes, and labels in a second file.
//!
//! `train-images-idx3-ubyte` has its labels in `train-labels-idx1-ubyte` beside it. See
//! <https://yann.lecun.org/exdb/mnist/>.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::image::MAX_SIDE;
use super::record::RecordKind;
use super::rows::{RowLabels, RowReader};
use super::{ByteSource, MAX_SIBLING_BYTES, SiblingReader};

/// Two zeros, 8 for bytes, and the number of dimensions.
const IMAGES: [u8; 4] = [0, 0, 8, 3];
const LABELS: [u8; 4] = [0, 0, 8, 1];

pub(super) fn recognize(head: &[u8]) -> bool {
    head.starts_with(&IMAGES)
}

/// The images of a file, or why there are none; labeled, where their labels lie beside it.
pub(super) fn rows<'a>(
    name: &str,
    mut source: ByteSource<'a>,
    beside: SiblingReader<'_>,
) -> Result<RowReader<'a>, String> {
    let mut header = [0; 16];
    source.read_exact(&mut header).map_err(|_| "it is cut short in its header")?;
    let [count, height, width] = [4, 8, 12].map(|at| be(&header[at..]));
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(format!(
            "its images are {width}×{height}; they may have up to {MAX_SIDE}×{MAX_SIDE} pixels"
        ));
    }
    let of_records = match labels_name(name).and_then(|name| beside(&name)) {
        Some(file) => Some(labels(&file, count)?),
        None => None,
    };
    let (width, height) = (width as usize, height as usize);
    let rows =
        RowReader::new(source, RecordKind::Ink { width, height }, width * height).counted(count.into());
    Ok(rows.labeled(0, RowLabels { of_records, names: Vec::new() }))
}

fn be(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// The file of the labels, from that of the images.
fn labels_name(name: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next()?;
    file.contains("images").then(|| file.replace("images", "labels").replace("idx3", "idx1"))
}

/// The labels in a file, a byte each.
fn labels(file: &[u8], count: u32) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if file.starts_with(&[0x1f, 0x8b]) {
        let read = MultiGzDecoder::new(file).take(MAX_SIBLING_BYTES).read_to_end(&mut bytes);
        read.map_err(|error| format!("the labels beside it cannot be read: {error}"))?;
    } else {
        bytes.extend_from_slice(file);
    }
    let labels = bytes
        .get(8..)
        .filter(|_| bytes.starts_with(&LABELS))
        .ok_or("the labels beside it are no IDX file")?;
    if labels.len() != count as usize || be(&bytes[4..]) != count {
        return Err(format!("it has {count} images, and {} labels are beside it", labels.len()));
    }
    Ok(labels.to_vec())
}

use dabnet_embedding::{EmbeddingError, TaughtWord, VIEWS, teach};
use dabnet_engine::{EngineError, Model, PackedModel, Session};
use dabnet_sketch::{Drawing, unmirrored_views};
use serde::Deserialize;
use std::borrow::Cow;

use crate::strokes;

/// A word to teach, as a page describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordDescription {
    label: String,
    /// Length of the [strokes] of each drawing, in bytes.
    drawings: Vec<usize>,
}

/// The model with more words; without words the model itself. The input is the length of a JSON list of words, a 32-bit
/// number; the list, with a `label` and the lengths of `drawings` for each word; the strokes of all drawings.
pub(crate) fn taught<'a>(packed: &'a PackedModel, input: &[u8]) -> Result<Cow<'a, PackedModel>, String> {
    let short = || "the input is shorter than it says".to_owned();
    let (length, rest) = input.split_first_chunk().ok_or_else(short)?;
    let (words, drawings) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(short)?;
    let words: Vec<WordDescription> = serde_json::from_slice(words).map_err(|error| error.to_string())?;
    if words.is_empty() {
        return Ok(Cow::Borrowed(packed));
    }
    let lengths = words.iter().flat_map(|word| &word.drawings);
    let needed = lengths.fold(0usize, |sum, length| sum.saturating_add(*length));
    if needed != drawings.len() {
        return Err(short());
    }
    let words = embedded(packed, words, drawings).map_err(|error| error.to_string())?;
    teach(packed, &words).map(Cow::Owned).map_err(|error: EmbeddingError| error.to_string())
}

fn embedded(
    packed: &PackedModel,
    words: Vec<WordDescription>,
    mut drawings: &[u8],
) -> Result<Vec<TaughtWord>, EngineError> {
    let model = Model::new(packed.clone())?;
    let mut session = Session::new(&model);
    let mut taught = Vec::new();
    for WordDescription { label, drawings: lengths } in words {
        let views = lengths.into_iter().flat_map(|length| {
            let (own, others) = drawings.split_at(length);
            drawings = others;
            unmirrored_views(model.preprocessing(), &Drawing::Strokes(strokes(own)), VIEWS)
        });
        taught.push(TaughtWord::embed(&mut session, label, views)?);
    }
    Ok(taught)
}

//! The index against a search through everything.

use dabnet_embedding::{EmbeddingIndex, IndexBuilder};
use proptest::prelude::*;
use std::fs;

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-9)
}

/// Numbers that follow from a seed, from −1 to 1.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    /// Where there are no more entries than are ranked, they are the nearest by their embeddings.
    #[test]
    fn few_are_found_as_by_searching_through_all(
        width in 1..600_usize,
        count in 1..150_usize,
        top in 1..20_usize,
        seed: u64,
    ) {
        let rows: Vec<Vec<f32>> = numbers(seed, width * count).chunks(width).map(<[f32]>::to_vec).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let mut builder = IndexBuilder::default();
        for (at, row) in rows.iter().enumerate() {
            builder.add(&format!("é{at}"), row).unwrap();
        }
        builder.save(&path).unwrap();
        let mut index = EmbeddingIndex::open(&path).unwrap();
        prop_assert_eq!(index.len(), count);
        let query = numbers(!seed, width);
        let found = index.find(&query, top).unwrap();
        prop_assert_eq!(found.len(), top.min(count));

        let mean: Vec<f32> = (0..width).map(|at| rows.iter().map(|row| row[at]).sum::<f32>() / count as f32).collect();
        let centered = |row: &[f32]| row.iter().zip(&mean).map(|(a, b)| a - b).collect::<Vec<f32>>();
        let exact: Vec<f32> = rows.iter().map(|row| cosine(&centered(row), &centered(&query))).collect();
        let mut sorted = exact.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        for (found, best) in found.iter().zip(sorted) {
            prop_assert_eq!(&found.name, &format!("é{}", found.entry));
            // Rows are kept in eight bits.
            prop_assert!((found.similarity - exact[found.entry]).abs() < 0.02, "{found:?} {}", exact[found.entry]);
            prop_assert!((exact[found.entry] - best).abs() < 0.04, "{found:?} {best}");
        }
    }
}

/// Among many, what is asked for is found where it is in the index, or nearly.
#[test]
fn among_many_the_same_is_found() {
    let (width, count) = (300, 9000);
    let rows: Vec<Vec<f32>> = numbers(7, width * count).chunks(width).map(<[f32]>::to_vec).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut builder = IndexBuilder::default();
    rows.iter().enumerate().for_each(|(at, row)| builder.add(&at.to_string(), row).unwrap());
    builder.save(&path).unwrap();
    let mut index = EmbeddingIndex::open(&path).unwrap();
    for at in (0..count).step_by(613) {
        let noisy: Vec<f32> =
            rows[at].iter().zip(numbers(at as u64, width)).map(|(a, b)| a + 0.5 * b).collect();
        let found = index.find(&noisy, 3).unwrap();
        assert_eq!((found[0].entry, found[0].name.as_str()), (at, at.to_string().as_str()));
        assert!(found[0].similarity > 0.8 && found[1].similarity < 0.5, "{found:?}");
    }
}

#[test]
fn what_is_no_index_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let refused = |bytes: &[u8], part: &str| {
        fs::write(&path, bytes).unwrap();
        let text = EmbeddingIndex::open(&path).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    };
    refused(b"", "is no index");
    refused(&[255; 40], "is no index");
    let mut builder = IndexBuilder::default();
    builder.add("a", &[1.0, 2.0]).unwrap();
    builder.add("b", &[2.0, 1.0]).unwrap();
    assert!(builder.add("c", &[1.0]).is_err());
    builder.save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        refused(&whole[..length], "index");
    }
    refused(
        &String::from_utf8_lossy(&whole).replace("dabnet-index", "dabnet-other").into_bytes(),
        "is no index",
    );
    assert!(IndexBuilder::default().save(&path).unwrap_err().to_string().contains("of nothing"));
}

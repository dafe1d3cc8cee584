//! Mutations of any JSON value.

use serde_json::{Value, json};

use crate::common::Random;

/// Changes one value somewhere inside `root`.
pub fn mutate(root: &mut Value, random: &mut Random) {
    let at = random.below(count(root) as u64) as usize;
    let mut left = at;
    if let Some(value) = nth(root, &mut left) {
        change(value, random);
    }
}

/// A number where sizes are expected: mostly small, sometimes what overflows.
pub fn size(random: &mut Random) -> Value {
    const CORNERS: [u64; 14] =
        [0, 31, 32, 63, 64, 65, 127, 128, 256, 1 << 20, 1 << 28, 1 << 32, 1_000_000_000_000, u64::MAX];
    match random.below(4) {
        0 => json!(CORNERS[random.below(CORNERS.len() as u64) as usize]),
        _ => json!(random.below(20)),
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(entries) => entries.values().map(count).sum(),
        _ => 0,
    }
}

/// The value that comes `left` values after `value` in order of depth.
fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(entries) => entries.values_mut().find_map(|entry| nth(entry, left)),
        _ => None,
    }
}

fn change(value: &mut Value, random: &mut Random) {
    match value {
        Value::Number(number) => {
            let old = number.as_u64().unwrap_or(0);
            *value = match random.below(6) {
                0 => json!(old.wrapping_add(1)),
                1 => json!(old.saturating_sub(1)),
                2 => json!(random.real() * 10_f32.powi(random.below(77) as i32 - 38)),
                _ => size(random),
            };
        }
        Value::String(text) => change_text(text, random),
        Value::Array(items) if !items.is_empty() => {
            let at = random.below(items.len() as u64) as usize;
            match random.below(3) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, items[at].clone()),
                _ => items.swap(0, at),
            }
        }
        Value::Object(entries) if !entries.is_empty() && random.below(2) == 0 => {
            let at = random.below(entries.len() as u64) as usize;
            let name = entries.keys().nth(at).cloned().unwrap_or_default();
            entries.remove(&name);
        }
        Value::Object(entries) => {
            entries.insert("more".into(), size(random));
        }
        _ => *value = size(random),
    }
}

fn change_text(text: &mut String, random: &mut Random) {
    const WORDS: [&str; 14] = [
        "full",
        "wbin",
        "fbin",
        "hybrid:a,,b",
        "relu",
        "sign",
        "add",
        "concat",
        "max_pool",
        "avg_pool",
        "global_avg_pool",
        "dropout",
        "batch_norm",
        "",
    ];
    match random.below(3) {
        0 => text.push(char::from_u32(random.below(0x3000) as u32).unwrap_or('\0')),
        1 => drop(text.pop()),
        _ => *text = WORDS[random.below(WORDS.len() as u64) as usize].to_owned(),
    }
}

//! Mutations of a model file that put its lengths and its checksum right again, so that they reach
//! what lies behind those.

use std::collections::BTreeMap;

use dabnet_engine::PackedModel;
use dabnet_graph::Graph;
use serde_json::Value;

use crate::{
    common::{
        self, Random,
        container::{Container, Tensor},
    },
    graph, is_small, json,
};

/// A changed model file with a valid checksum; `None` if `bytes` cannot be taken apart. `raw` changes
/// a piece of it without knowing what it is.
pub fn mutate(bytes: &[u8], random: &mut Random, raw: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
    let mut container = take_apart(bytes)?;
    for _ in 0..=random.below(3) {
        change(&mut container, random, &raw);
    }
    Some(container.sealed())
}

/// What [`Container::read`] gives where it would not panic.
fn take_apart(bytes: &[u8]) -> Option<Container> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let Value::Object(mut entries) = serde_json::from_slice(header).ok()? else { return None };
    let metadata = serde_json::from_value(entries.remove("__metadata__")?).ok()?;
    let mut tensors = BTreeMap::new();
    for (name, info) in entries {
        let numbers =
            |field: &str| info[field].as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>();
        let [start, end] = numbers("data_offsets")?[..] else { return None };
        let data = data.get(start as usize..end as usize)?.to_vec();
        let dtype = info["dtype"].as_str()?.to_owned();
        tensors.insert(name, Tensor { dtype, shape: numbers("shape")?, data });
    }
    Some(Container { metadata, tensors })
}

fn change(container: &mut Container, random: &mut Random, raw: &impl Fn(&[u8]) -> Vec<u8>) {
    match random.below(8) {
        0..3 => change_graph(container, random),
        3 => change_text(container, random, raw),
        4 => {
            let entry = ["preprocessing", "labels", "provenance"][random.below(3) as usize];
            if let Some(mut value) = parsed(container, entry) {
                json::mutate(&mut value, random);
                container.metadata.insert(entry.into(), value.to_string());
            }
        }
        5 => change_shape(container, random),
        _ => change_data(container, random, raw),
    }
}

fn parsed(container: &Container, entry: &str) -> Option<Value> {
    serde_json::from_str(container.metadata.get(entry)?).ok()
}

/// Changes the graph and, mostly, gives the model the parameters and labels it then needs.
fn change_graph(container: &mut Container, random: &mut Random) {
    let Some(value) = parsed(container, "graph") else { return };
    let value = graph::mutate(&value, random);
    container.metadata.insert("graph".into(), value.to_string());
    let Ok(graph) = serde_json::from_value::<Graph>(value) else { return };
    if random.below(8) == 0 || !is_small(&graph) {
        return;
    }
    let preprocessing = common::lines(graph.input_shape().height.clamp(8, 1024));
    let Ok(bytes) = PackedModel::random(graph, preprocessing, 0).to_bytes() else { return };
    let Some(fresh) = take_apart(&bytes) else { return };
    for entry in ["labels", "preprocessing"] {
        container.metadata.insert(entry.into(), fresh.metadata[entry].clone());
    }
    let old = std::mem::replace(&mut container.tensors, fresh.tensors);
    for (name, tensor) in &mut container.tensors {
        if let Some(old) = old.get(name).filter(|old| old.data.len() == tensor.data.len()) {
            tensor.data.clone_from(&old.data);
        }
    }
}

fn change_text(container: &mut Container, random: &mut Random, raw: &impl Fn(&[u8]) -> Vec<u8>) {
    let at = random.below(container.metadata.len().max(1) as u64) as usize;
    if let Some(text) = container.metadata.values_mut().nth(at) {
        *text = String::from_utf8_lossy(&raw(text.as_bytes())).into_owned();
    }
}

fn any_tensor<'a>(container: &'a mut Container, random: &mut Random) -> Option<(String, &'a mut Tensor)> {
    let at = random.below(container.tensors.len().max(1) as u64) as usize;
    container.tensors.iter_mut().nth(at).map(|(name, tensor)| (name.clone(), tensor))
}

fn change_shape(container: &mut Container, random: &mut Random) {
    let Some((name, tensor)) = any_tensor(container, random) else { return };
    match random.below(5) {
        0 => tensor.dtype = ["U8", "I8", "F32", "F16", "F4", "BOOL"][random.below(6) as usize].into(),
        1 => tensor.shape.push(1 + random.below(2)),
        2 => drop(tensor.shape.pop()),
        3 => drop(container.tensors.remove(&name)),
        _ => {
            let copy = tensor.clone();
            container.tensors.insert(format!("{name}.{}", random.below(3)), copy);
        }
    }
}

fn change_data(container: &mut Container, random: &mut Random, raw: &impl Fn(&[u8]) -> Vec<u8>) {
    const CORNERS: [f32; 12] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        1e-45,
        1e30,
        f32::INFINITY,
        f32::NAN,
        1e-20,
    ];
    let Some((_, tensor)) = any_tensor(container, random) else { return };
    if random.below(4) == 0 || tensor.data.len() < 4 {
        tensor.data = raw(&tensor.data);
        return;
    }
    let at = random.below(tensor.data.len() as u64 / 4) as usize;
    let number = match random.below(3) {
        0 => CORNERS[random.below(CORNERS.len() as u64) as usize],
        _ => random.real() * 10_f32.powi(random.below(9) as i32 - 4),
    };
    tensor.data[4 * at..4 * at + 4].copy_from_slice(&number.to_le_bytes());
}

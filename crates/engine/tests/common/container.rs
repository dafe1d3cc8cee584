//! A writer and a reader of model files made from `docs/file-format.md` alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct Tensor {
    pub dtype: String,
    pub shape: Vec<u64>,
    pub data: Vec<u8>,
}

/// A model file taken apart.
#[derive(Clone, Debug)]
pub struct Container {
    pub metadata: BTreeMap<String, String>,
    pub tensors: BTreeMap<String, Tensor>,
}

impl Container {
    pub fn read(bytes: &[u8]) -> Self {
        let (header, data) = split(bytes);
        let Value::Object(mut entries) = header else { panic!("no object") };
        let metadata = entries.remove("__metadata__").unwrap();
        let tensors = entries.into_iter().map(|(name, info)| {
            let numbers =
                |field: &str| info[field].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
            let offsets: Vec<u64> = numbers("data_offsets");
            let data = data[offsets[0] as usize..offsets[1] as usize].to_vec();
            (name, Tensor { dtype: info["dtype"].as_str().unwrap().into(), shape: numbers("shape"), data })
        });
        Self { metadata: serde_json::from_value(metadata).unwrap(), tensors: tensors.collect() }
    }

    /// The file with its checksum put right.
    pub fn sealed(mut self) -> Vec<u8> {
        let checksum = self.checksum();
        self.metadata.insert("checksum".into(), checksum);
        self.write()
    }

    /// The file as it is, tensors in the reverse of the usual order.
    pub fn write(&self) -> Vec<u8> {
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (name, tensor) in self.tensors.iter().rev() {
            let start = data.len();
            data.extend(&tensor.data);
            let info =
                json!({"shape": tensor.shape, "dtype": tensor.dtype, "data_offsets": [start, data.len()]});
            header.insert(name.clone(), info);
        }
        header.insert("__metadata__".into(), json!(self.metadata));
        join(&Value::Object(header).to_string(), &data)
    }

    fn checksum(&self) -> String {
        let mut content = Vec::new();
        let number = |content: &mut Vec<u8>, n: u64| content.extend(n.to_le_bytes());
        let bytes = |content: &mut Vec<u8>, bytes: &[u8]| {
            content.extend((bytes.len() as u64).to_le_bytes());
            content.extend(bytes);
        };
        let metadata: Vec<_> = self.metadata.iter().filter(|(name, _)| *name != "checksum").collect();
        number(&mut content, metadata.len() as u64);
        for (name, value) in metadata {
            bytes(&mut content, name.as_bytes());
            bytes(&mut content, value.as_bytes());
        }
        number(&mut content, self.tensors.len() as u64);
        for (name, tensor) in &self.tensors {
            bytes(&mut content, name.as_bytes());
            bytes(&mut content, tensor.dtype.as_bytes());
            number(&mut content, tensor.shape.len() as u64);
            tensor.shape.iter().for_each(|&extent| number(&mut content, extent));
            bytes(&mut content, &tensor.data);
        }
        format!("{:08x}", crc32(&content))
    }
}

pub fn join(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// Header and data of a file.
pub fn split(bytes: &[u8]) -> (Value, &[u8]) {
    let (header, data) = bytes[8..].split_at(header_len(bytes));
    (serde_json::from_slice(header).unwrap(), data)
}

pub fn header_len(bytes: &[u8]) -> usize {
    u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize
}

/// CRC-32 as zlib and PNG have it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    !crc
}

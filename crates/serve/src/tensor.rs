//! Tensors as the Open Inference Protocol writes them in JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, SeqAccess, Visitor},
};

/// Numbers in row-major order, written flat or nested.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct TensorData {
    pub(crate) values: Vec<f32>,
    /// Length at each nesting depth; one number if flat.
    pub(crate) lengths: Vec<usize>,
}

impl<'de> Deserialize<'de> for TensorData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut data = Self::default();
        let mut depth_of_values = None;
        let level = NestingLevel { data: &mut data, depth: 0, depth_of_values: &mut depth_of_values };
        deserializer.deserialize_seq(level)?;
        Ok(data)
    }
}

/// An array at some nesting depth.
struct NestingLevel<'a> {
    data: &'a mut TensorData,
    depth: usize,
    /// At which depth numbers are; they are all at one.
    depth_of_values: &'a mut Option<usize>,
}

/// A number or brackets.
struct TensorItem<'a>(NestingLevel<'a>);

impl<'de> DeserializeSeed<'de> for TensorItem<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TensorItem<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number, or an array of them")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        let NestingLevel { data, depth, depth_of_values } = self.0;
        if *depth_of_values.get_or_insert(depth) != depth {
            return Err(E::custom("numbers are nested to different depths"));
        }
        data.values.push(value as f32);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.0.visit_seq(items)
    }
}

impl<'de> Visitor<'de> for NestingLevel<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of numbers, flat or nested")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { data, depth, depth_of_values } = self;
        let mut length = 0;
        loop {
            let inner =
                NestingLevel { data: &mut *data, depth: depth + 1, depth_of_values: &mut *depth_of_values };
            if items.next_element_seed(TensorItem(inner))?.is_none() {
                break;
            }
            length += 1;
        }
        if data.lengths.len() <= depth {
            data.lengths.resize(depth + 1, usize::MAX);
        }
        let expected = &mut data.lengths[depth];
        if *expected == usize::MAX {
            *expected = length;
        }
        if *expected == length { Ok(()) } else { Err(A::Error::custom("nested arrays differ in length")) }
    }
}

#[cfg(test)]
mod tests {
    use super::TensorData;

    #[test]
    fn flat_and_nested_are_row_major() {
        let nested: TensorData = serde_json::from_str("[[[1, 2], [3.5, -4]], [[5, 6], [7, 8]]]").unwrap();
        assert_eq!(nested.values, [1.0, 2.0, 3.5, -4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(nested.lengths, [2, 2, 2]);
        let flat: TensorData = serde_json::from_str("[1, 2, 3]").unwrap();
        assert_eq!((flat.values.len(), flat.lengths), (3, vec![3]));
    }

    #[test]
    fn what_is_no_tensor_is_refused() {
        for text in ["[[1], [2, 3]]", "[1, [2]]", "[[1], 2]", r#"["1"]"#, "[null]", "3", "{}"] {
            assert!(serde_json::from_str::<TensorData>(text).is_err(), "{text}");
        }
    }
}

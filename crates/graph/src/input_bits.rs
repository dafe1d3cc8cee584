use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{GraphError, Op};

/// Number of bits of each input value of binary layers: a default, and exceptions by layer.
///
/// Written `2`, or `1,conv2=4,conv3=2`; one bit is a [sign](Op::Sign), more are
/// [unsigned levels](Op::Quantize). The field's words for binary weights with them are W1A1, W1A2 and W1A4.
///
/// ```
/// use dabnet_graph::InputBits;
///
/// let bits: InputBits = "1,conv2=4".parse()?;
/// assert_eq!((bits.of("conv2"), bits.of("conv3")), (4, 1));
/// # Ok::<(), dabnet_graph::GraphError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "InputBitsFormat", into = "String")]
pub struct InputBits {
    all: u8,
    layers: Vec<(String, u8)>,
}

impl InputBits {
    /// As many bits for every layer as [`FromStr`] takes for one.
    const KNOWN: [u8; 3] = [1, 2, 4];

    /// Number of bits of the inputs of layer `layer`.
    pub fn of(&self, layer: &str) -> u8 {
        self.layers.iter().find(|(name, _)| name == layer).map_or(self.all, |(_, bits)| *bits)
    }

    /// The layers that are named.
    pub(crate) fn named(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(|(name, _)| name.as_str())
    }

    /// Name and op of the quantization before layer `layer`.
    pub(crate) fn op(&self, layer: &str) -> (String, Op) {
        match self.of(layer) {
            1 => (format!("{layer}.sign"), Op::Sign),
            bits => (format!("{layer}.quantize"), Op::Quantize { bits }),
        }
    }
}

impl Default for InputBits {
    fn default() -> Self {
        Self { all: 1, layers: Vec::new() }
    }
}

impl fmt::Display for InputBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.all)?;
        self.layers.iter().try_for_each(|(name, bits)| write!(f, ",{name}={bits}"))
    }
}

impl FromStr for InputBits {
    type Err = GraphError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || GraphError::InputBits(text.to_owned());
        let bits = |text: &str| text.parse().ok().filter(|bits| Self::KNOWN.contains(bits));
        let mut parts = text.split(',');
        let all = parts.next().and_then(bits).ok_or_else(unknown)?;
        let mut layers: Vec<(String, u8)> = Vec::new();
        for part in parts {
            let (name, own) = part.split_once('=').ok_or_else(unknown)?;
            let own = bits(own).filter(|_| !name.is_empty()).ok_or_else(unknown)?;
            if layers.iter().any(|(known, _)| known == name) {
                return Err(unknown());
            }
            layers.push((name.to_owned(), own));
        }
        Ok(Self { all, layers })
    }
}

/// Serialized form: a number if that suffices, or a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum InputBitsFormat {
    Number(u64),
    Text(String),
}

impl TryFrom<InputBitsFormat> for InputBits {
    type Error = GraphError;

    fn try_from(written: InputBitsFormat) -> Result<Self, Self::Error> {
        match written {
            InputBitsFormat::Number(bits) => bits.to_string().parse(),
            InputBitsFormat::Text(text) => text.parse(),
        }
    }
}

impl From<InputBits> for String {
    fn from(bits: InputBits) -> Self {
        bits.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        for text in ["1", "2", "4", "1,conv2=4", "4,conv2=1,conv3=2"] {
            assert_eq!(text.parse::<InputBits>().unwrap().to_string(), text);
        }
        assert_eq!("1".parse::<InputBits>().unwrap(), InputBits::default());
        for (json, text) in [("2", "2"), ("\"4,conv2=1\"", "4,conv2=1")] {
            assert_eq!(serde_json::from_str::<InputBits>(json).unwrap().to_string(), text);
        }
        assert!(serde_json::from_str::<InputBits>("3").is_err());
    }

    #[test]
    fn others_are_refused() {
        for text in ["", "0", "3", "8", "2,", "2,conv2", "2,=4", "2,conv2=3", "conv2=2", "2,a=1,a=2"] {
            assert!(text.parse::<InputBits>().unwrap_err().to_string().contains("input bits"), "{text}");
        }
    }
}

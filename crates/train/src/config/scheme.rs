//! Serialization of a scheme by its name.

use dabnet_binarize::Scheme;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(super) fn serialize<S: Serializer>(scheme: &Scheme, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(scheme.name())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scheme, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| D::Error::unknown_variant(&name, &NAMES))
}

const NAMES: [&str; Scheme::ALL.len()] = {
    let mut names = [""; Scheme::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Scheme::ALL[at].name();
        at += 1;
    }
    names
};

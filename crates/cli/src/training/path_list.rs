use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use toml::Value;

/// A list of paths. In a file of settings a single one is a text, several are a list of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathList(pub Vec<PathBuf>);

impl PathList {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for PathList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [path] => path.serialize(serializer),
            paths => paths.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PathList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong =
            |value: &Value| D::Error::custom(format!("{value} is no path: give one, or a list of them"));
        let path = |value: &Value| value.as_str().map(PathBuf::from).ok_or_else(|| wrong(value));
        match Value::deserialize(deserializer)? {
            Value::Array(paths) => paths.iter().map(path).collect::<Result<_, _>>().map(Self),
            value => Ok(Self(vec![path(&value)?])),
        }
    }
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        paths: PathList,
    }

    #[test]
    fn one_is_a_text_and_several_are_a_list() {
        for (text, paths) in [("paths = \"a\"\n", &["a"][..]), ("paths = [\"a\", \"b\"]\n", &["a", "b"])] {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            let holder: Holder = toml::from_str(text).unwrap();
            assert_eq!(holder.paths.0, paths);
            assert_eq!(toml::to_string(&holder).unwrap(), text);
            let list: Vec<Value> = paths.iter().map(|path| path.display().to_string().into()).collect();
            let given = Table::from_iter([("paths".to_owned(), Value::Array(list))]);
            assert_eq!(given.try_into::<Holder>().unwrap(), holder);
        }
        assert!(toml::from_str::<Holder>("paths = [1]").unwrap_err().to_string().contains("1 is no path"));
    }
}

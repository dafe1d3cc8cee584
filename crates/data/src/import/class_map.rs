use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::DataError;

/// The classes that an import takes, and what each is called in the data set.
///
/// Written a class a line: its name, or its name, `=` and another one. Several may get the same, so that they become one
/// class. Empty lines and those that begin with `#` say nothing.
///
/// ```
/// let classes: dabnet_data::ClassMap = "cat\ncar (sedan) = car\nrace car = car".parse()?;
/// assert_eq!(classes.word("race car"), Some("car"));
/// assert_eq!(classes.word("dog"), None);
/// # Ok::<(), dabnet_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassMap {
    words: BTreeMap<String, String>,
}

impl ClassMap {
    /// Word of a class; nothing where it is not taken.
    pub fn word(&self, class: &str) -> Option<&str> {
        self.words.get(class).map(String::as_str)
    }

    /// Text that differs where the map does. Manifests keep checksums of it, so that it never changes.
    pub(super) fn identity(&self) -> String {
        format!("Classes {{ words: {:?} }}", self.words)
    }

    /// The words that the data set may have, each once.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let mut words: Vec<&str> = self.words.values().map(String::as_str).collect();
        words.sort_unstable();
        words.dedup();
        words.into_iter()
    }
}

impl std::str::FromStr for ClassMap {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let mut words = BTreeMap::new();
        for (at, line) in (1..).zip(text.lines()) {
            let line = line.trim_start_matches('\u{feff}').trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fail = |reason: &str| DataError::Classes { line: at, reason: reason.to_owned() };
            let (class, word) = line.split_once('=').unwrap_or((line, line));
            let [class, word] = [class, word].map(normal_word);
            if class.is_empty() || word.is_empty() {
                return Err(fail("write a class, or a class, '=' and a word"));
            }
            if words.insert(class, word).is_some() {
                return Err(fail("its class is there already"));
            }
        }
        if words.is_empty() {
            return Err(DataError::Classes { line: 1, reason: "it names no class".to_owned() });
        }
        Ok(Self { words })
    }
}

/// The one way of writing a word: composed (Unicode's form NFC), without spaces around it.
pub(super) fn normal_word(word: &str) -> String {
    word.trim().nfc().collect()
}

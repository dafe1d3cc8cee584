use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Zero padding of each side, in rows and columns.
///
/// In JSON one number where all four sides are equal, else `[top, left, bottom, right]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Rows above.
    pub top: usize,
    /// Columns to the left.
    pub left: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the right.
    pub right: usize,
}

impl Padding {
    /// None.
    pub const NONE: Self = Self::all(0);

    /// Equal padding of all sides.
    pub const fn all(side: usize) -> Self {
        Self { top: side, left: side, bottom: side, right: side }
    }

    /// True if there is no padding.
    pub const fn is_none(&self) -> bool {
        self.greatest() == 0
    }

    /// Padding of each side, if all are equal.
    pub const fn equal(self) -> Option<usize> {
        let Self { top, left, bottom, right } = self;
        if top == left && top == bottom && top == right { Some(top) } else { None }
    }

    /// Largest padding of the four sides.
    pub const fn greatest(self) -> usize {
        let mut greatest = self.top;
        let others = [self.left, self.bottom, self.right];
        let mut at = 0;
        while at < others.len() {
            if others[at] > greatest {
                greatest = others[at];
            }
            at += 1;
        }
        greatest
    }
}

impl From<usize> for Padding {
    fn from(side: usize) -> Self {
        Self::all(side)
    }
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { top, left, bottom, right } = self;
        match self.equal() {
            Some(side) => write!(f, "{side}"),
            None => write!(f, "[{top}, {left}, {bottom}, {right}]"),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "padding is neither one number nor four, [top, left, bottom, right]")]
enum PaddingSides {
    Equal(usize),
    Each([usize; 4]),
}

impl Serialize for Padding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { top, left, bottom, right } = *self;
        self.equal()
            .map_or(PaddingSides::Each([top, left, bottom, right]), PaddingSides::Equal)
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Padding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match PaddingSides::deserialize(deserializer)? {
            PaddingSides::Equal(side) => Self::all(side),
            PaddingSides::Each([top, left, bottom, right]) => Self { top, left, bottom, right },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_number_or_four() {
        for (text, padding) in
            [("2", Padding::all(2)), ("[0,1,2,3]", Padding { top: 0, left: 1, bottom: 2, right: 3 })]
        {
            assert_eq!(serde_json::from_str::<Padding>(text).unwrap(), padding);
            assert_eq!(serde_json::to_string(&padding).unwrap(), text);
        }
        assert_eq!(serde_json::from_str::<Padding>("[1,1,1,1]").unwrap(), Padding::all(1));
        for text in ["[1,2]", "-1", "\"1\"", "1.5"] {
            let error = serde_json::from_str::<Padding>(text).unwrap_err().to_string();
            assert!(error.contains("[top, left, bottom, right]"), "{text}: {error}");
        }
    }
}

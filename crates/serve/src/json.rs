//! Reading JSON that anyone may have sent.

use serde::de::DeserializeOwned;

use crate::request_error::RequestError;

/// Upper bound of the nesting depth, inclusive; a batch of canvases takes 8.
const MAX_DEPTH: usize = 16;

/// A value from a body.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, RequestError> {
    check_depth(body)?;
    serde_json::from_slice(body)
        .map_err(|error| RequestError::Malformed(format!("the JSON is not valid: {error}")))
}

/// Checks that brackets are not nested too deep.
pub(crate) fn check_depth(body: &[u8]) -> Result<(), RequestError> {
    if depth(body) > MAX_DEPTH {
        return Err(RequestError::Malformed(format!("the JSON is nested deeper than {MAX_DEPTH} brackets")));
    }
    Ok(())
}

/// Nesting depth of brackets outside strings.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut text, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'[' | b'{' if !text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, depth, parse};

    #[test]
    fn brackets_are_counted_outside_strings() {
        assert_eq!(depth(br#"{"a": [[1], "[[[[\"[["], "b\\": {}}"#), 3);
        assert_eq!(depth(b"]]]]["), 1);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse::<serde_json::Value>(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse::<serde_json::Value>(nested(MAX_DEPTH + 1).as_bytes()).is_err());
        assert!(parse::<serde_json::Value>(nested(400_000).as_bytes()).is_err());
    }
}

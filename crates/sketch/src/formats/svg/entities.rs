//! How large an SVG is once every entity that it defines is replaced by its text.

const DEFINITION: &str = "<!ENTITY";

/// Why entities make a text too large to be read, if they do. Drawing programs define some, for name spaces; a few
/// that name each other make gigabytes of a file of a kilobyte.
pub(super) fn too_large(text: &str, limit: u64) -> Option<String> {
    let (first, last) = (text.find(DEFINITION)?, text.rfind(DEFINITION)?);
    let end = text[last..].find('>').map_or(text.len(), |end| last + end);
    let definitions = &text[first..end];
    let is_nested = definitions.split('&').skip(1).any(|reference| !reference.starts_with('#'));
    if is_nested {
        return Some("its entities stand for other entities".to_owned());
    }
    // None is longer than all definitions together.
    let references = text[end..].matches('&').count() as u64;
    let largest = references.saturating_mul(definitions.len() as u64);
    (largest > limit).then(|| format!("its entities may stand for more than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use super::too_large;

    #[test]
    fn what_drawing_programs_define_is_no_bomb() {
        let text = r#"<!DOCTYPE svg [ <!ENTITY ns_svg "http://www.w3.org/2000/svg"> <!ENTITY e "&#233;"> ]>
            <svg xmlns="&ns_svg;"><text>&lt;&e;</text></svg>"#;
        assert_eq!(too_large(text, 1 << 20), None);
        assert_eq!(too_large("<svg>&amp;</svg>", 0), None);
    }

    #[test]
    fn bombs_are_told() {
        let nested = r#"<!DOCTYPE svg [ <!ENTITY a "aaa"> <!ENTITY b "&a;&a;"> ]><svg/>"#;
        assert!(too_large(nested, 1 << 20).is_some());
        let long = format!(
            "<!DOCTYPE svg [ <!ENTITY a \"{}\"> ]><svg>{}</svg>",
            "a".repeat(1000),
            "&a;".repeat(1100)
        );
        assert!(too_large(&long, 1 << 20).is_some());
        assert!(too_large("<!ENTITY a", 10).is_none());
    }
}

use maud::{Markup, html};

/// The name of a tensor, which may break after a separator.
pub(super) fn name(name: &str) -> Markup {
    html! {
        @for part in name.split_inclusive(['.', '/', '_', ':']) { (part) wbr; }
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_break_after_separators_and_are_escaped() {
        assert_eq!(name("a.b/<c>").into_string(), "a.<wbr>b/<wbr>&lt;c&gt;<wbr>");
    }
}

//! Size of an SVG once entities are replaced by their text and every `use` by what it names.

use std::collections::HashMap;

use usvg::roxmltree::{Document, Node, NodeId};

/// Nesting of elements and uses together, beyond which nothing is counted.
const MAX_DEPTH: usize = 512;

/// Bytes of a line that take as long as an element.
const ELEMENT_BYTES: usize = 16;

const XLINK: &str = "http://www.w3.org/1999/xlink";

/// Elements of a document with those that its uses stand for, long lines as several, counted up to `limit`; `None`
/// if there are more.
///
/// A few uses of uses make endless work of a file of a kilobyte.
pub(super) fn elements(document: &Document, limit: usize) -> Option<usize> {
    ElementCounter::new(document, limit, false).count(document.root(), 0)
}

/// The same with what masks, clips and paints stand for, wherever they are named.
pub(super) fn drawn(document: &Document, limit: usize) -> Option<usize> {
    let mut counter = ElementCounter::new(document, limit, true);
    let sheets = document.descendants().filter(|node| node.has_tag_name("style"));
    let named = sheets.flat_map(|style| style.descendants()).filter_map(|node| node.text()).flat_map(urls);
    let named: Vec<&str> = named.collect();
    let mut count = counter.count(document.root(), 0)?;
    // A rule may be for any element.
    for name in named {
        let Some(&node) = counter.named.get(name) else { continue };
        count = counter.count(node, 0)?.saturating_mul(count);
        if count > limit {
            return None;
        }
    }
    Some(count)
}

/// The names in `url(#name)`.
fn urls(text: &str) -> impl Iterator<Item = &str> {
    text.split("url(").skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once(')')?;
        name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).strip_prefix('#')
    })
}

/// True if a `use` refers to an element of the document.
pub(super) fn is_inside(node: Node<'_, '_>) -> bool {
    href(node).is_none_or(|href| href.trim_start().starts_with('#'))
}

/// Target of an element's `href` or `xlink:href`.
pub(super) fn href<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.attribute("href").or_else(|| node.attribute((XLINK, "href")))
}

/// Bytes of the text that says where a line goes.
pub(super) fn line_bytes(node: Node<'_, '_>) -> usize {
    ["d", "points"].iter().filter_map(|name| node.attribute(*name)).map(str::len).sum()
}

struct ElementCounter<'a, 'input> {
    named: HashMap<&'a str, Node<'a, 'input>>,
    /// Counts so far; `None` while an element is being counted.
    known: HashMap<NodeId, Option<usize>>,
    limit: usize,
    /// True if elements named in `url()` count too.
    paints: bool,
}

impl<'a, 'input> ElementCounter<'a, 'input> {
    fn new(document: &'a Document<'input>, limit: usize, paints: bool) -> Self {
        let ids = document.descendants().filter_map(|node| Some((node.attribute("id")?, node)));
        Self { named: ids.collect(), known: HashMap::new(), limit, paints }
    }

    fn count(&mut self, node: Node<'a, 'input>, depth: usize) -> Option<usize> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.known.get(&node.id()) {
            Some(Some(count)) => return Some(*count),
            // A use of what it is part of is an error that is found later.
            Some(None) => return Some(0),
            None => self.known.insert(node.id(), None),
        };
        let mut count = 1 + line_bytes(node) / ELEMENT_BYTES;
        let named = self.used(node).into_iter().chain(self.painted(node));
        for inner in node.children().filter(Node::is_element).chain(named) {
            count += self.count(inner, depth + 1)?;
            if count > self.limit {
                return None;
            }
        }
        self.known.insert(node.id(), Some(count));
        Some(count)
    }

    /// Elements that are its masks, clips and paints.
    fn painted(&self, node: Node<'a, 'input>) -> Vec<Node<'a, 'input>> {
        let attributes = node.attributes().filter(|_| self.paints);
        attributes
            .flat_map(|attribute| urls(attribute.value()))
            .filter_map(|name| self.named.get(name).copied())
            .collect()
    }

    /// Element that a `use` stands for.
    fn used(&self, node: Node<'a, 'input>) -> Option<Node<'a, 'input>> {
        let name = href(node)?.trim().strip_prefix('#')?;
        (node.tag_name().name() == "use").then(|| self.named.get(name).copied()).flatten()
    }
}

const DEFINITION: &str = "<!ENTITY";

/// Why entities make a text too large to be read, if they do. Drawing programs define some, for name spaces; a few
/// that name each other make gigabytes of a file of a kilobyte.
pub(super) fn entities_too_large(text: &str, limit: u64) -> Option<String> {
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
    use super::entities_too_large;

    #[test]
    fn what_drawing_programs_define_is_no_bomb() {
        let text = r#"<!DOCTYPE svg [ <!ENTITY ns_svg "http://www.w3.org/2000/svg"> <!ENTITY e "&#233;"> ]>
            <svg xmlns="&ns_svg;"><text>&lt;&e;</text></svg>"#;
        assert_eq!(entities_too_large(text, 1 << 20), None);
        assert_eq!(entities_too_large("<svg>&amp;</svg>", 0), None);
    }

    #[test]
    fn bombs_are_told() {
        let nested = r#"<!DOCTYPE svg [ <!ENTITY a "aaa"> <!ENTITY b "&a;&a;"> ]><svg/>"#;
        assert!(entities_too_large(nested, 1 << 20).is_some());
        let long = format!(
            "<!DOCTYPE svg [ <!ENTITY a \"{}\"> ]><svg>{}</svg>",
            "a".repeat(1000),
            "&a;".repeat(1100)
        );
        assert!(entities_too_large(&long, 1 << 20).is_some());
        assert!(entities_too_large("<!ENTITY a", 10).is_none());
    }
}

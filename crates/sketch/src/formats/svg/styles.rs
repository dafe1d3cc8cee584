//! Bounds on the time that styles of an SVG take: each rule is compared with each element, and each part of a selector
//! with each of the elements that one is in. And what in them browsers draw and the SVG library does not.

use usvg::roxmltree::{Document, Node};

/// The most comparisons of an element with a part of a selector; these take seconds.
const MAX_COMPARISONS: u64 = 100_000_000;
/// The most declarations of one style, which are compared with each other; also the most attributes of one
/// element.
const MAX_DECLARATIONS: usize = 2000;

/// Why a text takes long to read as XML, if it does: attributes of an element are compared with each other.
pub(super) fn too_many_attributes(text: &str) -> Option<String> {
    let attributes = |tag: &str| {
        let after = |(at, _): &(usize, &str)| tag[at + 1..].trim_ascii_start().starts_with(['"', '\'']);
        tag.match_indices('=').filter(after).count()
    };
    // No value of an attribute has a '<' in it.
    let found = text.split('<').any(|tag| tag.len() > MAX_DECLARATIONS && attributes(tag) > MAX_DECLARATIONS);
    // Each element looks through those of all around it.
    if text.matches("xmlns:").count() > MAX_DECLARATIONS {
        return Some(format!("it declares more than {MAX_DECLARATIONS} name spaces"));
    }
    found.then(|| format!("an element has more than {MAX_DECLARATIONS} attributes"))
}

/// Why its styles take long, if they do.
pub(super) fn too_slow(document: &Document, depth: u16) -> Option<String> {
    let declared = |node: Node<'_, '_>| node.attribute("style").is_some_and(has_many_declarations);
    let sheets: Vec<String> = document
        .descendants()
        .filter(|node| node.has_tag_name("style"))
        .flat_map(|style| style.descendants().filter_map(|node| node.text().map(bare)))
        .collect();
    if sheets.iter().map(|sheet| sheet.matches('@').count()).sum::<usize>() > MAX_DECLARATIONS {
        return Some(format!("its style sheets have more than {MAX_DECLARATIONS} rules that begin with '@'"));
    }
    let rules = sheets.iter().flat_map(|sheet| sheet.split('}'));
    if document.descendants().any(declared) || rules.clone().any(has_many_declarations) {
        return Some(format!("a style has more than {MAX_DECLARATIONS} declarations"));
    }
    let cost = rules.fold(0, |sum, rule| cost(rule, depth).saturating_add(sum));
    let elements = document.descendants().filter(Node::is_element).count() as u64;
    (cost.saturating_mul(elements) > MAX_COMPARISONS).then(|| "its style sheets take too long".to_owned())
}

/// Notes of visible effects of an element's style or style sheet that the SVG library ignores.
pub(super) fn left_out<'a>(node: Node<'a, 'a>) -> impl Iterator<Item = &'static str> + use<'a> {
    let attributes = ["clip-path", "mask"].map(|name| note(name, node.attribute(name)?));
    let declared = if node.has_tag_name("style") { node.text() } else { node.attribute("style") };
    let declarations = declared.unwrap_or_default().split(['{', '}', ';']);
    let declarations = declarations.filter_map(|declaration| declaration.split_once(':'));
    attributes.into_iter().flatten().chain(declarations.filter_map(|(name, value)| note(name, value)))
}

fn note(property: &str, value: &str) -> Option<&'static str> {
    let (property, value) = (property.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase());
    // Elements of the document, which the library knows, are named by their places in it.
    if ["none", "inherit", "initial", "unset", "url(#", "url(\"#", "url('#"]
        .iter()
        .any(|it| value.starts_with(it))
    {
        return None;
    }
    match property.trim_start_matches("-webkit-") {
        "clip-path" => Some("a shape of its style that cuts it is left out"),
        "mask" | "mask-image" => Some("a mask of its style is left out"),
        "d" => Some("a line of its style is left out"),
        _ => None,
    }
}

fn has_many_declarations(style: &str) -> bool {
    style.bytes().filter(|byte| *byte == b';').count() > MAX_DECLARATIONS
}

/// A style sheet without its comments and strings.
fn bare(sheet: &str) -> String {
    let (mut bare, mut rest) = (String::new(), sheet);
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        bare.push_str(before);
        let (start, end) = match &from[..1] {
            "/" if from.starts_with("/*") => (2, "*/"),
            // Only the value of an attribute is a string in a selector.
            quote if quote != "/" && bare.trim_ascii_end().ends_with('=') => (1, quote),
            _ => (1, ""),
        };
        rest = from[start..].split_once(end).map_or(&from[start..], |(_, after)| after);
    }
    bare + rest
}

/// Comparisons of one element with the selectors of a rule: each part looks for the one before it among all
/// elements around.
fn cost(rule: &str, depth: u16) -> u64 {
    let Some((selectors, _)) = rule.rsplit_once('{') else { return 0 };
    let parts =
        |selector: &str| selector.split_whitespace().filter(|part| !matches!(*part, ">" | "+" | "~")).count();
    let around = |selector| u32::try_from(parts(selector)).unwrap_or(u32::MAX).saturating_sub(1);
    let selectors = selectors.split(',');
    selectors
        .fold(0, |sum, selector| u64::from(depth.max(2)).saturating_pow(around(selector)).saturating_add(sum))
}

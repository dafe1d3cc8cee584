//! Colors as the SVG library can read them.
//!
//! Drawing programs write what browsers have learned since: `oklch()`, `color(display-p3 …)`, `light-dark()`, variables,
//! rules for a medium. What the library cannot read it takes for no paint at all, so it is written in another way before,
//! and a declaration that nobody can read is left out, so that the one before it, or the attribute, holds (CSS Syntax 3,
//! section 2.2).

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use color::Srgb;
use memchr::memchr2_iter;
use svgtypes::Paint;

/// Properties that are a paint or a color, and those of a style that the library reads as attributes only.
const PROPERTIES: [&str; 7] =
    ["fill", "stroke", "color", "stop-color", "flood-color", "background", "transform"];
/// Largest nesting of variables and color functions.
const DEPTH: usize = 8;
/// The longest value that is looked at, and the longest that one may become: a file is never much longer afterwards.
const MAX_VALUE: usize = 1024;
const MAX_PAINT: usize = 64;
/// The longest name of a variable.
const MAX_NAME: usize = 128;
/// The most rules for media that are looked at.
const MAX_BLOCKS: usize = 64;

/// Treatment of a stroke whose color cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnreadablePaint {
    /// As CSS has it, the declaration does not count.
    LeaveOut,
    /// It is a stroke, in black.
    Black,
}

/// The text with paints that can be read, and whether one was found of which nothing is known.
pub(super) fn readable(text: &str, unreadable: UnreadablePaint) -> (Cow<'_, str>, bool) {
    let text = without_media(text);
    // The library stops at an empty declaration.
    let text = match ["style=\";", "style=';"].iter().any(|start| text.contains(start)) {
        true => Cow::Owned(text.replace("style=\";", "style=\"").replace("style=';", "style='")),
        false => text,
    };
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut unknown = false;
    let variables = variables(&text);
    for declaration in declarations(&text) {
        let StyleDeclaration { property, written, whole, value } = declaration;
        let raw = &text[value.clone()];
        // What an entity stands for is known later.
        if raw.contains('&') {
            continue;
        }
        let bare = without_comments(raw);
        let (paint, important) = match bare.rsplit_once('!') {
            Some((paint, word)) if word.trim() == "important" => (paint.trim(), " !important"),
            _ => (bare.trim(), ""),
        };
        let in_style = text.as_bytes()[value.start - 1] != b'"' && text.as_bytes()[value.start - 1] != b'\'';
        if property == "transform" {
            // As an attribute it has no units, and as a style it may have.
            let plain = bare.replace("px", "").replace("deg", "");
            let plain = plain.replace("translateX(", "translate(").replace("translateY(", "translate(0,");
            if plain != raw {
                edits.push((value, plain));
            }
            continue;
        }
        let known = Paint::from_str(paint).is_ok();
        let readable = || if known { Some(paint.to_owned()) } else { translated(paint, &variables, DEPTH) };
        if property == "background" {
            // The library knows the long form only. What is no color is none of a sheet of paper.
            if let Some(color) = readable() {
                edits.push((whole, format!("background-color:{color}{important}")));
            }
            continue;
        }
        if paint.is_empty() || known && bare == raw && property == written {
            continue;
        }
        let fits = |paint: &String| paint.len() <= MAX_PAINT && Paint::from_str(paint).is_ok();
        let readable = readable().filter(|paint| known || fits(paint));
        unknown |= readable.is_none() && property == "stroke";
        let black = (property == "stroke" && unreadable == UnreadablePaint::Black).then(|| "#000".to_owned());
        match readable.or(black) {
            Some(paint) if in_style => edits.push((whole, format!("{property}:{paint}{important}"))),
            Some(paint) => edits.push((value, paint)),
            // With what ends it: the library stops at an empty declaration.
            None if text[whole.end..].starts_with(';') => {
                edits.push((whole.start..whole.end + 1, String::new()))
            }
            None => edits.push((whole, String::new())),
        }
    }
    (edited(text, edits), unknown)
}

/// A property and its value in a text, as an attribute or in a style.
struct StyleDeclaration<'a> {
    property: &'static str,
    /// Its name as it is written.
    written: &'a str,
    whole: Range<usize>,
    value: Range<usize>,
}

/// All declarations of [`PROPERTIES`], wherever they are.
fn declarations(text: &str) -> impl Iterator<Item = StyleDeclaration<'_>> {
    let mut end = 0;
    // Signs are few, in a file that is mostly numbers.
    memchr2_iter(b'=', b':', text.as_bytes()).filter_map(move |sign| {
        let before = text[..sign].trim_ascii_end();
        let start =
            before.len() - before.bytes().rev().take(MAX_NAME).take_while(|byte| is_name(*byte)).count();
        let written = &before[start..];
        let property = PROPERTIES.into_iter().find(|name| name.eq_ignore_ascii_case(written))?;
        // A part of another name, or of a value.
        let behind = before[..start].ends_with([':', '.']) || start < end;
        let (value, whole) = value(text, sign).filter(|_| !behind)?;
        // Attributes are told from each other by their case.
        let is_attribute = text.as_bytes()[sign] == b'=';
        if is_attribute && (property != written || ["background", "transform"].contains(&property)) {
            return None;
        }
        end = whole;
        Some(StyleDeclaration { property, written, whole: start..whole, value })
    })
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Range of the value after a sign, and the end of the declaration.
fn value(text: &str, sign: usize) -> Option<(Range<usize>, usize)> {
    let rest = &text[sign + 1..];
    let start = text.len() - rest.trim_start().len();
    if text.as_bytes()[sign] == b':' {
        let end = start + style_value(&text[start..])?;
        return Some((start..end, end));
    }
    let quote = *text.as_bytes().get(start).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let end = start + 1 + text[start + 1..].bytes().take(MAX_VALUE).position(|byte| byte == quote)?;
    Some((start + 1..end, end + 1))
}

/// Length of a value in a style; nothing where its brackets do not match, which is none of ours to mend.
fn style_value(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().take(MAX_VALUE).enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            b'"' | b'\'' if depth > 0 => {}
            b';' | b'}' | b'<' | b'"' | b'\'' | b'{' => return (depth == 0).then_some(at),
            _ => {}
        }
    }
    None
}

/// The variables of all styles, the first of a name holding for the whole document: what comes later is for a part of it, such
/// as a dark theme.
fn variables(text: &str) -> HashMap<&str, &str> {
    if !text.contains("var(") {
        return HashMap::new();
    }
    let starts = text.match_indices("--").map(|(at, _)| at);
    let named = starts.filter_map(|start| {
        let end = start + text[start..].bytes().take(MAX_NAME).take_while(|byte| is_name(*byte)).count();
        let rest = text[end..].trim_start().strip_prefix(':')?;
        Some((&text[start..end], rest[..style_value(rest)?].trim()))
    });
    let mut variables = HashMap::new();
    named.for_each(|(name, value)| _ = variables.entry(name).or_insert(value));
    variables
}

/// A value without `/* … */`.
fn without_comments(value: &str) -> Cow<'_, str> {
    let Some((before, rest)) = value.split_once("/*") else { return Cow::Borrowed(value) };
    let after = rest.split_once("*/").map_or("", |(_, after)| after);
    Cow::Owned(format!("{before} {}", without_comments(after)))
}

/// A paint that the library cannot read, in words that it can.
fn translated(value: &str, variables: &HashMap<&str, &str>, depth: usize) -> Option<String> {
    if depth == 0 || value.len() > MAX_VALUE {
        return None;
    }
    let again = |value: &str| match Paint::from_str(value) {
        Ok(_) => Some(value.to_owned()),
        Err(_) => translated(value, variables, depth - 1),
    };
    let value = value.trim();
    if let Some(keyword) = keyword(value) {
        return Some(keyword.to_owned());
    }
    if let Ok(color) = color::parse_color(value) {
        return Some(written(color));
    }
    let (function, rest) = value.split_once('(')?;
    let (arguments, behind) = rest.split_at(closing(rest)?);
    match function.to_ascii_lowercase().as_str() {
        "var" => {
            let (name, fallback) = match arguments.split_once(',') {
                Some((name, fallback)) => (name.trim(), Some(fallback)),
                None => (arguments.trim(), None),
            };
            variables.get(name).and_then(|value| again(value)).or_else(|| again(fallback?))
        }
        "light-dark" => again(first(arguments)),
        // In the first color's stead of the mixture: what matters is that it is not paper.
        "color-mix" => again(
            first(arguments.split_once(',')?.1).trim_end_matches(|c: char| c == '%' || c.is_ascii_digit()),
        ),
        "url" => again(behind.strip_prefix(')')?).map(|fallback| format!("url({arguments}) {fallback}")),
        _ => None,
    }
}

/// Position of the bracket that closes the one before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1usize;
    text.bytes().position(|byte| {
        depth = match byte {
            b'(' => depth + 1,
            b')' => depth - 1,
            _ => depth,
        };
        depth == 0
    })
}

/// The first of several arguments.
fn first(arguments: &str) -> &str {
    let mut depth = 0usize;
    let end = arguments.bytes().position(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        byte == b',' && depth == 0
    });
    &arguments[..end.unwrap_or(arguments.len())]
}

/// Words for colors that are not those of a name (CSS Color 4, section 6.2), as in a light scheme, and for what holds
/// without a declaration.
fn keyword(value: &str) -> Option<&'static str> {
    const INK: [&str; 8] = [
        "canvastext",
        "windowtext",
        "text",
        "buttontext",
        "fieldtext",
        "linktext",
        "graytext",
        "highlighttext",
    ];
    const PAPER: [&str; 6] = ["canvas", "window", "background", "field", "buttonface", "highlight"];
    let value = value.to_ascii_lowercase();
    match value.as_str() {
        "currentcolor" => Some("currentColor"),
        "unset" | "inherit" => Some("inherit"),
        "none" => Some("none"),
        value if INK.contains(&value) => Some("#000"),
        value if PAPER.contains(&value) => Some("#fff"),
        _ => None,
    }
}

fn written(color: color::DynamicColor) -> String {
    let [red, green, blue, alpha] = color.to_alpha_color::<Srgb>().to_rgba8().to_u8_array();
    format!("#{red:02x}{green:02x}{blue:02x}{alpha:02x}")
}

/// Rules for media and the like, which the library passes over, as plain rules where they hold on a screen; and without
/// what it takes from elsewhere, where the library stops at a `;` in an address.
fn without_media(text: &str) -> Cow<'_, str> {
    const BLOCKS: [&str; 3] = ["@media", "@supports", "@layer"];
    const STATEMENTS: [&str; 3] = ["@import", "@charset", "@namespace"];
    let mut edits = Vec::new();
    let mut at = 0;
    for _ in 0..MAX_BLOCKS {
        let Some(found) = text[at..].find('@') else { break };
        let start = at + found;
        at = start + 1;
        if STATEMENTS.iter().any(|name| text[start..].starts_with(name)) {
            if let Some(end) = statement_end(&text[start..]) {
                edits.push((start..start + end, String::new()));
                at = start + end;
            }
            continue;
        }
        if !BLOCKS.iter().any(|name| text[start..].starts_with(name)) {
            continue;
        }
        let Some(open) = text[start..].find(['{', ';', '<']).map(|open| start + open) else { break };
        if !text[open..].starts_with('{') {
            continue;
        }
        let Some(close) = block_end(&text[open + 1..]).map(|end| open + 1 + end) else { continue };
        if holds_on_screen(&text[start..open]) {
            edits.extend([(start..open + 1, String::new()), (close..close + 1, String::new())]);
            at = open + 1;
        } else {
            edits.push((start..close + 1, String::new()));
            at = close + 1;
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    edited(Cow::Borrowed(text), edits)
}

/// True if one of several conditions holds on a light screen of usual size.
fn holds_on_screen(condition: &str) -> bool {
    const OTHERS: [&str; 5] = ["print", "speech", "dark", "max-width", "max-height"];
    let condition = condition.to_ascii_lowercase();
    condition.split(',').any(|one| {
        let denied = one.split_whitespace().any(|word| word == "not");
        OTHERS.iter().any(|other| one.contains(other)) == denied
    })
}

/// Length of a statement with its `;`, which may be in its strings and addresses too.
fn statement_end(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0usize);
    for (at, byte) in text.bytes().take(MAX_VALUE).enumerate() {
        match (byte, quote) {
            (_, Some(open)) => quote = Some(open).filter(|open| *open != byte),
            (b'"' | b'\'', None) => quote = Some(byte),
            (b'(', None) => depth += 1,
            (b')', None) => depth = depth.saturating_sub(1),
            (b';', None) if depth == 0 => return Some(at + 1),
            (b'<', None) => return None,
            _ => {}
        }
    }
    None
}

/// Position of the brace that closes a block.
fn block_end(text: &str) -> Option<usize> {
    let mut depth = 1usize;
    text.bytes().take_while(|byte| *byte != b'<').position(|byte| {
        depth = match byte {
            b'{' => depth + 1,
            b'}' => depth - 1,
            _ => depth,
        };
        depth == 0
    })
}

/// A text with some parts exchanged, which come in order.
fn edited(text: Cow<'_, str>, edits: Vec<(Range<usize>, String)>) -> Cow<'_, str> {
    if edits.is_empty() {
        return text;
    }
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (range, replacement) in edits {
        out.push_str(&text[done..range.start]);
        out.push_str(&replacement);
        done = range.end;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

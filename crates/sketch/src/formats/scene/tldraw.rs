//! Scenes of tldraw: its files (`.tldr`), and snapshots of its store.
//!
//! Points of free lines are lists of objects in older versions, 16-bit numbers in base64 in some, and in today's a 32-bit
//! start with 16-bit steps from each point to the next (`b64Vecs.ts` of `@tldraw/tlschema`).

use std::collections::{BTreeMap, HashMap, HashSet};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use half::f16;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Scene, SceneElement, ScenePoint, has,
    outline::{arrow_head, closed, curve, diamond, ellipse, polygon, rectangle, regular, turned},
};

/// The deepest nesting of shapes in groups and frames.
const MAX_DEPTH: usize = 32;

#[derive(Default, Deserialize)]
#[serde(default)]
struct SceneFile {
    /// Of a file.
    records: Vec<Value>,
    /// Of a snapshot, by identifier.
    store: BTreeMap<String, Value>,
    /// The snapshot, where a session lies beside it.
    document: Option<Document>,
    session: Option<Session>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    store: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Session {
    page_states: Vec<PageState>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageState {
    selected_shape_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    x: f64,
    y: f64,
    #[serde(default)]
    rotation: f64,
    /// Key by which shapes of one parent are ordered.
    #[serde(default)]
    index: String,
    parent_id: String,
    opacity: Option<f64>,
    props: Value,
}

#[derive(Deserialize)]
struct Position {
    x: f64,
    y: f64,
}

pub(super) fn recognize(head: &[u8]) -> bool {
    has(head, "\"tldrawFileFormatVersion\"")
        || has(head, "\"com.tldraw.")
        || has(head, "\"store\"") && has(head, "\"typeName\"")
}

/// What is drawn in a scene.
///
/// # Errors
/// A reason: it is no JSON of tldraw.
pub(super) fn read(bytes: &[u8]) -> Result<Scene, String> {
    let file: SceneFile =
        serde_json::from_slice(bytes).map_err(|error| format!("the scene of tldraw: {error}"))?;
    let document = file.document.unwrap_or_default();
    let records =
        file.records.into_iter().chain(file.store.into_values()).chain(document.store.into_values());
    let mut scene = Scene::default();
    let mut shapes = Vec::new();
    for record in records.filter(|record| record["typeName"] == "shape") {
        match Shape::deserialize(record) {
            Ok(shape) => shapes.push(shape),
            Err(_) => scene.leave_out("malformed"),
        }
    }
    // Keys of one parent are made to be compared as text.
    shapes.sort_by(|a, b| a.index.cmp(&b.index));
    let places: HashMap<&str, usize> =
        shapes.iter().enumerate().map(|(at, shape)| (shape.id.as_str(), at)).collect();
    let selected: HashSet<&str> = file
        .session
        .iter()
        .flat_map(|session| &session.page_states)
        .flat_map(|page| page.selected_shape_ids.iter().map(String::as_str))
        .filter(|id| places.contains_key(id))
        .collect();
    for shape in &shapes {
        let parents = parents(shape, &shapes, &places);
        let is_selected = |shape: &&Shape| selected.contains(shape.id.as_str());
        let chosen = selected.is_empty() || parents.iter().chain([&shape]).any(is_selected);
        if !chosen || shape.opacity == Some(0.0) || ["group", "frame"].contains(&shape.kind.as_str()) {
            continue;
        }
        // Shapes that are in each other are nowhere.
        if parents.len() == MAX_DEPTH {
            scene.leave_out("malformed");
            continue;
        }
        let Some(lines) = shape.lines() else {
            scene.leave_out(&shape.name());
            continue;
        };
        let lines: Vec<Vec<ScenePoint>> = lines
            .into_iter()
            .filter(|line| !line.is_empty())
            .map(|line| line.into_iter().map(|point| placed(point, shape, &parents)).collect())
            .collect();
        if lines.is_empty() {
            continue;
        }
        let outermost = |kind: &str| parents.iter().rev().find(|parent| parent.kind == kind);
        let page = parents.last().map_or(&shape.parent_id, |last| &last.parent_id);
        scene.elements.push(SceneElement {
            id: shape.id.clone(),
            frame: outermost("frame").map_or(page, |frame| &frame.id).clone(),
            group: outermost("group").map(|group| group.id.clone()),
            word: None,
            lines,
        });
    }
    Ok(scene)
}

/// Groups and frames that a shape is in, from the innermost.
fn parents<'a>(shape: &Shape, shapes: &'a [Shape], places: &HashMap<&str, usize>) -> Vec<&'a Shape> {
    let parent = |of: &Shape| places.get(of.parent_id.as_str()).map(|&at| &shapes[at]);
    std::iter::successors(parent(shape), |last| parent(last)).take(MAX_DEPTH).collect()
}

/// A point of a shape on its page.
fn placed(point: ScenePoint, shape: &Shape, parents: &[&Shape]) -> ScenePoint {
    let place = |[x, y]: ScenePoint, shape: &&Shape| {
        let [x, y] = turned([x, y], [0.0, 0.0], shape.rotation);
        [shape.x + x, shape.y + y]
    };
    parents.iter().fold(place(point, &shape), place)
}

impl Shape {
    /// Kind of the shape, and of what kind a geometric one is.
    fn name(&self) -> String {
        match self.props["geo"].as_str() {
            Some(geo) => format!("{} {geo}", self.kind),
            None => self.kind.clone(),
        }
    }

    fn number(&self, name: &str, default: f64) -> f64 {
        self.props[name].as_f64().unwrap_or(default)
    }

    fn position(&self, name: &str) -> Option<ScenePoint> {
        Position::deserialize(&self.props[name]).ok().map(|Position { x, y }| [x, y])
    }

    /// Lines of a shape around its own origin; none for what is no drawing.
    fn lines(&self) -> Option<Vec<Vec<ScenePoint>>> {
        match self.kind.as_str() {
            "draw" | "highlight" => self.free_line().map(|line| vec![line]),
            "line" => self.line().map(|line| vec![line]),
            "arrow" => self.arrow(),
            "geo" => self.geometry(),
            _ => None,
        }
    }

    fn free_line(&self) -> Option<Vec<ScenePoint>> {
        let scale = ["scaleX", "scaleY"].map(|name| self.number(name, 1.0));
        let mut line: Vec<ScenePoint> = Vec::new();
        for segment in self.props["segments"].as_array()? {
            let points = match (segment["path"].as_str(), segment["points"].as_str()) {
                (Some(path), _) => steps(path)?,
                (None, Some(points)) => absolute(points)?,
                (None, None) => Vec::<Position>::deserialize(&segment["points"])
                    .ok()?
                    .into_iter()
                    .map(|Position { x, y }| [x, y])
                    .collect(),
            };
            line.extend(points.into_iter().map(|[x, y]| [scale[0] * x, scale[1] * y]));
        }
        let is_closed = self.props["isClosed"] == true;
        Some(if is_closed { closed(line) } else { line })
    }

    fn line(&self) -> Option<Vec<ScenePoint>> {
        let mut points: Vec<(String, ScenePoint)> = Vec::new();
        for point in self.props["points"].as_object()?.values() {
            let Position { x, y } = Position::deserialize(point).ok()?;
            points.push((point["index"].as_str().unwrap_or_default().to_owned(), [x, y]));
        }
        points.sort_by(|a, b| a.0.cmp(&b.0));
        let points: Vec<ScenePoint> = points.into_iter().map(|(_, point)| point).collect();
        Some(if self.props["spline"] == "cubic" { curve(&points) } else { points })
    }

    fn arrow(&self) -> Option<Vec<Vec<ScenePoint>>> {
        let (start, end) = (self.position("start")?, self.position("end")?);
        let bend = self.number("bend", 0.0);
        let [dx, dy] = [end[0] - start[0], end[1] - start[1]];
        let length = dx.hypot(dy);
        let line = if bend == 0.0 || length == 0.0 {
            vec![start, end]
        } else {
            let middle = [
                (start[0] + end[0]) / 2.0 + bend * dy / length,
                (start[1] + end[1]) / 2.0 - bend * dx / length,
            ];
            curve(&[start, middle, end])
        };
        let has_head = |name: &str| self.props[name].as_str().is_some_and(|head| head != "none");
        let head = has_head("arrowheadEnd").then(|| arrow_head(&line)).flatten();
        let tail = has_head("arrowheadStart").then(|| {
            let back: Vec<ScenePoint> = line.iter().rev().copied().collect();
            arrow_head(&back)
        });
        Some([line].into_iter().chain(head).chain(tail.flatten()).collect())
    }

    fn geometry(&self) -> Option<Vec<Vec<ScenePoint>>> {
        let (w, h) = (self.number("w", 0.0), self.number("h", 0.0) + self.number("growY", 0.0));
        let outline = match self.props["geo"].as_str()? {
            "ellipse" | "oval" => ellipse(w, h),
            "triangle" => polygon(w, h, [[0.5, 0.0], [1.0, 1.0], [0.0, 1.0]]),
            "diamond" => diamond(w, h),
            "pentagon" => regular(w, h, 5, |_| 1.0),
            "hexagon" => regular(w, h, 6, |_| 1.0),
            "octagon" => regular(w, h, 8, |_| 1.0),
            "star" => regular(w, h, 10, |corner| if corner % 2 == 0 { 1.0 } else { 0.5 }),
            "trapezoid" => polygon(w, h, [[0.2, 0.0], [0.8, 0.0], [1.0, 1.0], [0.0, 1.0]]),
            "rhombus" => polygon(w, h, [[0.2, 0.0], [1.0, 0.0], [0.8, 1.0], [0.0, 1.0]]),
            "rhombus-2" => polygon(w, h, [[0.0, 0.0], [0.8, 0.0], [1.0, 1.0], [0.2, 1.0]]),
            "rectangle" => rectangle(w, h),
            "x-box" => {
                return Some(vec![rectangle(w, h), vec![[0.0, 0.0], [w, h]], vec![[w, 0.0], [0.0, h]]]);
            }
            "check-box" => {
                let tick = [[0.25, 0.55], [0.45, 0.75], [0.8, 0.25]].map(|[x, y]| [x * w, y * h]);
                return Some(vec![rectangle(w, h), tick.to_vec()]);
            }
            _ => return None,
        };
        Some(vec![outline])
    }
}

/// Points as a 32-bit start and 16-bit steps; none if the text is damaged.
fn steps(path: &str) -> Option<Vec<ScenePoint>> {
    let bytes = BASE64_STANDARD.decode(path).ok()?;
    let Some((start, rest)) = bytes.split_first_chunk::<12>() else {
        return bytes.is_empty().then(Vec::new);
    };
    let single =
        |at: usize| f64::from(f32::from_le_bytes([start[at], start[at + 1], start[at + 2], start[at + 3]]));
    let mut points = vec![[single(0), single(4)]];
    for [dx, dy] in halves(rest)? {
        let [x, y] = points[points.len() - 1];
        points.push([x + dx, y + dy]);
    }
    points.iter().flatten().all(|c| c.is_finite()).then_some(points)
}

/// Points as 16-bit positions; none if the text is damaged.
fn absolute(points: &str) -> Option<Vec<ScenePoint>> {
    let points = halves(&BASE64_STANDARD.decode(points).ok()?)?;
    points.iter().flatten().all(|c| c.is_finite()).then_some(points)
}

/// Pairs of 16-bit numbers, behind each of which there is a pressure.
fn halves(bytes: &[u8]) -> Option<Vec<ScenePoint>> {
    let (points, rest) = bytes.as_chunks::<6>();
    let number = |low, high| f16::from_le_bytes([low, high]).to_f64();
    rest.is_empty().then(|| points.iter().map(|p| [number(p[0], p[1]), number(p[2], p[3])]).collect())
}

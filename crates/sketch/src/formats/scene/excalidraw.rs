//! Scenes of Excalidraw, in version 2 of its JSON: <https://docs.excalidraw.com/docs/codebase/json-schema>.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Scene, SceneElement, ScenePoint, has,
    outline::{arrow_head, curve, diamond, ellipse, rectangle, turned},
};

/// A file (`excalidraw`), a library (`excalidrawlib`) or what is copied (`excalidraw/clipboard`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SceneFile {
    #[serde(default)]
    elements: Vec<Value>,
    #[serde(default)]
    app_state: AppState,
    #[serde(default)]
    library_items: Vec<LibraryItem>,
    /// Items of a library in version 1.
    #[serde(default)]
    library: Vec<Vec<Value>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppState {
    selected_element_ids: Option<HashMap<String, bool>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LibraryItem {
    id: Option<String>,
    name: Option<String>,
    elements: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Element {
    #[serde(default)]
    id: String,
    #[serde(rename = "type")]
    kind: String,
    x: f64,
    y: f64,
    width: Option<f64>,
    height: Option<f64>,
    /// Clockwise around the middle, in radians.
    angle: Option<f64>,
    /// A pressure may be behind each.
    points: Option<Vec<Vec<f64>>>,
    group_ids: Option<Vec<String>>,
    frame_id: Option<String>,
    is_deleted: Option<bool>,
    opacity: Option<f64>,
    stroke_color: Option<String>,
    background_color: Option<String>,
    roundness: Option<Value>,
    start_arrowhead: Option<String>,
    end_arrowhead: Option<String>,
}

pub(super) fn recognize(head: &[u8]) -> bool {
    has(head, "\"type\"")
        && ["\"excalidraw\"", "\"excalidrawlib\"", "\"excalidraw/clipboard\""]
            .iter()
            .any(|kind| has(head, kind))
}

/// What is drawn in a scene.
///
/// # Errors
/// A reason: it is no JSON of Excalidraw.
pub(super) fn read(bytes: &[u8]) -> Result<Scene, String> {
    let file: SceneFile =
        serde_json::from_slice(bytes).map_err(|error| format!("the scene of Excalidraw: {error}"))?;
    let selected = file.app_state.selected_element_ids.unwrap_or_default();
    let any = selected.values().any(|selected| *selected);
    let mut scene = Scene::default();
    for value in file.elements {
        let is_selected = |element: &Element| !any || selected.get(&element.id) == Some(&true);
        if let Some((element, lines)) = drawn(&mut scene, value, is_selected) {
            let group = element.group_ids.and_then(|mut groups| groups.pop());
            let frame = element.frame_id.unwrap_or_default();
            scene.elements.push(SceneElement { id: element.id, frame, group, word: None, lines });
        }
    }
    let unnamed = file.library.into_iter().map(|elements| LibraryItem { elements, ..LibraryItem::default() });
    for (at, item) in file.library_items.into_iter().chain(unnamed).enumerate() {
        let group = item.id.unwrap_or_else(|| format!("item {}", at + 1));
        for value in item.elements {
            if let Some((element, lines)) = drawn(&mut scene, value, |_| true) {
                let (id, frame, word) = (element.id, group.clone(), item.name.clone());
                scene.elements.push(SceneElement { id, frame, group: Some(group.clone()), word, lines });
            }
        }
    }
    Ok(scene)
}

/// An element that can be seen, with its lines.
fn drawn(
    scene: &mut Scene,
    value: Value,
    is_selected: impl Fn(&Element) -> bool,
) -> Option<(Element, Vec<Vec<ScenePoint>>)> {
    let Ok(element) = Element::deserialize(value) else {
        scene.leave_out("malformed");
        return None;
    };
    if element.is_deleted == Some(true) || !element.is_visible() || !is_selected(&element) {
        return None;
    }
    match element.lines() {
        // Frames are rooms for drawings.
        None if ["frame", "magicframe"].contains(&element.kind.as_str()) => None,
        None => {
            scene.leave_out(&element.kind);
            None
        }
        Some(lines) => lines.iter().any(|line| !line.is_empty()).then_some((element, lines)),
    }
}

impl Element {
    fn is_visible(&self) -> bool {
        let is_clear = |color: &Option<String>| color.as_deref() == Some("transparent");
        self.opacity != Some(0.0) && !(is_clear(&self.stroke_color) && is_clear(&self.background_color))
    }

    /// Lines of an element in the scene; none for what is no drawing.
    fn lines(&self) -> Option<Vec<Vec<ScenePoint>>> {
        let (width, height) = (self.width.unwrap_or(0.0), self.height.unwrap_or(0.0));
        let mut lines = match self.kind.as_str() {
            "rectangle" => vec![rectangle(width, height)],
            "diamond" => vec![diamond(width, height)],
            "ellipse" => vec![ellipse(width, height)],
            "freedraw" | "line" | "arrow" | "draw" => self.through_points(),
            _ => return None,
        };
        let corners = lines.iter().flatten().copied().map(|[x, y]| [x, y, x, y]);
        let bounds = corners.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
        let middle = bounds.map_or([0.0, 0.0], |b| [(b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0]);
        for point in lines.iter_mut().flatten() {
            let [x, y] = turned(*point, middle, self.angle.unwrap_or(0.0));
            *point = [self.x + x, self.y + y];
        }
        Some(lines)
    }

    fn through_points(&self) -> Vec<Vec<ScenePoint>> {
        let points = self.points.iter().flatten();
        let points: Vec<ScenePoint> = points.filter_map(|point| point.first_chunk().copied()).collect();
        let line = if self.kind == "freedraw" || self.roundness.is_none() { points } else { curve(&points) };
        let end = self.end_arrowhead.as_ref().and_then(|_| arrow_head(&line));
        let start = self.start_arrowhead.as_ref().and_then(|_| {
            let back: Vec<ScenePoint> = line.iter().rev().copied().collect();
            arrow_head(&back)
        });
        [line].into_iter().chain(end).chain(start).collect()
    }
}

//! Scenes of whiteboards, with many sketches on one canvas: Excalidraw's files, libraries and clipboard, tldraw's files and
//! snapshots.
//!
//! What was selected when a scene was saved, or else all of it, is cut into sketches: what belongs to one group, and what
//! lies close together in one frame. A frame itself, text and pictures are no drawings.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{MAX_POINTS, truncate_message};
use crate::{Drawing, Sketch, Stroke};

mod excalidraw;
mod outline;
mod tldraw;

/// The most elements of a scene.
const MAX_ELEMENTS: usize = 10_000;
/// What is drawn belongs together if the gap between its boxes is no more than this part of the larger one's diagonal. Of 3,000
/// drawings of Quick, Draw! it leaves 96 % whole (`scripts/scenes/grouping.py`).
const NEAR: f64 = 0.07;

/// A point of a scene.
type ScenePoint = [f64; 2];

/// An element of a scene that is drawn as lines.
struct SceneElement {
    id: String,
    /// Frame or page: what lies in different ones is never one sketch.
    frame: String,
    /// Group that it belongs to, the outermost.
    group: Option<String>,
    /// Word for what it shows, of an item of a library.
    word: Option<String>,
    lines: Vec<Vec<ScenePoint>>,
}

/// What a file of a whiteboard holds.
#[derive(Default)]
struct Scene {
    elements: Vec<SceneElement>,
    /// Kinds of elements that are no drawings, and how many of each there are.
    left_out: BTreeMap<String, usize>,
}

impl Scene {
    fn leave_out(&mut self, kind: &str) {
        *self.left_out.entry(truncate_message(kind)).or_default() += 1;
    }

    /// A line of what was left out, if anything.
    fn note(&self) -> Option<String> {
        let kinds = self.left_out.iter().map(|(kind, count)| format!("{kind} ({count})"));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        (!kinds.is_empty()).then(|| format!("the scene has elements that are left out: {kinds}"))
    }
}

/// A sketch cut from a scene.
#[derive(Serialize, Deserialize)]
struct SceneSketch {
    /// Identifier of its group, or of its first element.
    id: String,
    word: Option<String>,
    strokes: Vec<Vec<[f32; 2]>>,
    note: Option<String>,
}

/// True if the first bytes of an object are those of a scene.
pub(super) fn recognize(head: &[u8]) -> bool {
    excalidraw::recognize(head) || tldraw::recognize(head)
}

/// True if some bytes have this text in them.
fn has(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

/// Cuts a scene into records, each of one sketch.
///
/// # Errors
/// A reason: it is not valid, or nothing is drawn in it.
pub(super) fn records(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut scene =
        if excalidraw::recognize(bytes) { excalidraw::read(bytes)? } else { tldraw::read(bytes)? };
    let count = scene.elements.len();
    scene
        .elements
        .retain(|element| element.lines.iter().flatten().flatten().all(|c| (*c as f32).is_finite()));
    (scene.elements.len()..count).for_each(|_| scene.leave_out("malformed"));
    if scene.elements.len() > MAX_ELEMENTS {
        return Err(format!("the scene has more than {MAX_ELEMENTS} elements"));
    }
    let mut note = scene.note();
    if scene.elements.is_empty() {
        return Err(note.unwrap_or_else(|| "nothing is drawn in the scene".to_owned()));
    }
    let sketch = |members: Vec<&SceneElement>| {
        let first = members[0];
        let lines = members.iter().flat_map(|element| &element.lines);
        let strokes = lines.map(|line| line.iter().map(|point| point.map(|c| c as f32)).collect());
        let id = first.group.as_ref().unwrap_or(&first.id).clone();
        let sketch =
            SceneSketch { id, word: first.word.clone(), strokes: strokes.collect(), note: note.take() };
        serde_json::to_vec(&sketch).map_err(|error| error.to_string())
    };
    clusters(&scene.elements).into_iter().map(sketch).collect()
}

/// The sketch of a record.
///
/// # Errors
/// A reason: it has too many points.
pub(super) fn parse(record: &[u8]) -> Result<Sketch, String> {
    let SceneSketch { id, word, strokes, note } =
        serde_json::from_slice(record).map_err(|error| error.to_string())?;
    if strokes.iter().map(Vec::len).sum::<usize>() > MAX_POINTS {
        return Err(format!("the drawing has more than {MAX_POINTS} points"));
    }
    let drawing = Drawing::Strokes(strokes.into_iter().map(Stroke::new).collect());
    Ok(Sketch { word, id: Some(id), drawing, notes: note.into_iter().collect() })
}

/// Elements by the sketch that they belong to, both in the order of the scene.
fn clusters(elements: &[SceneElement]) -> Vec<Vec<&SceneElement>> {
    let (mut groups, mut frames) = (HashMap::<_, Vec<usize>>::new(), HashMap::new());
    for (at, element) in elements.iter().enumerate() {
        let count = frames.len();
        let frame = *frames.entry(&element.frame).or_insert(count);
        let group = element.group.as_ref().ok_or(at);
        groups.entry((frame, group)).or_default().push(at);
    }
    let mut groups: Vec<(Vec<usize>, usize)> =
        groups.into_iter().map(|((frame, _), members)| (members, frame)).collect();
    groups.sort_unstable();
    let mut clusters: Vec<Cluster> = Vec::new();
    for (members, frame) in groups {
        let mut cluster = Cluster::new(elements, members, frame);
        // What has grown may be near others now.
        while let Some(near) = clusters.iter().position(|other| cluster.is_near(other)) {
            cluster.join(clusters.swap_remove(near));
        }
        clusters.push(cluster);
    }
    clusters.iter_mut().for_each(|cluster| cluster.members.sort_unstable());
    clusters.sort_unstable_by_key(|cluster| cluster.members[0]);
    let members = |cluster: Cluster| cluster.members.into_iter().map(|at| &elements[at]).collect();
    clusters.into_iter().map(members).collect()
}

/// Elements of one sketch, and the box around them.
struct Cluster {
    frame: usize,
    members: Vec<usize>,
    least: ScenePoint,
    greatest: ScenePoint,
    /// Gap up to which others are near.
    near: f64,
}

impl Cluster {
    fn new(elements: &[SceneElement], members: Vec<usize>, frame: usize) -> Self {
        let points = || members.iter().flat_map(|&at| elements[at].lines.iter().flatten());
        let bound = |axis: usize, start: f64, choose: fn(f64, f64) -> f64| {
            points().map(|point| point[axis]).fold(start, choose)
        };
        let least = [0, 1].map(|axis| bound(axis, f64::INFINITY, f64::min));
        let greatest = [0, 1].map(|axis| bound(axis, f64::NEG_INFINITY, f64::max));
        Self { frame, members, least, greatest, near: near(least, greatest) }
    }

    fn is_near(&self, other: &Self) -> bool {
        let gap = |axis: usize| {
            (self.least[axis] - other.greatest[axis]).max(other.least[axis] - self.greatest[axis]).max(0.0)
        };
        let near = self.near.max(other.near);
        self.frame == other.frame && gap(0) <= near && gap(0).hypot(gap(1)) <= near
    }

    fn join(&mut self, other: Self) {
        self.members.extend(other.members);
        for axis in [0, 1] {
            self.least[axis] = self.least[axis].min(other.least[axis]);
            self.greatest[axis] = self.greatest[axis].max(other.greatest[axis]);
        }
        self.near = near(self.least, self.greatest);
    }
}

/// Gap up to which others are near what is in a box.
fn near(least: ScenePoint, greatest: ScenePoint) -> f64 {
    NEAR * (greatest[0] - least[0]).hypot(greatest[1] - least[1])
}

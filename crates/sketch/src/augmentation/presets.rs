use std::f32::consts::TAU;

use derive_setters::Setters;
use serde::{Deserialize, Serialize};

use crate::SketchError;

/// The most stretch, shear and change of line width: beyond it nothing is left of a sketch.
const MOST: f32 = 3.0;

/// Amounts by which a sketch is varied before it is drawn, so that a network meets each one in many
/// ways.
///
/// All changes but `zoom`, `crop` and `line` are made to the strokes, before they are fitted to the
/// canvas. "Up to" means uniform from minus to plus that much. An amount of 0 makes no change, but
/// for `zoom`, where that is 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Setters)]
#[serde(deny_unknown_fields, default)]
#[setters(prefix = "with_")]
#[non_exhaustive]
pub struct Augmentation {
    /// Probability that the sketch is mirrored left to right.
    pub flip: f32,
    /// Up to this much rotation, in radians.
    pub rotation: f32,
    /// Up to this much stretch of width against height, as a logarithm of their ratio.
    pub stretch: f32,
    /// Up to this much slant: shift of x per unit of y.
    pub shear: f32,
    /// Largest displacement of points by a smooth wave over the sketch, as a fraction of its
    /// longer side.
    pub warp: f32,
    /// Up to this much displacement of each stroke on its own, as a fraction of the longer side.
    pub drift: f32,
    /// Probability that one stroke is left out, of sketches with more than one. Late and short
    /// strokes are the likelier ones, as in Sketch-a-Net (Yu et al., *Sketch-a-Net that Beats
    /// Humans*, BMVC 2015).
    pub drop: f32,
    /// Largest share of the strokes that are left out, rounded to whole strokes; how many is
    /// uniform from none to that, and one is always left. Which ones as for `drop`.
    pub remove: f32,
    /// Largest share of the lines' length that is left out at the end of the drawing, uniform from
    /// none to that: the sketch as it was while it was being drawn. The last stroke is cut. Strokes found in a
    /// raster come in no such order, so that this takes any of them.
    pub partial: f32,
    /// Up to this much displacement of each of a few points on the sketch, as a fraction of its
    /// longer side; all between them follow as rigidly as they can (Schaefer, McPhail & Warren,
    /// *Image Deformation Using Moving Least Squares*, SIGGRAPH 2006).
    pub bend: f32,
    /// Smallest size on the canvas, where 1 fills it; the place is uniform in the room left.
    pub zoom: f32,
    /// Largest share of the fitted drawing's square that is cut away, up to 0.9: a smaller square,
    /// anywhere in it, takes its place; but not one without ink. What lies outside may still show
    /// in the margin.
    pub crop: f32,
    /// Up to this much change of line width, as a logarithm.
    pub line: f32,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self::light()
    }
}

impl Augmentation {
    /// Changes that leave every sketch as easy for a person as it was.
    pub const fn light() -> Self {
        Self {
            flip: 0.5,
            rotation: 0.12,
            stretch: 0.15,
            shear: 0.08,
            warp: 0.015,
            drift: 0.008,
            drop: 0.08,
            zoom: 0.85,
            line: 0.15,
            ..Self::none()
        }
    }

    /// No change: draws what [`rasterize`](crate::rasterize) draws, but for rounding.
    pub const fn none() -> Self {
        Self {
            flip: 0.0,
            rotation: 0.0,
            stretch: 0.0,
            shear: 0.0,
            warp: 0.0,
            drift: 0.0,
            drop: 0.0,
            remove: 0.0,
            partial: 0.0,
            bend: 0.0,
            zoom: 1.0,
            crop: 0.0,
            line: 0.0,
        }
    }

    /// Checks that every amount is in range.
    ///
    /// # Errors
    /// [`SketchError::Augmentation`], naming the first that is not.
    pub fn validate(&self) -> Result<(), SketchError> {
        let ranges = [
            ("flip", self.flip, 0.0, 1.0),
            ("rotation", self.rotation, 0.0, TAU),
            ("stretch", self.stretch, 0.0, MOST),
            ("shear", self.shear, 0.0, MOST),
            ("warp", self.warp, 0.0, 1.0),
            ("drift", self.drift, 0.0, 1.0),
            ("drop", self.drop, 0.0, 1.0),
            ("remove", self.remove, 0.0, 1.0),
            ("partial", self.partial, 0.0, 1.0),
            ("bend", self.bend, 0.0, 1.0),
            ("zoom", self.zoom, 0.1, 1.0),
            ("crop", self.crop, 0.0, 0.9),
            ("line", self.line, 0.0, MOST),
        ];
        match ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            Some((field, value, least, most)) => Err(SketchError::Augmentation { field, value, least, most }),
            None => Ok(()),
        }
    }

    /// Names that [`Augmentation::named`] knows: no change, each change alone, and then two mixtures.
    pub const NAMES: [&'static str; 16] = [
        "none", "flip", "rotation", "stretch", "shear", "warp", "drift", "drop", "remove", "partial", "bend",
        "zoom", "crop", "line", "light", "strong",
    ];

    /// Each change alone, as strong as it takes to see it on one sketch, and the mixtures
    /// [`none`](Self::none), [`light`](Self::light) and [`strong`](Self::strong), by the names of
    /// their fields and functions. Nothing where the name is another.
    pub fn named(name: &str) -> Option<Self> {
        let none = Self::none();
        Some(match name {
            "none" => none,
            "flip" => Self { flip: 1.0, ..none },
            "rotation" => Self { rotation: 0.4, ..none },
            "stretch" => Self { stretch: 0.5, ..none },
            "shear" => Self { shear: 0.35, ..none },
            "warp" => Self { warp: 0.06, ..none },
            "drift" => Self { drift: 0.03, ..none },
            "drop" => Self { drop: 1.0, ..none },
            "remove" => Self { remove: 0.5, ..none },
            "partial" => Self { partial: 0.5, ..none },
            "bend" => Self { bend: 0.06, ..none },
            "zoom" => Self { zoom: 0.5, ..none },
            "crop" => Self { crop: 0.5, ..none },
            "line" => Self { line: 0.7, ..none },
            "light" => Self::light(),
            "strong" => Self::strong(),
            _ => return None,
        })
    }

    /// All changes together, each moderate: a person still recognizes nearly every sketch, but has
    /// to look at some.
    pub fn strong() -> Self {
        Self {
            flip: 0.5,
            rotation: 0.2,
            stretch: 0.25,
            shear: 0.12,
            warp: 0.02,
            drift: 0.01,
            drop: 0.1,
            remove: 0.2,
            partial: 0.15,
            bend: 0.025,
            zoom: 0.75,
            crop: 0.2,
            line: 0.3,
        }
    }
}

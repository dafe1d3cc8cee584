use clap::ValueEnum;
use dabnet_engine::Model;
use dabnet_graph::Canvas;
use dabnet_sketch::{Augment, Paper, View};
use serde::{Deserialize, Serialize};

use crate::error::CliError;

/// How sketches become what a network sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Look {
    /// Lines drawn on the canvas, as `dabnet recognize` draws them; those of rasters are found first
    #[default]
    Lines,
    /// Rasters as they are, resampled; strokes are drawn
    Pixels,
    /// The preprocessing published for TU-Berlin
    PaperTuBerlin,
    /// The preprocessing published for Sketchy
    PaperSketchy,
    /// Quick, Draw!'s own bitmaps of 28 pixels
    Bitmap,
}

impl Look {
    /// Where the provenance of a packed model has it.
    pub(crate) const PROVENANCE: &str = "look";

    /// What a packed model learned from; lines where it does not say.
    pub(crate) fn of(model: &Model) -> Result<Self, CliError> {
        let Some(look) = model.provenance().get(Self::PROVENANCE) else { return Ok(Self::Lines) };
        let unknown =
            |_| CliError::Input(format!("the model learned from {look}, which is no look known here"));
        serde_json::from_value(look.clone()).map_err(unknown)
    }

    /// How sketches are looked at.
    pub(crate) fn view(self, canvas: Canvas, augment: Augment) -> View {
        match self {
            Self::Lines => View::Lines(canvas, augment),
            Self::Pixels => View::Pixels(canvas, augment),
            Self::PaperTuBerlin => View::Paper(Paper::tu_berlin(canvas.side)),
            Self::PaperSketchy => View::Paper(Paper::sketchy(canvas.side)),
            Self::Bitmap => View::Bitmap,
        }
    }

    /// What pixels are normalised by, where it is not left to the settings.
    pub(super) fn normalisation(self, side: usize) -> Option<(f32, f32)> {
        let paper = match self {
            Self::PaperTuBerlin => Paper::tu_berlin(side),
            Self::PaperSketchy => Paper::sketchy(side),
            _ => return None,
        };
        Some((paper.mean, paper.std))
    }
}

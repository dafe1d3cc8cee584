use clap::ValueEnum;
use dabnet_graph::{Canvas, Look, Preprocessing};
use dabnet_sketch::Augmentation;
use serde::{Deserialize, Serialize};

/// Default line width in pixels.
const LINE_PIXELS: f32 = 2.56;

/// Name of a preprocessing that training offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NamedLook {
    /// Lines drawn on the canvas; rasters are traced first
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

impl NamedLook {
    /// Name of a look. Leaves the normalization open.
    pub(super) fn of(look: Look) -> Self {
        match look {
            Look::Lines => Self::Lines,
            Look::Pixels => Self::Pixels,
            Look::Paper => Self::PaperTuBerlin,
            Look::Bitmap => Self::Bitmap,
        }
    }

    /// Preprocessing of this name. Takes size, line width and margin of the canvas where the look leaves them
    /// open; the normalization never is.
    pub(crate) fn preprocessing(self, canvas: Canvas) -> Preprocessing {
        match self {
            Self::Lines => Preprocessing::lines(canvas),
            Self::Pixels => Preprocessing::new(Look::Pixels, canvas),
            Self::PaperTuBerlin => Preprocessing::paper_tu_berlin(canvas.side),
            Self::PaperSketchy => Preprocessing::paper_sketchy(canvas.side),
            Self::Bitmap => Preprocessing::bitmap(),
        }
    }

    /// Default line width and margin, as fractions of the side.
    pub(crate) fn line_and_margin(self, side: usize, margin: f32) -> [f32; 2] {
        let line_width = LINE_PIXELS / side as f32;
        let Canvas { line_width, margin, .. } =
            self.preprocessing(Canvas { side, line_width, margin, mean: 0.0, std: 1.0 }).canvas;
        [line_width, margin]
    }

    /// True if the look decides the augmentation.
    pub(super) fn varies_by_itself(self) -> bool {
        match self {
            Self::Lines | Self::Pixels => false,
            Self::PaperTuBerlin | Self::PaperSketchy | Self::Bitmap => true,
        }
    }

    /// Augmentation under this look: as published, where the look is.
    pub(super) fn augment(self, augment: Augmentation) -> Augmentation {
        match self {
            Self::PaperTuBerlin => Augmentation::none().with_flip(0.5),
            Self::PaperSketchy => Augmentation::none(),
            Self::Lines | Self::Pixels | Self::Bitmap => augment,
        }
    }
}

use std::{
    io::{self, Write},
    path::PathBuf,
    str::FromStr,
};

use clap::Args;
use dabnet_container::replace_file;
use dabnet_data::{Dataset, epoch_order, random_stream};
use dabnet_graph::{Canvas, Preprocessing};
use dabnet_report::{ContactSheet, SheetCell};
use dabnet_sketch::{
    Augmentation, Drawing, Preprocess, PublishedPreprocessing, Raster, rasterize, resampled,
};
use image::RgbImage;

use super::import::PartArg;
use crate::{
    data::LoadedData,
    error::{CliError, ExitCode},
    output::{ReplaceArgs, check_png},
};

/// Number of variants of each sketch, beside the sketch itself.
const VARIANTS: usize = 8;
/// Side of the published preprocessing in pixels, whatever the size of the cells.
const PUBLISHED: usize = 225;

/// Draw sketches side by side into a picture, as they are or augmented.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet data render tu-berlin -o sheet.png
  dabnet data render quickdraw -o cats.png --class cat --count 100
  dabnet data render quickdraw -o changes.png --augment all
  dabnet data render tu-berlin -o paper.png --augment paper --count 6")]
pub(crate) struct RenderArgs {
    /// Data set, or anything that can be imported
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// PNG file to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    replace: ReplaceArgs,

    /// Number of sketches to draw [default: 80; with --augment 8, or 1 for each of several changes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2000))]
    count: Option<u16>,

    /// Number of sketches in a row, without --augment
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    columns: u16,

    /// Side of each sketch in pixels
    #[arg(long, default_value_t = 112, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(16..=512))]
    side: u16,

    /// Draw only sketches of this class; may be given more than once
    #[arg(long, value_name = "WORD")]
    class: Vec<String>,

    /// Draw only sketches of this part
    #[arg(long, value_name = "PART")]
    part: Option<PartArg>,

    /// Show the augmentation of each sketch: all, paper, ten-crop, bitmap, or names of changes with commas between them
    #[arg(long, value_name = "CHANGES", value_delimiter = ',')]
    augment: Vec<String>,

    /// Draw the traced lines of rasters, as recognition does, in place of their pixels
    #[arg(long)]
    lines: bool,

    /// Seed of the choice and the augmentation of sketches
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
}

/// Augmentations that do nothing to pixels.
const STROKES_ONLY: [&str; 5] = ["drift", "drop", "remove", "partial", "bend"];

/// An augmentation to show.
#[derive(Clone, Copy)]
enum AugmentPreview {
    Named(&'static str, Augmentation),
    /// The published preprocessing for training.
    Paper,
    /// The published crops for testing.
    TenCrop,
    /// Quick, Draw!'s own 28 × 28 pixels.
    Bitmap,
}

impl FromStr for AugmentPreview {
    type Err = CliError;

    fn from_str(name: &str) -> Result<Self, CliError> {
        match name {
            "paper" => return Ok(Self::Paper),
            "ten-crop" => return Ok(Self::TenCrop),
            "bitmap" => return Ok(Self::Bitmap),
            _ => {}
        }
        let known = Augmentation::NAMES.into_iter().find(|known| *known == name);
        known.and_then(|name| Some(Self::Named(name, Augmentation::named(name)?))).ok_or_else(|| {
            let names = Augmentation::NAMES.join(", ");
            CliError::Input(format!(
                "no change is called '{name}': give all, paper, ten-crop, bitmap, {names}"
            ))
        })
    }
}

impl AugmentPreview {
    fn name(self) -> &'static str {
        match self {
            Self::Named(name, _) => name,
            Self::Paper => "paper",
            Self::TenCrop => "ten-crop",
            Self::Bitmap => "bitmap",
        }
    }

    fn variants(self) -> usize {
        match self {
            Self::TenCrop => 10,
            Self::Bitmap => 1,
            Self::Named(..) | Self::Paper => VARIANTS,
        }
    }
}

impl RenderArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        check_png(&self.out)?;
        self.replace.check(&self.out, "-o")?;
        let changes = self.changes()?;
        let data = LoadedData::open(&self.data)?;
        let default = match changes.len() {
            0 => 80,
            1 => 8,
            _ => 1,
        };
        let chosen = self.choose(&data.set, self.count.unwrap_or(default).into())?;
        let sheet = if changes.is_empty() {
            self.overview(&data.set, &chosen)?
        } else {
            self.varied(&data.set, &chosen, &changes)?
        };
        replace_file(&self.out, &sheet.to_png()).map_err(|error| CliError::write(&self.out, &error))?;
        let (count, plural) = (chosen.len(), if chosen.len() == 1 { " is" } else { "es are" });
        writeln!(io::stdout(), "{count} sketch{plural} drawn in {}", self.out.display())?;
        Ok(ExitCode::SUCCESS)
    }

    fn changes(&self) -> Result<Vec<AugmentPreview>, CliError> {
        if self.augment.iter().any(|name| name == "all") {
            return Augmentation::NAMES
                .iter()
                .filter(|name| **name != "none")
                .map(|name| name.parse())
                .collect();
        }
        self.augment.iter().map(|name| name.parse()).collect()
    }

    /// Random sketches, in the order of their classes.
    fn choose(&self, data: &Dataset, count: usize) -> Result<Vec<usize>, CliError> {
        let place = |word: &String| data.labels().iter().position(|label| label == word);
        let classes = self
            .class
            .iter()
            .map(|word| {
                place(word).ok_or_else(|| {
                    CliError::Input(format!(
                        "no class is called '{word}': `dabnet data inspect --classes` lists them"
                    ))
                })
            })
            .collect::<Result<Vec<usize>, _>>()?;
        let parts = data.parts()?;
        let part = self.part.map(Into::into);
        let mut chosen = Vec::new();
        for index in epoch_order(data.len(), self.seed, 0) {
            let label = data.label(index)?;
            let wanted = classes.is_empty() || label.is_some_and(|label| classes.contains(&label));
            if wanted && part.is_none_or(|part| parts[index] == part) {
                chosen.push((label, index));
            }
            if chosen.len() == count {
                break;
            }
        }
        if chosen.is_empty() {
            return Err(CliError::Input(
                "there is no such sketch: give another class, or part (`dabnet data split` makes them)"
                    .to_owned(),
            ));
        }
        chosen.sort_unstable();
        Ok(chosen.into_iter().map(|(_, index)| index).collect())
    }

    fn overview(&self, data: &Dataset, chosen: &[usize]) -> Result<ContactSheet, CliError> {
        let columns = usize::from(self.columns).min(chosen.len());
        let mut sheet = ContactSheet::new(self.side.into(), columns, chosen.len().div_ceil(columns), 0);
        for (at, index) in chosen.iter().enumerate() {
            let sketch = data.sketch(*index)?;
            sheet.set_cell(
                at % columns,
                at / columns,
                &self.plain(&sketch.drawing)?,
                &sketch.word.unwrap_or_default(),
            );
        }
        Ok(sheet)
    }

    fn varied(
        &self,
        data: &Dataset,
        chosen: &[usize],
        changes: &[AugmentPreview],
    ) -> Result<ContactSheet, CliError> {
        let columns = 1 + changes.iter().map(|change| change.variants()).max().unwrap_or(0);
        let heading = changes.iter().map(|change| change.name().len()).max().unwrap_or(0);
        let mut sheet = ContactSheet::new(self.side.into(), columns, chosen.len() * changes.len(), heading);
        let mut row = 0;
        for index in chosen {
            let sketch = data.sketch(*index)?;
            for change in changes {
                sheet.set_heading(row, change.name());
                sheet.set_cell(
                    0,
                    row,
                    &self.plain(&sketch.drawing)?,
                    sketch.word.as_deref().unwrap_or_default(),
                );
                for (column, ink) in self.variants(*change, &sketch.drawing, *index).into_iter().enumerate() {
                    sheet.set_cell(column + 1, row, &SheetCell::Ink(ink), "");
                }
                row += 1;
            }
        }
        Ok(sheet)
    }

    /// The sketch as it is.
    fn plain(&self, drawing: &Drawing) -> Result<SheetCell, CliError> {
        Ok(match drawing {
            Drawing::Raster(raster) if !self.lines => SheetCell::Ink(resampled(raster, self.side.into())),
            Drawing::Picture(picture) if !self.lines => {
                let (width, height) = (picture.width() as u32, picture.height() as u32);
                let colors = RgbImage::from_raw(width, height, picture.rgb().to_vec());
                colors.map_or_else(|| SheetCell::Ink(Vec::new()), SheetCell::Rgb)
            }
            other => SheetCell::Ink(rasterize(other, &self.canvas())),
        })
    }

    fn variants(&self, change: AugmentPreview, drawing: &Drawing, index: usize) -> Vec<Vec<u8>> {
        let mut rng = random_stream(self.seed, 1, 0, index);
        let paper = PublishedPreprocessing::new(PUBLISHED);
        let shown = |ink: Vec<u8>| {
            let raster = Raster::new(ink.len().isqrt(), ink.len().isqrt(), ink);
            raster.map(|raster| resampled(&raster, self.side.into())).unwrap_or_default()
        };
        match change {
            AugmentPreview::Paper => {
                (0..VARIANTS).map(|_| shown(paper.random_crop(drawing, true, &mut rng))).collect()
            }
            AugmentPreview::TenCrop => paper.ten_crop(drawing).into_iter().map(shown).collect(),
            AugmentPreview::Bitmap => vec![shown(Preprocessing::bitmap().ink(drawing))],
            AugmentPreview::Named(name, augment) => {
                let strokes = drawing.to_strokes();
                let canvas = self.canvas();
                // What is done to strokes only is shown on the lines found in pixels.
                let lines = self.lines || STROKES_ONLY.contains(&name);
                let mut vary = || match drawing {
                    Drawing::Raster(raster) if !lines => augment.raster(raster, &canvas, &mut rng),
                    Drawing::Picture(picture) if !lines => {
                        augment.raster(&picture.to_raster(), &canvas, &mut rng)
                    }
                    _ => augment.apply(&strokes, &canvas, &mut rng),
                };
                (0..VARIANTS).map(|_| vary()).collect()
            }
        }
    }

    fn canvas(&self) -> Canvas {
        Canvas { line_width: 0.014, ..Canvas::to_measure(self.side.into()) }
    }
}

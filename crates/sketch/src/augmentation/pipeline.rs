use std::borrow::Cow;

use dabnet_graph::{Canvas, Look, Preprocessing};
use rand::Rng;

use super::presets::Augmentation;
use crate::bitmap::simplified;
use crate::planes::draw_visible;
use crate::published::SHEET;
use crate::{Drawing, Preprocess, PublishedPreprocessing, Raster, quickdraw_bitmap};

/// Augmentation followed by a model's preprocessing: from a drawing to a training input.
///
/// ```
/// use dabnet_graph::{Canvas, Preprocessing};
/// use dabnet_sketch::{Augmentation, Drawing, Stroke, TrainingPipeline};
/// use rand::SeedableRng;
///
/// let pipeline = TrainingPipeline {
///     preprocessing: Preprocessing::lines(Canvas::to_measure(32)),
///     augmentation: Augmentation::light(),
/// };
/// let line = Drawing::Strokes(vec![Stroke::new(vec![[0.0, 0.0], [3.0, 4.0]])]);
/// let input = pipeline.augmented(&line, &mut rand_pcg::Pcg64::seed_from_u64(1));
/// assert_eq!(input.len(), 32 * 32);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingPipeline {
    /// Preprocessing that is stored with the model.
    pub preprocessing: Preprocessing,
    /// Random changes made before it. [`Look::Paper`] is varied as published, and mirrored if this says that anything is;
    /// [`Look::Bitmap`] never is.
    pub augmentation: Augmentation,
}

impl TrainingPipeline {
    /// Network input of a randomly changed drawing, as [`Preprocess::apply`] gives it.
    ///
    /// The lines of a raster are found each time: import them as lines where that is to be
    /// quick.
    pub fn augmented(&self, drawing: &Drawing, rng: &mut impl Rng) -> Vec<f32> {
        let Self { preprocessing, augmentation } = self;
        let canvas = &preprocessing.canvas;
        let ink = match (preprocessing.look, drawing) {
            (Look::Bitmap, _) => preprocessing.ink(drawing),
            (Look::Paper, _) => {
                PublishedPreprocessing::new(canvas.side).random_crop(drawing, augmentation.flip > 0.0, rng)
            }
            (Look::Pixels, Drawing::Raster(raster)) => augmentation.raster(raster, canvas, rng),
            (Look::Pixels, Drawing::Picture(picture)) => {
                augmentation.raster(&picture.to_raster(), canvas, rng)
            }
            (Look::Lines | Look::Pixels, _) => {
                augmentation.planes(&drawing.to_strokes(), canvas, preprocessing.channels, rng)
            }
        };
        preprocessing.normalized(&ink)
    }

    /// Input of another network, of preprocessing `theirs`, for the drawing that [`augmented`](Self::augmented)
    /// makes with an `rng` of the same state.
    ///
    /// The drawing is varied once, as this view does, and then looked at in the other way:
    /// - what turns, bends and places it is the same for all, and and so are changes of single strokes where both see
    ///   strokes. A raster that one of both sees as pixels keeps all its strokes for the other.
    /// - [`Look::Bitmap`] puts a drawing in a place and draws it with a line of its own; it shows turned and bent
    ///   strokes, neither moved nor cut.
    /// - A view of [`Look::Bitmap`] varies nothing, and the other sees the drawing as it is.
    /// - A view of [`Look::Paper`] varies a picture, and the other sees that, of 256 pixels.
    pub fn augmented_for(
        &self,
        theirs: &Preprocessing,
        drawing: &Drawing,
        rng: &(impl Rng + Clone),
    ) -> Vec<f32> {
        let flip = self.augmentation.flip > 0.0;
        let paper = |side| PublishedPreprocessing::new(side).random_crop(drawing, flip, &mut rng.clone());
        let ink = match (self.preprocessing.look, theirs.look) {
            _ if *theirs == self.preprocessing => return self.augmented(drawing, &mut rng.clone()),
            (Look::Bitmap, _) => theirs.planes(drawing),
            (Look::Paper, Look::Paper) => paper(theirs.canvas.side),
            (Look::Paper, _) => theirs.planes(&Drawing::Raster(Raster::square(SHEET, paper(SHEET)))),
            (Look::Lines | Look::Pixels, _) => self.ink_for(theirs, drawing, rng),
        };
        theirs.normalized(&ink)
    }

    /// Ink, or planes of it, of a drawing that [`Augmentation`] varies.
    fn ink_for(&self, theirs: &Preprocessing, drawing: &Drawing, rng: &(impl Rng + Clone)) -> Vec<u8> {
        let sheet = Canvas::to_measure(SHEET);
        let canvas = if theirs.look == Look::Paper { &sheet } else { &theirs.canvas };
        let raster = pixels(theirs.look, drawing);
        let ink = match (raster, pixels(self.preprocessing.look, drawing).is_some()) {
            (Some(raster), true) => self.augmentation.raster(&raster, canvas, &mut rng.clone()),
            (Some(raster), false) => {
                let shape = self.augmentation.shape(&mut rng.clone());
                let mut rng = rng.clone();
                self.augmentation.strokes(&drawing.to_strokes(), &mut rng);
                self.augmentation.shaped(&raster, canvas, &shape, &self.augmentation.placement(&mut rng))
            }
            (None, seen_as_pixels) => {
                let augmentation =
                    if seen_as_pixels { self.augmentation.of_the_whole() } else { self.augmentation };
                let mut rng_of_strokes = rng.clone();
                let strokes = augmentation.strokes(&drawing.to_strokes(), &mut rng_of_strokes);
                if theirs.look == Look::Bitmap {
                    return quickdraw_bitmap(&simplified(&strokes)).to_vec();
                }
                let placement = if seen_as_pixels {
                    let mut rng = rng.clone();
                    self.augmentation.shape(&mut rng);
                    self.augmentation.placement(&mut rng)
                } else {
                    augmentation.placement(&mut rng_of_strokes)
                };
                draw_visible(&strokes, canvas, &placement, theirs.channels)
            }
        };
        match theirs.look {
            Look::Paper => {
                PublishedPreprocessing::new(theirs.canvas.side).center_of_sheet(&Raster::square(SHEET, ink))
            }
            Look::Lines | Look::Pixels | Look::Bitmap => ink,
        }
    }
}

impl Augmentation {
    /// The changes that are made to all strokes alike.
    fn of_the_whole(self) -> Self {
        Self { drift: 0.0, drop: 0.0, remove: 0.0, partial: 0.0, bend: 0.0, ..self }
    }
}

/// The raster that a look shows as it is.
fn pixels(look: Look, drawing: &Drawing) -> Option<Cow<'_, Raster>> {
    match (look, drawing) {
        (Look::Lines, _) | (_, Drawing::Strokes(_)) => None,
        (_, Drawing::Raster(raster)) => Some(Cow::Borrowed(raster)),
        (_, Drawing::Picture(picture)) => Some(Cow::Owned(picture.to_raster())),
    }
}

#[cfg(test)]
mod tests {
    use rand_pcg::Pcg64;

    use super::*;
    use crate::Stroke;

    const LOOKS: [fn(usize) -> Preprocessing; 4] = [
        |side| Preprocessing::lines(canvas(side)),
        |side| Preprocessing::new(Look::Pixels, canvas(side)),
        |_| Preprocessing::paper_sketchy(224),
        |_| Preprocessing::bitmap(),
    ];

    const fn canvas(side: usize) -> Canvas {
        Canvas { margin: 0.0, ..Canvas::to_measure(side) }
    }

    /// An L, which no turn or mirror leaves as it is.
    fn strokes() -> Drawing {
        let points = [[0.0, 0.0], [0.0, 255.0], [140.0, 255.0]];
        Drawing::Strokes(vec![Stroke::new(points.to_vec()), Stroke::new(vec![[90.0, 30.0], [140.0, 60.0]])])
    }

    fn raster() -> Drawing {
        let canvas = Canvas { margin: 0.0, ..Canvas::to_measure(128) };
        Drawing::Raster(Raster::square(128, Preprocessing::lines(canvas).ink(&strokes())))
    }

    fn view(look: fn(usize) -> Preprocessing, augmentation: Augmentation) -> TrainingPipeline {
        TrainingPipeline { preprocessing: look(64), augmentation }
    }

    /// The middle of the ink in each of x and y, as shares of the side.
    fn middle(values: &[f32]) -> [f64; 2] {
        let side = values.len().isqrt();
        let least = values.iter().copied().fold(f32::INFINITY, f32::min);
        let mut sums = [0.0; 3];
        for (at, value) in values.iter().enumerate() {
            let ink = f64::from(value - least);
            let place = [at % side, at / side].map(|place| (place as f64 + 0.5) / side as f64);
            sums = [sums[0] + ink * place[0], sums[1] + ink * place[1], sums[2] + ink];
        }
        [sums[0] / sums[2], sums[1] / sums[2]]
    }

    fn rng(index: usize) -> Pcg64 {
        Pcg64::new(7, (1 << 120) | (1 << 60) | index as u128)
    }

    #[test]
    fn who_sees_alike_sees_the_same() {
        for drawing in [strokes(), raster()] {
            for look in LOOKS {
                let view = view(look, Augmentation::strong());
                for index in 0..4 {
                    let seen = view.augmented(&drawing, &mut rng(index));
                    assert_eq!(view.augmented_for(&view.preprocessing, &drawing, &rng(index)), seen);
                }
            }
        }
    }

    /// Ink lies where it lies for the student: it is the same sketch, turned and moved alike.
    #[test]
    fn others_see_the_same_sketch() {
        let moved = Augmentation { rotation: 0.6, flip: 0.5, zoom: 0.6, ..Augmentation::none() };
        for drawing in [strokes(), raster()] {
            for ours in LOOKS {
                let view = view(ours, moved);
                for theirs in LOOKS.map(|look| look(96)) {
                    // These put a drawing in the middle, or show less of it, and differ in where that is.
                    let looks = [view.preprocessing.look, theirs.look];
                    let placed = looks.iter().any(|look| [Look::Bitmap, Look::Paper].contains(look));
                    let mut sides = [0; 2];
                    for index in 0..12 {
                        let ours = middle(&view.augmented(&drawing, &mut rng(index)));
                        let seen = view.augmented_for(&theirs, &drawing, &rng(index));
                        assert_eq!(seen.len(), theirs.canvas.side * theirs.canvas.side);
                        let theirs_at = middle(&seen);
                        if ours[0].is_nan() {
                            // A part of a sheet without ink.
                            assert!(theirs_at[0].is_nan(), "ink for {theirs} alone");
                            continue;
                        }
                        let apart = (ours[0] - theirs_at[0]).hypot(ours[1] - theirs_at[1]);
                        let most = match (&drawing, placed) {
                            (_, true) => 0.5,
                            // Lines found in a raster are fitted, its pixels are not.
                            (Drawing::Raster(_), _) if looks[0] != looks[1] => 0.15,
                            _ => 0.06,
                        };
                        assert!(
                            apart < most,
                            "{} for {} {index}: {ours:?} and {theirs_at:?}",
                            view.preprocessing,
                            theirs
                        );
                        sides[usize::from(theirs_at[0] < 0.5)] += 1;
                    }
                    if view.preprocessing.look != Look::Bitmap {
                        assert!(sides.iter().all(|count| *count > 0), "never mirrored: {theirs}");
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_sees_a_varied_bitmap() {
        let view = view(LOOKS[3], Augmentation::strong());
        for theirs in LOOKS.map(|look| look(48)) {
            assert_eq!(view.augmented_for(&theirs, &strokes(), &rng(0)), theirs.apply(&strokes()));
        }
    }

    #[test]
    fn others_may_see_more_of_the_same_lines() {
        let view = view(LOOKS[0], Augmentation::strong());
        let order = view.preprocessing.with_channels(dabnet_graph::Channels::Order);
        let theirs = TrainingPipeline { preprocessing: order, ..view };
        for index in 0..4 {
            let seen = view.augmented_for(&order, &strokes(), &rng(index));
            assert_eq!(seen, theirs.augmented(&strokes(), &mut rng(index)));
            let whole = view.augmented(&strokes(), &mut rng(index));
            assert!(seen.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 0.01));
            assert_eq!(theirs.augmented_for(&view.preprocessing, &strokes(), &rng(index)), whole);
        }
    }

    #[test]
    fn strokes_that_are_dropped_are_dropped_for_all() {
        let dropping = Augmentation { drop: 1.0, ..Augmentation::none() };
        let view = view(LOOKS[0], dropping);
        let ink = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let whole = LOOKS[1](96).apply(&strokes());
        for index in 0..4 {
            let seen = view.augmented_for(&LOOKS[1](96), &strokes(), &rng(index));
            assert!((ink(&seen) - ink(&whole)).abs() > 0.001);
        }
    }
}

use crate::placement::bounds;
use crate::rasterize::DistanceField;
use crate::{Point, Stroke};

/// Width and height of a bitmap, in pixels.
const SIDE: usize = 28;
/// Width and height of what *Quick, Draw!* draws on.
const ORIGINAL: f32 = 256.0;
/// Diameter of the line, in the units of the drawing.
const LINE: f32 = 16.0;
/// Room on every side: a padding of 16 and half a line.
const PADDING: f32 = 24.0;
/// Pixels drawn for each one of the bitmap, each way, so that their average is exact enough.
const FINER: usize = 8;
/// The sum of what is drawn for a pixel of the bitmap that is all ink.
const MOST: f32 = (255 * FINER * FINER) as f32;

/// Strokes of a simplified *Quick, Draw!* drawing as its own 28 × 28 bitmap, row by row, 0 paper
/// and 255 ink.
///
/// The recipe is the one that the data set's makers gave (`quickdraw-dataset`, issue 19): points
/// from 0 to 255 are moved so that half of what they leave free to the right and below comes to lie
/// on the left and above; lines 16 wide with round ends and corners; 24 around; one stroke over the
/// other, anti-aliased. Points that are not finite are left
/// out, and those outside are brought to the edge.
pub fn quickdraw_bitmap(strokes: &[Stroke]) -> [u8; SIDE * SIDE] {
    let mut ink = [0.0; SIDE * SIDE];
    let points = strokes.iter().flat_map(Stroke::drawable).map(near);
    let Some(corner) = points.reduce(|a, b| [a[0].max(b[0]), a[1].max(b[1])]) else {
        return [0; SIDE * SIDE];
    };
    let scale = (SIDE * FINER) as f32 / (ORIGINAL + 2.0 * PADDING);
    let place = |point: Point| {
        let point = near(point);
        [0, 1].map(|axis| (point[axis] + (ORIGINAL - corner[axis]) / 2.0 + PADDING) * scale)
    };
    for stroke in strokes {
        // Ink over ink: what the strokes leave free is the product of what each leaves.
        for (ink, over) in ink.iter_mut().zip(coverage(stroke, place, LINE * scale)) {
            *ink += (1.0 - *ink) * over;
        }
    }
    ink.map(|ink| (ink * 255.0).round() as u8)
}

/// Strokes from 0 to 255 on their longer side, as those of simplified *Quick, Draw!* drawings are: these stay as
/// they are, and drawings in other units become like them.
pub(crate) fn simplified(strokes: &[Stroke]) -> Vec<Stroke> {
    let Some([low, high]) = bounds(strokes) else { return Vec::new() };
    let size = (high[0] - low[0]).max(high[1] - low[1]).max(f64::MIN_POSITIVE);
    let fitted = |stroke: &Stroke| {
        let place =
            |point: [f32; 2]| [0, 1].map(|axis| ((f64::from(point[axis]) - low[axis]) * 255.0 / size) as f32);
        Stroke::new(stroke.drawable().map(place).collect())
    };
    strokes.iter().map(fitted).collect()
}

/// The nearest position on the drawing.
fn near(point: Point) -> Point {
    point.map(|c| c.clamp(0.0, ORIGINAL))
}

/// Returns the share of each pixel that a stroke covers.
fn coverage(stroke: &Stroke, place: impl Fn(Point) -> Point, width: f32) -> [f32; SIDE * SIDE] {
    let side = SIDE * FINER;
    let mut field = DistanceField::new(side, width);
    field.draw_stroke(stroke, place, ());
    let (mut covered, ink) = ([0.0; SIDE * SIDE], field.ink());
    for (row, finer) in covered.chunks_exact_mut(SIDE).zip(ink.chunks_exact(FINER * side)) {
        let mut sums = [0_u32; SIDE];
        for line in finer.chunks_exact(side) {
            for (sum, pixels) in sums.iter_mut().zip(line.as_chunks::<FINER>().0) {
                *sum += pixels.iter().map(|pixel| u32::from(*pixel)).sum::<u32>();
            }
        }
        row.iter_mut().zip(sums).for_each(|(covered, sum)| *covered = sum as f32 / MOST);
    }
    covered
}

use crate::skeleton::Skeleton;
use crate::{Point, Raster, Stroke};

/// Largest distance of a point from the line that replaces it, in pixels of the skeleton.
const TOLERANCE: f32 = 0.5;

impl Raster {
    /// The lines of the drawing, in pixels, whatever their width.
    ///
    /// Ink is separated from paper by Otsu's threshold, brought to a working size of 256 to 512
    /// pixels, thinned to one pixel, and followed from end to end. A filled area is thinned like
    /// any line, so what is left of it is its medial axis. No ink gives no strokes. The order
    /// of the strokes says nothing about how the sketch was drawn.
    pub fn to_strokes(&self) -> Vec<Stroke> {
        Skeleton::of(self).map(|skeleton| trace(&skeleton)).unwrap_or_default()
    }
}

/// Follows the lines of a skeleton from end to end; the strokes are in raster pixels.
fn trace(skeleton: &Skeleton) -> Vec<Stroke> {
    let mut walker = SkeletonWalker::new(skeleton, skeleton.ink.clone());
    let chains = walker.chains();
    let pruned = without_spurs(skeleton, &walker, &chains);
    let chains = match pruned {
        Some(ink) => SkeletonWalker::new(skeleton, ink).chains(),
        None => chains,
    };
    chains.iter().map(|chain| smooth(skeleton, chain)).collect()
}

/// Thinning a thick line leaves whiskers about as long as half its width; removes them.
fn without_spurs(skeleton: &Skeleton, walker: &SkeletonWalker, chains: &[Vec<usize>]) -> Option<Vec<bool>> {
    let mut ink = skeleton.ink.clone();
    let mut changed = false;
    for chain in chains {
        let (first, last) = (walker.degree(chain[0]), walker.degree(chain[chain.len() - 1]));
        let whisker = first.min(last) == 1 && first.max(last) > 2;
        if !whisker || chain.len() as f32 > skeleton.line_width / 2.0 + 1.0 {
            continue;
        }
        for pixel in chain.iter().filter(|pixel| walker.degree(**pixel) <= 2) {
            ink[*pixel] = false;
            changed = true;
        }
    }
    changed.then_some(ink)
}

/// Walks over ink from pixel to pixel, every step once.
struct SkeletonWalker<'a> {
    skeleton: &'a Skeleton,
    ink: Vec<bool>,
    /// For each pixel, one bit for each direction already taken.
    taken: Vec<u8>,
}

impl<'a> SkeletonWalker<'a> {
    fn new(skeleton: &'a Skeleton, ink: Vec<bool>) -> Self {
        let taken = vec![0; ink.len()];
        Self { skeleton, ink, taken }
    }

    /// Every line from an end or a crossing to the next, then closed loops, then lone pixels.
    fn chains(&mut self) -> Vec<Vec<usize>> {
        let pixels: Vec<usize> = (0..self.ink.len()).filter(|pixel| self.ink[*pixel]).collect();
        let mut chains = Vec::new();
        let ends = pixels.iter().filter(|pixel| self.degree(**pixel) != 2);
        let starts: Vec<usize> = ends.chain(&pixels).copied().collect();
        for start in starts {
            while let Some(direction) = self.open_direction(start) {
                chains.push(self.walk(start, direction));
            }
        }
        chains.extend(pixels.iter().filter(|pixel| self.degree(**pixel) == 0).map(|pixel| vec![*pixel]));
        chains
    }

    fn walk(&mut self, start: usize, direction: usize) -> Vec<usize> {
        let mut chain = vec![start];
        let mut at = self.step(start, direction);
        loop {
            chain.push(at);
            if at == start || self.degree(at) != 2 {
                return chain;
            }
            match self.open_direction(at) {
                Some(direction) => at = self.step(at, direction),
                None => return chain,
            }
        }
    }

    fn step(&mut self, pixel: usize, direction: usize) -> usize {
        let next = self.skeleton.around(pixel)[direction];
        self.taken[pixel] |= 1 << direction;
        self.taken[next] |= 1 << ((direction + 4) % 8);
        next
    }

    fn open_direction(&self, pixel: usize) -> Option<usize> {
        let open = self.directions(pixel) & !self.taken[pixel];
        (open != 0).then(|| open.trailing_zeros() as usize)
    }

    fn degree(&self, pixel: usize) -> u32 {
        self.directions(pixel).count_ones()
    }

    /// The neighbors that a line leads to, one bit for each. A diagonal one counts only where
    /// no straight step leads there too, or every corner would look like a crossing.
    fn directions(&self, pixel: usize) -> u8 {
        let ink = self.skeleton.around(pixel).map(|other| self.ink[other]);
        let leads = |d: usize| ink[d] && (d.is_multiple_of(2) || !(ink[d - 1] || ink[(d + 1) % 8]));
        (0..8).filter(|d| leads(*d)).fold(0, |bits, d| bits | 1 << d)
    }
}

/// A chain of pixels as a line without the pixels' stairs.
fn smooth(skeleton: &Skeleton, chain: &[usize]) -> Stroke {
    let mut points: Vec<Point> = chain.iter().map(|pixel| skeleton.position(*pixel)).collect();
    for _ in 0..2 {
        let before = points.clone();
        for (point, near) in points.iter_mut().skip(1).zip(before.windows(3)) {
            for axis in 0..2 {
                point[axis] = (near[0][axis] + 2.0 * near[1][axis] + near[2][axis]) / 4.0;
            }
        }
    }
    Stroke::new(simplified(&points, TOLERANCE * skeleton.step))
}

/// Ramer, Douglas and Peucker's simplification, without recursion.
fn simplified(points: &[Point], tolerance: f32) -> Vec<Point> {
    let mut keep = vec![false; points.len()];
    let mut spans = vec![(0, points.len() - 1)];
    while let Some((first, last)) = spans.pop() {
        keep[first] = true;
        keep[last] = true;
        let distance = |at: usize| (at, distance(points[at], points[first], points[last]));
        let farthest = (first + 1..last).map(distance).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, distance)) = farthest
            && distance > tolerance
        {
            spans.extend([(first, at), (at, last)]);
        }
    }
    points.iter().zip(keep).filter(|(_, keep)| *keep).map(|(point, _)| *point).collect()
}

/// From a point to the segment between two others.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let (px, py) = (point[0] - from[0], point[1] - from[1]);
    let square = dx * dx + dy * dy;
    let along = if square > 0.0 { ((px * dx + py * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
    (px - along * dx).hypot(py - along * dy)
}

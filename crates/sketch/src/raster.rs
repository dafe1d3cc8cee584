use crate::SketchError;

/// A drawing as pixels: 0 is paper, 255 is full ink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    width: usize,
    height: usize,
    ink: Vec<u8>,
}

impl Raster {
    /// A raster of `width × height` pixels, row by row.
    ///
    /// # Errors
    /// [`SketchError::Raster`] where `ink` is not `width · height` long or empty.
    pub fn new(width: usize, height: usize, ink: Vec<u8>) -> Result<Self, SketchError> {
        if ink.is_empty() || width.checked_mul(height) != Some(ink.len()) {
            return Err(SketchError::Raster { width, height, pixels: ink.len() });
        }
        Ok(Self { width, height, ink })
    }

    /// A square raster, of ink that is known to fill it.
    pub(crate) fn square(side: usize, ink: Vec<u8>) -> Self {
        debug_assert_eq!(ink.len(), side * side);
        Self { width: side, height: side, ink }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The ink, row by row.
    pub fn ink(&self) -> &[u8] {
        &self.ink
    }

    /// The ink at a pixel, and paper outside.
    pub(crate) fn at(&self, x: isize, y: isize) -> u8 {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width && y < self.height => self.ink[y * self.width + x],
            _ => 0,
        }
    }
}

/// Colors in pixels, three bytes each: red, green and blue, from 0 to 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbImage {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl RgbImage {
    /// A picture of `width × height` pixels, row by row, the three bytes of a pixel together.
    ///
    /// # Errors
    /// [`SketchError::Raster`] where `rgb` is not `3 · width · height` long or empty.
    pub fn new(width: usize, height: usize, rgb: Vec<u8>) -> Result<Self, SketchError> {
        let bytes = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(3));
        if rgb.is_empty() || bytes != Some(rgb.len()) {
            return Err(SketchError::Raster { width, height, pixels: rgb.len() / 3 });
        }
        Ok(Self { width, height, rgb })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The colors, row by row, three bytes a pixel.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Converts to ink by darkness, with the weights of ITU-R BT.601: white is paper and black is ink.
    pub fn to_raster(&self) -> Raster {
        let darkness = |pixel: &[u8]| {
            let light = 299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2]);
            255 - ((light + 500) / 1000) as u8
        };
        let ink = self.rgb.chunks_exact(3).map(darkness).collect();
        Raster::new(self.width, self.height, ink).expect("one value for each pixel")
    }
}

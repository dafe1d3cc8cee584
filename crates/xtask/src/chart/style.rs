/// The project's colours; distinct to colour-blind readers, who also have dashes and widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Real weights.
    Full,
    Sign,
    Dab,
    Mean,
    Published,
}

impl Colour {
    pub const fn hex(self) -> &'static str {
        match self {
            Self::Full => "#55575c",
            Self::Sign => "#c04a00",
            Self::Dab => "#0067a8",
            Self::Mean => "#0a8f6c",
            Self::Published => "#8b8f96",
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub colour: Colour,
    pub width: f64,
    /// Lengths of dashes and gaps; empty for a solid line.
    pub dashes: &'static str,
}

impl Style {
    /// Lines drawn later are thinner, so that all show where they coincide.
    pub const SIGN: Self = Self { colour: Colour::Sign, width: 7.0, dashes: "" };
    pub const MEAN: Self = Self { colour: Colour::Mean, width: 4.4, dashes: "" };
    pub const DAB: Self = Self { colour: Colour::Dab, width: 2.0, dashes: "" };
    pub const PUBLISHED: Self = Self { colour: Colour::Published, width: 1.8, dashes: "5 4" };
    pub const FULL: Self = Self { colour: Colour::Full, width: 2.0, dashes: "" };

    pub(super) fn attributes(self) -> String {
        let Self { colour, width, dashes } = self;
        let dashes =
            if dashes.is_empty() { String::new() } else { format!(r#" stroke-dasharray="{dashes}""#) };
        format!(r#"stroke="{}" stroke-width="{width}"{dashes}"#, colour.hex())
    }
}

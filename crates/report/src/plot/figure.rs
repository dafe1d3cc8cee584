use maud::{Markup, PreEscaped, html};

use super::{Axis, PlotArea, coordinate, polyline};

/// Size of a figure and of its parts, in pixels.
const WIDTH: f64 = 940.0;
const LEGEND: f64 = 52.0;
const ROW: f64 = 300.0;
/// Margins around the axes of a panel: left, right, top, bottom.
const MARGIN: [f64; 4] = [66.0, 28.0, 36.0, 52.0];

/// A white card, since the page around it may be dark.
const STYLE: &str = "text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#3c3f44;\
text-anchor:middle}.axes text,.note{font-size:12px;fill:#55575c}.axes .axis-title{font-size:13px;fill:#3c3f44}\
.legend,.title{text-anchor:start}.title{font-weight:600;font-size:14px;fill:#1f2328}.left,.note{text-anchor:end}\
.grid{stroke:#e3e5e8}.axis,.tick{stroke:#8b8f96}";

/// A figure as an SVG file: panels in rows under a common legend.
///
/// ```
/// use dabnet_report::plot::{Axis, Figure, LineStyle, Panel, Series};
///
/// let panel = Panel {
///     title: "A line".into(),
///     x: Axis::linear("n", 0.0, 4.0, 1.0),
///     y: Axis::linear("n²", 0.0, 16.0, 4.0),
///     series: vec![Series::line(LineStyle::DAB, (0..5).map(|n| (f64::from(n), f64::from(n * n))))],
///     notes: Vec::new(),
/// };
/// let legend = vec![(LineStyle::DAB, "squares")];
/// let figure = Figure { description: "Squares".into(), legend, columns: 1, panels: vec![panel] };
/// assert!(figure.svg().starts_with("<svg"));
/// ```
#[derive(Clone, Debug)]
pub struct Figure {
    /// Description for screen readers.
    pub description: String,
    /// Line styles and their meanings.
    pub legend: Vec<(LineStyle, &'static str)>,
    /// Panels in a row.
    pub columns: usize,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
}

/// A chart of a figure: two axes and the series drawn between them.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Title above the chart.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Series, the later above the earlier.
    pub series: Vec<Series>,
    /// Texts that end to the left of a point `(x, y)`.
    pub notes: Vec<(f64, f64, String)>,
}

/// Points drawn in one style, as a line or as dots.
#[derive(Clone, Debug)]
pub struct Series {
    style: LineStyle,
    is_line: bool,
    points: Vec<(f64, f64)>,
}

/// Color of a series, the same for a scheme in every figure. Color-blind readers tell them apart by widths and
/// dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesColor {
    /// Real weights.
    Full,
    /// The scheme `sign`.
    Sign,
    /// The scheme `dab`.
    Dab,
    /// The scheme `mean`.
    Mean,
    /// The scheme `dab-published`.
    Published,
}

/// Color, width and dashes of a line.
#[derive(Clone, Copy, Debug)]
pub struct LineStyle {
    /// Color.
    pub color: SeriesColor,
    /// Width in pixels.
    pub width: f64,
    /// Lengths of dashes and gaps; empty for a solid line.
    pub dashes: &'static str,
}

impl LineStyle {
    /// Style of `sign`. Lines drawn later are thinner, so that all show where they coincide.
    pub const SIGN: Self = Self { color: SeriesColor::Sign, width: 7.0, dashes: "" };
    /// Style of `mean`.
    pub const MEAN: Self = Self { color: SeriesColor::Mean, width: 4.4, dashes: "" };
    /// Style of `dab`.
    pub const DAB: Self = Self { color: SeriesColor::Dab, width: 2.0, dashes: "" };
    /// Style of `dab-published`.
    pub const PUBLISHED: Self = Self { color: SeriesColor::Published, width: 1.8, dashes: "5 4" };
    /// Style of real weights.
    pub const FULL: Self = Self { color: SeriesColor::Full, width: 2.0, dashes: "" };

    /// A path drawn in this style.
    fn path(self, d: &str) -> Markup {
        let dashes = Some(self.dashes).filter(|dashes| !dashes.is_empty());
        html! { path fill="none" stroke=(self.color.hex()) stroke-width=(self.width) stroke-dasharray=[dashes] d=(d) {} }
    }
}

impl SeriesColor {
    const fn hex(self) -> &'static str {
        match self {
            Self::Full => "#55575c",
            Self::Sign => "#c04a00",
            Self::Dab => "#0067a8",
            Self::Mean => "#0a8f6c",
            Self::Published => "#8b8f96",
        }
    }
}

impl Series {
    /// A line through points.
    pub fn line(style: LineStyle, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { style, is_line: true, points: points.into_iter().collect() }
    }

    /// A dot at every point.
    pub fn dots(style: LineStyle, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { style, is_line: false, points: points.into_iter().collect() }
    }

    fn markup(&self, place: impl Fn((f64, f64)) -> (f64, f64)) -> Markup {
        let places = self.points.iter().copied().map(place);
        html! {
            @if self.is_line {
                (self.style.path(&polyline(places)))
            } @else {
                g fill=(self.style.color.hex()) fill-opacity=".75" {
                    @for (x, y) in places { circle cx=(coordinate(x)) cy=(coordinate(y)) r="4" {} }
                }
            }
            "\n"
        }
    }
}

impl Figure {
    /// The figure as an SVG document.
    pub fn svg(&self) -> String {
        let height = LEGEND + ROW * self.panels.len().div_ceil(self.columns) as f64;
        let namespace = "http://www.w3.org/2000/svg";
        let svg = html! {
            svg xmlns=(namespace) viewBox={ "0 0 " (WIDTH) " " (height) } width=(WIDTH) role="img" {
                title { (self.description) }
                style { (PreEscaped(STYLE)) }
                rect x=".5" y=".5" width=(WIDTH - 1.0) height=(height - 1.0) rx="8" fill="#fff" stroke="#d7dade" {}
                "\n"
                (self.legend())
                @for (index, panel) in self.panels.iter().enumerate() { (panel.markup(self.area(index), index)) }
            }
        };
        svg.into_string() + "\n"
    }

    /// Area of a panel.
    fn area(&self, index: usize) -> PlotArea {
        let [left, right, top, bottom] = MARGIN;
        let column = WIDTH / self.columns as f64;
        PlotArea {
            left: (column * (index % self.columns) as f64).round() + left,
            top: LEGEND + ROW * (index / self.columns) as f64 + top,
            width: column.round() - left - right,
            height: ROW - top - bottom,
        }
    }

    fn legend(&self) -> Markup {
        let mut x = MARGIN[0];
        let entries = self.legend.iter().map(|(style, text)| {
            let at = x;
            x += 70.0 + 6.8 * text.chars().count() as f64;
            html! {
                (style.path(&format!("M{at:.1} 30h30")))
                text.legend x=(coordinate(at + 38.0)) y="34.5" { (text) }
                "\n"
            }
        });
        html! { @for entry in entries { (entry) } }
    }
}

impl Panel {
    fn markup(&self, area: PlotArea, id: usize) -> Markup {
        let place = |(x, y)| (area.x(&self.x, x), area.y(&self.y, y));
        let clip = format!("p{id}");
        html! {
            text.title x=(area.left) y=(area.top - 12.0) { (self.title) }
            (area.axes(&self.x, &self.y))
            "\n"
            clipPath id=(clip) {
                rect x=(area.left) y=(area.top - 4.0) width=(area.width) height=(area.height) {}
            }
            g clip-path={ "url(#" (clip) ")" } { @for series in &self.series { (series.markup(place)) } }
            @for (x, y, text) in &self.notes {
                @let (x, y) = place((*x, *y));
                text.note x=(coordinate(x - 7.0)) y=(coordinate(y)) dy="4" { (text) }
            }
            "\n"
        }
    }
}

use std::fmt::Write;

use super::{Axis, Style};

/// How the points of a series are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    Line,
    Dots,
}

#[derive(Clone, Debug)]
pub struct Series {
    pub style: Style,
    mark: Mark,
    points: Vec<(f64, f64)>,
}

impl Series {
    pub fn line(style: Style, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { style, mark: Mark::Line, points: points.into_iter().collect() }
    }

    pub fn dots(style: Style, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { style, mark: Mark::Dots, points: points.into_iter().collect() }
    }
}

/// One set of axes.
#[derive(Clone, Debug)]
pub struct Panel {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    /// Words that end to the left of a point.
    pub notes: Vec<(f64, f64, String)>,
}

/// A rectangle on the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Panel {
    pub(super) fn draw(&self, svg: &mut String, area: Area, id: usize) -> std::fmt::Result {
        let Area { left, top, width, height } = area;
        let (right, bottom, middle) = (left + width, top + height, left + width / 2.0);
        writeln!(svg, r#"<text class="title" x="{left:.1}" y="{:.1}">{}</text>"#, top - 12.0, self.title)?;
        for (position, text) in self.y.ticks() {
            let y = bottom - position * height;
            writeln!(svg, r#"<path class="grid" d="M{left:.1} {y:.1}H{right:.1}"/>"#)?;
            let (x, y) = (left - 7.0, y + 4.0);
            writeln!(svg, r#"<text class="tick" text-anchor="end" x="{x:.1}" y="{y:.1}">{text}</text>"#)?;
        }
        for (position, text) in self.x.ticks() {
            let (x, y) = (left + position * width, bottom + 18.0);
            writeln!(svg, r#"<path class="axis" d="M{x:.1} {bottom:.1}v4"/>"#)?;
            writeln!(svg, r#"<text class="tick" text-anchor="middle" x="{x:.1}" y="{y:.1}">{text}</text>"#)?;
        }
        writeln!(svg, r#"<path class="axis" d="M{left:.1} {bottom:.1}H{right:.1}"/>"#)?;
        let y = bottom + 37.0;
        writeln!(svg, r#"<text text-anchor="middle" x="{middle:.1}" y="{y:.1}">{}</text>"#, self.x.title)?;
        let (x, y) = (left - 44.0, top + height / 2.0);
        let place = format!(r#"x="{x:.1}" y="{y:.1}" transform="rotate(-90 {x:.1} {y:.1})""#);
        writeln!(svg, r#"<text text-anchor="middle" {place}>{}</text>"#, self.y.title)?;
        let clip = format!(r#"x="{left:.1}" y="{:.1}" width="{width:.1}" height="{height:.1}""#, top - 4.0);
        writeln!(svg, r#"<clipPath id="p{id}"><rect {clip}/></clipPath><g clip-path="url(#p{id})">"#)?;
        self.series.iter().try_for_each(|series| self.draw_series(svg, area, series))?;
        writeln!(svg, "</g>")?;
        for (x, y, text) in &self.notes {
            let (x, y) = self.place(area, *x, *y);
            let (x, y) = (x - 7.0, y + 4.0);
            writeln!(svg, r#"<text class="tick" text-anchor="end" x="{x:.1}" y="{y:.1}">{text}</text>"#)?;
        }
        Ok(())
    }

    fn place(&self, area: Area, x: f64, y: f64) -> (f64, f64) {
        let Area { left, top, width, height } = area;
        (left + self.x.position(x) * width, top + height - self.y.position(y) * height)
    }

    fn draw_series(&self, svg: &mut String, area: Area, series: &Series) -> std::fmt::Result {
        let mut places = series.points.iter().map(|&(x, y)| self.place(area, x, y));
        let Style { colour, .. } = series.style;
        match series.mark {
            Mark::Dots => places.try_for_each(|(x, y)| {
                let look = format!(r#"fill="{}" fill-opacity=".75""#, colour.hex());
                writeln!(svg, r#"<circle {look} cx="{x:.1}" cy="{y:.1}" r="4"/>"#)
            }),
            Mark::Line => {
                let path: Vec<String> = places.map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
                let attributes = series.style.attributes();
                writeln!(svg, r#"<path fill="none" {attributes} d="M{}"/>"#, path.join("L"))
            }
        }
    }
}

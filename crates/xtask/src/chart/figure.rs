use std::fmt::{self, Write};

use super::{Panel, Style, panel::Area};

/// Panels in rows under a common legend.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What the figure shows, for those who cannot see it.
    pub description: String,
    pub legend: Vec<(Style, &'static str)>,
    pub columns: usize,
    pub panels: Vec<Panel>,
}

const WIDTH: f64 = 940.0;
const LEGEND: f64 = 52.0;
const ROW: f64 = 300.0;
/// Around the axes of a panel: left, right, top, bottom.
const MARGIN: [f64; 4] = [66.0, 28.0, 36.0, 52.0];

/// A white card, since a page may be dark.
const STYLE: &str = "text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#3c3f44}\
.title{font-weight:600;font-size:14px;fill:#1f2328}.tick{font-size:12px;fill:#55575c}\
.grid{stroke:#e3e5e8}.axis{stroke:#8b8f96}";

impl Figure {
    pub fn svg(&self) -> String {
        let mut svg = String::new();
        self.draw(&mut svg).expect("writing to a string does not fail");
        svg
    }

    fn draw(&self, svg: &mut String) -> fmt::Result {
        let height = LEGEND + ROW * self.panels.len().div_ceil(self.columns) as f64;
        let namespace = "http://www.w3.org/2000/svg";
        writeln!(
            svg,
            r#"<svg xmlns="{namespace}" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">"#
        )?;
        writeln!(svg, "<title>{}</title><style>{STYLE}</style>", self.description)?;
        let size = format!(r#"width="{}" height="{}""#, WIDTH - 1.0, height - 1.0);
        writeln!(svg, r##"<rect x=".5" y=".5" {size} rx="8" fill="#fff" stroke="#d7dade"/>"##)?;
        self.draw_legend(svg)?;
        let [left, right, top, bottom] = MARGIN;
        let column = WIDTH / self.columns as f64;
        for (index, panel) in self.panels.iter().enumerate() {
            let area = Area {
                left: column * (index % self.columns) as f64 + left,
                top: LEGEND + ROW * (index / self.columns) as f64 + top,
                width: column - left - right,
                height: ROW - top - bottom,
            };
            panel.draw(svg, area, index)?;
        }
        writeln!(svg, "</svg>")
    }

    fn draw_legend(&self, svg: &mut String) -> fmt::Result {
        let mut x = MARGIN[0];
        for (style, text) in &self.legend {
            writeln!(svg, r#"<path {} d="M{x:.1} 30h30"/>"#, style.attributes())?;
            writeln!(svg, r#"<text x="{:.1}" y="34.5">{text}</text>"#, x + 38.0)?;
            x += 70.0 + 6.8 * text.chars().count() as f64;
        }
        Ok(())
    }
}

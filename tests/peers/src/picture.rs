//! The picture: one bar for each way to authenticate.
//!
//! It stands on a ground of its own and follows the reader's choice of light or dark, so it can be read on any page.

use std::fmt::Write;

/// Bars that can be compared with each other.
pub struct Group {
    /// What they have in common.
    pub heading: &'static str,
    /// The bars, from short to long.
    pub bars: Vec<Bar>,
}

/// The overhead of one subject.
pub struct Bar {
    /// Who it is.
    pub label: &'static str,
    /// Its overhead over that of a header that never changes.
    pub ratio: f64,
    /// Whether it is of this project.
    pub ours: bool,
}

const WIDTH: f64 = 880.0;
const LEFT: f64 = 450.0;
const RIGHT: f64 = 820.0;
const STEP: f64 = 22.0;
/// The ends of the scale; what lies beyond is drawn at the end and told by its number.
const SCALE: (f64, f64) = (0.5, 200.0);

const STYLE: &str = "<style>\
    .ground{fill:#fff;stroke:#d0d7de}.text{fill:#1f2328}.soft{fill:#59636e}.line{stroke:#d0d7de}\
    .ours{fill:#1a7f37}.other{fill:#8c959f}\
    @media(prefers-color-scheme:dark){.ground{fill:#0d1117;stroke:#3d444d}.text{fill:#f0f6fc}\
    .soft{fill:#9198a1}.line{stroke:#3d444d}.ours{fill:#3fb950}.other{fill:#656c76}}\
    </style>";

/// Returns the picture as SVG.
pub fn draw(groups: &[Group]) -> String {
    let mut body = String::new();
    let mut y = 62.0;
    for group in groups {
        if group.bars.is_empty() {
            continue;
        }
        text(&mut body, 16.0, y, "soft", group.heading);
        y += STEP;
        for bar in &group.bars {
            draw_bar(&mut body, y, bar);
            y += STEP;
        }
        y += 10.0;
    }
    let height = y + 14.0;
    let mut lines = String::new();
    for mark in [1.0, 10.0, 100.0] {
        let x = place(mark);
        let (top, bottom) = (50.0, height - 30.0);
        let foot = height - 14.0;
        let _ = writeln!(
            lines,
            "<line class='line' x1='{x:.0}' y1='{top}' x2='{x:.0}' y2='{bottom}'/>"
        );
        let _ = writeln!(
            lines,
            "<text class='soft' text-anchor='middle' x='{x:.0}' y='{foot:.0}'>{mark}×</text>"
        );
    }
    let (width, heading) = (WIDTH - 1.0, "Time that authentication adds to a request");
    let below = "A header that never changes is 1×. The scale is logarithmic; shorter is better.";
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' role='img' \
         font-family='system-ui,sans-serif' font-size='13'>\n<title>{heading}</title>\n{STYLE}\n\
         <rect class='ground' x='.5' y='.5' width='{width}' height='{}' rx='6'/>\n\
         <text class='text' font-size='15' font-weight='600' x='16' y='24'>{heading}</text>\n\
         <text class='soft' x='16' y='42'>{below}</text>\n{lines}{body}</svg>\n",
        height - 1.0
    )
}

fn draw_bar(body: &mut String, y: f64, bar: &Bar) {
    let (from, to) = (place(SCALE.0), place(bar.ratio));
    let class = if bar.ours { "ours" } else { "other" };
    let _ = writeln!(
        body,
        "<rect class='{class}' x='{from:.0}' y='{:.0}' width='{:.1}' height='14' rx='2'/>",
        y - 11.0,
        (to - from).max(2.0)
    );
    text(body, 28.0, y, "text", bar.label);
    let number = match bar.ratio {
        ratio if ratio < 10.0 => format!("{ratio:.1}×"),
        ratio => format!("{ratio:.0}×"),
    };
    text(body, to + 6.0, y, "text", &number);
}

fn text(body: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        body,
        "<text class='{class}' x='{x:.0}' y='{y:.0}'>{words}</text>"
    );
}

/// Returns where a ratio stands on the scale.
fn place(ratio: f64) -> f64 {
    let (low, high) = (SCALE.0.ln(), SCALE.1.ln());
    let part = (ratio.max(SCALE.0).ln() - low) / (high - low);
    LEFT + part.min(1.0) * (RIGHT - LEFT)
}

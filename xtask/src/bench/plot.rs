//! Bar charts as SVG text: enough for the few plots of a page, and nothing to
//! depend on.

use std::fmt::Write as _;

/// Bars under one name.
pub struct Group {
    /// What they are of.
    pub name: String,
    /// One a series, in the series' order; none where there is nothing to show.
    pub values: Vec<Option<f64>>,
}

const WIDTH: f64 = 760.0;
const NAME_WIDTH: f64 = 220.0;
const VALUE_WIDTH: f64 = 90.0;
const BAR_HEIGHT: f64 = 14.0;
const GROUP_GAP: f64 = 10.0;
const HEAD_HEIGHT: f64 = 52.0;
/// Told apart without colour too: by lightness.
const COLOURS: [&str; 4] = ["#1b4f72", "#2e86c1", "#85929e", "#c5ccd1"];

/// Horizontal bars; longer is more.
pub fn bars(title: &str, series: &[&str], groups: &[Group]) -> String {
    let rows: usize = groups.iter().map(|group| group.values.len()).sum();
    let height = HEAD_HEIGHT + rows as f64 * BAR_HEIGHT + groups.len() as f64 * GROUP_GAP;
    let most = groups.iter().flat_map(|group| &group.values).flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"8\" y=\"18\" font-size=\"14\" fill=\"#111111\">{title}</text>\n"
    );
    for (index, name) in series.iter().enumerate() {
        let x = NAME_WIDTH + index as f64 * 130.0;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"28\" width=\"10\" height=\"10\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"37\" fill=\"#111111\">{name}</text>",
            COLOURS[index % COLOURS.len()],
            x + 14.0
        );
    }
    let mut y = HEAD_HEIGHT;
    for group in groups {
        let middle = y + group.values.len() as f64 * BAR_HEIGHT / 2.0 + 4.0;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\" fill=\"#111111\">{}</text>",
            NAME_WIDTH - 8.0,
            group.name
        );
        for (index, value) in group.values.iter().enumerate() {
            if let Some(value) = value {
                let width = (value / most * (WIDTH - NAME_WIDTH - VALUE_WIDTH)).max(1.0);
                let _ = writeln!(
                    svg,
                    "<rect x=\"{NAME_WIDTH}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" fill=\"{}\"/>\
                     <text x=\"{:.1}\" y=\"{}\" fill=\"#111111\">{}</text>",
                    BAR_HEIGHT - 2.0,
                    COLOURS[index % COLOURS.len()],
                    NAME_WIDTH + width + 4.0,
                    y + 10.0,
                    short(*value)
                );
            }
            y += BAR_HEIGHT;
        }
        y += GROUP_GAP;
    }
    svg.push_str("</svg>\n");
    svg
}

/// A number with three digits that count.
pub fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_width_and_absent_ones_leave_their_row() {
        let groups = [
            Group { name: "one".to_owned(), values: vec![Some(2.0), None] },
            Group { name: "two".to_owned(), values: vec![Some(4.0), Some(1.0)] },
        ];
        let svg = bars("Title", &["a", "b"], &groups);
        assert!(svg.contains("width=\"450.0\"") && svg.contains("width=\"225.0\"") && svg.contains(">4.00</text>"));
        assert_eq!(svg.matches("height=\"12\"").count(), 3);
    }

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!([1234.5, 56.78, 1.234, 0.01234].map(short), ["1234", "56.8", "1.23", "0.012"]);
    }
}

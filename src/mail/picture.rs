//! A chart as a PNG: the drawing of the report, made into pixels.
//!
//! The drawing brings its own letters as strokes, so no font is asked for, on no machine. It is
//! drawn at twice its size for sharp screens; the page says how wide it is shown.

use resvg::tiny_skia::Pixmap;
use resvg::tiny_skia::Transform;
use resvg::usvg::Options;
use resvg::usvg::Tree;

use super::compose::ComposeError;
use crate::report::ChartData;
use crate::report::chart;

/// Pixels for each unit of the drawing.
const SCALE: f32 = 2.0;

/// Draws the chart, or returns `None` where fewer than two sessions can be drawn.
///
/// # Errors
/// [`ComposeError::Picture`] where the drawing cannot be made into pixels.
pub(super) fn png(data: &ChartData) -> Result<Option<Vec<u8>>, ComposeError> {
    let Some(svg) = chart::standalone(data) else { return Ok(None) };
    let refused = |cause: String| ComposeError::Picture { symbol: data.symbol.to_string(), cause };
    let tree = Tree::from_str(&svg, &Options::default()).map_err(|error| refused(error.to_string()))?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE).round() as u32, (size.height() * SCALE).round() as u32);
    let mut pixels =
        Pixmap::new(width, height).ok_or_else(|| refused(format!("no size of {width}×{height}")))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map(Some).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    /// Counts the pixels of a picture that have a colour, within a few steps of each part.
    fn count(png: &[u8], colour: [u8; 3]) -> usize {
        let pixels = Pixmap::decode_png(png).expect("a PNG");
        let is_like = |own: &[u8]| own.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12);
        pixels.data().chunks_exact(4).filter(|own| own[3] == 255 && is_like(&own[..3])).count()
    }

    #[test]
    fn lines_and_letters_are_drawn_without_a_font() {
        let data = example::chart("AAPL", 187.2, 1);
        let png = png(&data).expect("drawn").expect("120 sessions can be drawn");
        for (what, colour, least) in [
            ("the close", [0x22, 0x56, 0x9c], 2_000),
            ("the stop and its label", [0xb3, 0x35, 0x2a], 500),
            ("the target and its label", [0x0d, 0x75, 0x48], 500),
            ("the labels of the axes", [0x5d, 0x69, 0x76], 300),
            ("the plate", [0xf5, 0xf7, 0xfa], 300_000),
        ] {
            let found = count(&png, colour);
            assert!(found > least, "{what}: {found} pixels");
        }
    }

    #[test]
    fn the_same_chart_gives_the_same_bytes() {
        let data = example::chart("AAPL", 187.2, 1);
        assert!(png(&data).expect("drawn") == png(&data).expect("drawn"));
    }
}

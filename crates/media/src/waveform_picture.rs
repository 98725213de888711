//! The outline of the sound as a picture.

use crate::Waveform;

/// Of what is quieter throughout, full scale being 1, this would fill the height: noise is not to look like speech.
const LOUDEST_MIN: f32 = 0.05;

/// How the outline of the sound is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaveformLook {
    /// Pixels across, 1 at least.
    pub width: u32,
    /// Pixels down, 1 at least.
    pub height: u32,
    /// Red, green and blue of the bars (sRGB). What lies between them is transparent.
    pub colour: [u8; 3],
}

impl Waveform {
    /// The outline as a PNG of one bit a pixel: a bar for each pixel across, as tall above the middle as below it. The loudest one takes
    /// the whole height, and silence is a line.
    ///
    /// # Errors
    /// When a side is 0.
    pub fn picture(&self, look: WaveformLook) -> Result<Vec<u8>, png::EncodingError> {
        let WaveformLook { width, height, colour } = look;
        let bars = self.bars(width as usize, height.div_ceil(2));
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::One);
        let [red, green, blue] = colour;
        // The ground has the same colour, so that a picture that is made smaller has no dark edges.
        encoder.set_palette(vec![red, green, blue, red, green, blue]);
        encoder.set_trns(vec![0, u8::MAX]);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&rows(&bars, height))?;
        writer.finish()?;
        Ok(file)
    }

    /// How far the bar of each column reaches from the middle: 1 to `reach`.
    fn bars(&self, columns: usize, reach: u32) -> Vec<u32> {
        let count = self.peaks.len();
        let top = loudest(&self.peaks).max(LOUDEST_MIN);
        let bar = |column: usize| {
            let from = column * count / columns;
            let to = ((column + 1) * count / columns).max(from + 1);
            let peak = loudest(self.peaks.get(from..to).unwrap_or_default());
            ((peak / top * reach as f32).round() as u32).clamp(1, reach)
        };
        (0..columns).map(bar).collect()
    }
}

fn loudest(peaks: &[f32]) -> f32 {
    peaks.iter().copied().fold(0.0, f32::max)
}

/// The pixels, eight in a byte, each row beginning with a byte of its own.
fn rows(bars: &[u32], height: u32) -> Vec<u8> {
    let row_bytes = bars.len().div_ceil(8);
    let mut pixels = Vec::with_capacity(row_bytes * height as usize);
    // From the upper edge to the middle.
    for reached in (1..=height.div_ceil(2)).rev() {
        let is_filled = |bar: &u32| u8::from(*bar >= reached);
        let eight = |bars: &[u32]| {
            bars.iter().enumerate().fold(0_u8, |byte, (at, bar)| byte | (is_filled(bar) << (7 - at)))
        };
        pixels.extend(bars.chunks(8).map(eight));
    }
    // The same upside down; in the middle of an odd number lies one that has no like.
    for row in (0..height as usize / 2).rev() {
        pixels.extend_from_within(row * row_bytes..(row + 1) * row_bytes);
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// How many pixels of each column are filled. They are in the middle, and nowhere else.
    fn filled(peaks: &[f32], width: u32, height: u32) -> Vec<u32> {
        let waveform = Waveform { duration_ms: 1_000, peaks_per_second: 100.0, peaks: peaks.to_vec() };
        let file = waveform.picture(WaveformLook { width, height, colour: [1, 2, 3] }).unwrap();
        let mut decoder = png::Decoder::new(Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (width, height, png::ColorType::Rgba));
        let column = |x: u32| {
            let is_filled = |y: u32| match pixels[((y * width + x) * 4) as usize..][..4] {
                [1, 2, 3, alpha] => alpha == u8::MAX,
                ref other => panic!("{other:?}"),
            };
            let first = (0..height).position(is_filled).unwrap() as u32;
            let expected = (0..height).map(|y| (first..height - first).contains(&y));
            assert!((0..height).map(is_filled).eq(expected), "{x}");
            height - 2 * first
        };
        (0..width).map(column).collect()
    }

    #[test]
    fn bars_follow_the_peaks_whatever_the_size() {
        let peaks = [0.0, 0.25, 0.5, 0.125];
        assert_eq!(filled(&peaks, 4, 16), [2, 8, 16, 4]);
        assert_eq!(filled(&peaks, 4, 15), [1, 7, 15, 3]);
        // The louder of two that share a column, and one in two columns.
        assert_eq!(filled(&peaks, 2, 16), [8, 16]);
        assert_eq!(filled(&peaks, 8, 16), [2, 2, 8, 8, 16, 16, 4, 4]);
        assert_eq!(filled(&peaks, 1, 1), [1]);
        assert_eq!(filled(&[1.0; 9], 9, 2), [2; 9]);
        // What is hardly there does not fill the height, and nothing at all is a line.
        assert_eq!(filled(&[0.0125], 3, 16), [4; 3]);
        assert_eq!(filled(&[0.0], 3, 16), [2; 3]);
        assert_eq!(filled(&[], 3, 16), [2; 3]);
    }
}

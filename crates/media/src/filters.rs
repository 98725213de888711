//! The filter that brings any picture upright, square, eight bits deep and to a size.

use crate::{Ffmpeg, VideoStream};

/// No encoder or browser is asked for pictures wider or higher than this.
const SIDE_MAX: u32 = 4096;

/// The size whose short side is at most `short_side`, in the picture's proportions, both sides even.
pub(crate) fn fitted(video: &VideoStream, short_side: u32) -> (u32, u32) {
    let (width, height) = (f64::from(video.width), f64::from(video.height));
    let scale =
        (f64::from(short_side) / width.min(height)).min(f64::from(SIDE_MAX) / width.max(height)).min(1.0);
    (even(width * scale), even(height * scale))
}

/// The size that fits into `width_max` by `height_max`, never enlarged, both sides even.
pub(crate) fn within(video: &VideoStream, width_max: u32, height_max: u32) -> (u32, u32) {
    let (width, height) = (f64::from(video.width), f64::from(video.height));
    let scale = (f64::from(width_max) / width).min(f64::from(height_max) / height).min(1.0);
    (even(width * scale), even(height * scale))
}

/// Rounds to an even number: exact sizes stay, odd ones lose a line rather than gain one.
fn even(length: f64) -> u32 {
    let length = (length + 0.01).floor() as u32;
    (length & !1).max(2)
}

/// A chain from the decoded picture to `width` by `height`. ffmpeg has turned it upright before.
pub(crate) fn upright(ffmpeg: &Ffmpeg, video: &VideoStream, (width, height): (u32, u32)) -> String {
    let fields = if video.is_interlaced { "yadif=deint=interlaced," } else { "" };
    if video.is_hdr && ffmpeg.maps_tones() {
        // Some recorders leave matrix and primaries out; with such a transfer they are always those of BT.2020.
        let transfer = video.color_transfer.as_deref().unwrap_or("smpte2084");
        return format!(
            "{fields}zscale=w={width}:h={height}:tin={transfer}:min=bt2020nc:pin=bt2020:t=linear:npl=100,\
             format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p,setsar=1"
        );
    }
    format!("{fields}scale={width}:{height}:flags=bicubic,format=yuv420p,setsar=1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_even_and_keep_what_is_exact() {
        assert_eq!(even(1080.0), 1080);
        assert_eq!(even(853.33), 852);
        assert_eq!(even(639.999_999_9), 640);
        assert_eq!(even(1.0), 2);
    }
}

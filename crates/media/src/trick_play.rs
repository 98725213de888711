//! The storyboard as players ask for it: HLS image media playlists (Roku, "HLS Image Media Playlist Specification" 0.4) and DASH tiled
//! thumbnails (DASH-IF IOP 4.3, 6.2.6). Both name the sheets that the seek bar of the web app is made of.

use std::fmt::Write;

use crate::Storyboard;
use crate::storyboard::SHEET;

/// About what a sheet of JPEG at the quality of ours takes, in bits for a pixel.
const BITS_PER_PIXEL: u64 = 1;

impl Storyboard {
    /// How long what one sheet shows lasts.
    fn sheet_ms(&self) -> u64 {
        let (columns, rows) = self.layout();
        u64::from(columns * rows) * self.interval_ms
    }

    /// In bits per second.
    fn bandwidth(&self) -> u64 {
        let (width, height) = self.sheet_size();
        let bits = u64::from(width) * u64::from(height) * BITS_PER_PIXEL;
        (bits * 1000 / self.sheet_ms().max(1)).max(1)
    }

    fn sheet_size(&self) -> (u32, u32) {
        let (columns, rows) = self.layout();
        (columns * self.tile_width, rows * self.tile_height)
    }

    /// The set of a DASH manifest whose sheets lie in `folder`, beside the manifest.
    pub(crate) fn adaptation_set(&self, folder: &str) -> String {
        let ((columns, rows), (width, height)) = (self.layout(), self.sheet_size());
        format!(
            "<AdaptationSet contentType=\"image\" mimeType=\"image/jpeg\">\n\
             <Representation id=\"{folder}\" bandwidth=\"{}\" width=\"{width}\" height=\"{height}\">\n\
             <EssentialProperty schemeIdUri=\"http://dashif.org/guidelines/thumbnail_tile\" value=\"{columns}x{rows}\"/>\n\
             <SegmentTemplate timescale=\"1000\" duration=\"{}\" startNumber=\"0\" media=\"{folder}/{SHEET}$Number%03d$.jpg\"/>\n\
             </Representation>\n</AdaptationSet>\n",
            self.bandwidth(),
            self.sheet_ms(),
        )
    }

    /// The media playlist of the sheets, which lie in `folder` beside it, of a recording that lasts so many microseconds.
    #[must_use]
    pub fn playlist(&self, duration_us: u64, folder: &str) -> String {
        let (columns, rows) = self.layout();
        let longest = self.sheet_ms().min(duration_us.div_ceil(1000)).div_ceil(1000).max(1);
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{longest}\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n\
             #EXT-X-IMAGES-ONLY\n"
        );
        let mut left_us = duration_us;
        for file in &self.sheet_files {
            let lasts_us = left_us.min(self.sheet_ms() * 1000);
            if lasts_us == 0 {
                break;
            }
            left_us -= lasts_us;
            let _ = writeln!(
                text,
                "#EXTINF:{}.{:06},\n#EXT-X-TILES:RESOLUTION={}x{},LAYOUT={columns}x{rows},DURATION={}.{:03}\n{folder}/{file}",
                lasts_us / 1_000_000,
                lasts_us % 1_000_000,
                self.tile_width,
                self.tile_height,
                self.interval_ms / 1000,
                self.interval_ms % 1000,
            );
        }
        text.push_str("#EXT-X-ENDLIST\n");
        text
    }

    /// The master playlist with the storyboard, whose [`Storyboard::playlist`] is at `address`.
    #[must_use]
    pub fn beside(&self, master: &str, address: &str) -> String {
        let mut text = master.to_owned();
        let _ = writeln!(
            text,
            "#EXT-X-IMAGE-STREAM-INF:BANDWIDTH={},RESOLUTION={}x{},CODECS=\"jpeg\",URI=\"{address}\"",
            self.bandwidth(),
            self.tile_width,
            self.tile_height,
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 250 tiles, of which a sheet has a hundred.
    fn storyboard() -> Storyboard {
        Storyboard {
            cues_file: "storyboard.vtt".to_owned(),
            sheet_files: (0..3).map(|sheet| format!("sprite-{sheet:03}.jpg")).collect(),
            interval_ms: 2_000,
            tile_count: 250,
            tile_width: 160,
            tile_height: 90,
        }
    }

    #[test]
    fn a_playlist_names_each_sheet_for_as_long_as_it_shows_something() {
        let playlist = storyboard().playlist(499_500_000, "storyboard");
        let lasting: Vec<&str> = playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")).collect();
        assert_eq!(lasting, ["200.000000,", "200.000000,", "99.500000,"]);
        assert!(playlist.contains(
            "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=10x10,DURATION=2.000\nstoryboard/sprite-002.jpg\n"
        ));
        assert!(playlist.contains("#EXT-X-TARGETDURATION:200\n") && playlist.ends_with("#EXT-X-ENDLIST\n"));
        // What was cut shorter afterwards has no sheet that shows nothing.
        assert!(!storyboard().playlist(200_000_000, "storyboard").contains("sprite-001.jpg"));
    }

    #[test]
    fn few_tiles_lie_in_one_row() {
        let few =
            Storyboard { tile_count: 7, sheet_files: vec!["sprite-000.jpg".to_owned()], ..storyboard() };
        assert_eq!(few.layout(), (7, 1));
        let set = few.adaptation_set("storyboard");
        assert!(set.contains("value=\"7x1\"") && set.contains("width=\"1120\" height=\"90\""), "{set}");
        assert!(set.contains("duration=\"14000\""), "{set}");
    }

    #[test]
    fn the_master_playlist_tells_of_it_once_at_the_end() {
        let master = storyboard().beside("#EXTM3U\n", "storyboard.m3u8");
        assert_eq!(
            master,
            "#EXTM3U\n#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=7200,RESOLUTION=160x90,CODECS=\"jpeg\",URI=\"storyboard.m3u8\"\n"
        );
    }
}

//! The argument list of one ffmpeg or ffprobe call, built from typed parts and never from a command line.

use std::ffi::OsString;
use std::path::Path;

use crate::MediaError;

/// Readers that never open a second file. Playlists, concatenation scripts and image sequences are left out: a
/// hostile one would read other files of this machine into its output.
const FORMATS: &str = "mov,matroska,webm,ogg,wav,w64,flac,mp3,aac,loas,aiff,avi,flv,mpegts,mpeg,amr,ac3,eac3,dts,\
                       truehd,asf,caf,au,h264,hevc,m4v,mpegvideo,dv,mxf,ivf,gxf,rm,nut,ape,wv,tta,mpc,mpc8";

/// An argument list under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments(Vec<OsString>);

impl Arguments {
    /// What every ffmpeg call starts with: quiet, never asking, reporting progress on standard output.
    pub(crate) fn ffmpeg(threads: usize) -> Self {
        let mut arguments = Self::silent_ffmpeg(threads);
        arguments.add(["-progress", "pipe:1", "-stats_period", "0.5"]);
        arguments
    }

    /// As [`Arguments::ffmpeg`], leaving standard output to the data.
    pub(crate) fn silent_ffmpeg(threads: usize) -> Self {
        let mut arguments = Self::default();
        arguments.add(["-nostdin", "-hide_banner", "-loglevel", "error", "-nostats", "-y"]);
        let threads = threads.to_string();
        arguments.add(["-filter_threads", &threads, "-filter_complex_threads", &threads]);
        arguments
    }

    pub(crate) fn add<const N: usize>(&mut self, items: [&str; N]) -> &mut Self {
        self.0.extend(items.map(OsString::from));
        self
    }

    /// Restricts what the next input may open. ffprobe takes its file last, without `-i`.
    pub(crate) fn guard_input(&mut self) -> &mut Self {
        self.add(["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS])
    }

    /// Adds a guarded ffmpeg input.
    pub(crate) fn input(&mut self, path: &Path, threads: usize) -> Result<&mut Self, MediaError> {
        let url = file_url(path)?;
        self.guard_input().add(["-threads", &threads.to_string(), "-i"]);
        self.0.push(url);
        Ok(self)
    }

    /// Adds a path as ffprobe's only input.
    pub(crate) fn probed(&mut self, path: &Path) -> Result<&mut Self, MediaError> {
        let url = file_url(path)?;
        self.guard_input();
        self.0.push(url);
        Ok(self)
    }

    pub(crate) fn into_inner(self) -> Vec<OsString> {
        self.0
    }
}

/// `file:` before an absolute path, so that no name can be taken for an option or for another protocol.
fn file_url(path: &Path) -> Result<OsString, MediaError> {
    let absolute = std::path::absolute(path).map_err(MediaError::io("read", path))?;
    let mut url = OsString::from("file:");
    url.push(absolute);
    Ok(url)
}

/// Seconds with milliseconds, as ffmpeg's time options take them.
pub(crate) fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

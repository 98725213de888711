//! Where ffmpeg and ffprobe are, what this build of them can do, and the common way to call them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::process::{Call, Heard, Lines, ProgressReport, run};
use crate::{Control, Limits, MediaError};

/// The environment variable that names the ffmpeg program, or the folder that holds it and ffprobe.
const LOCATION: &str = "MEMOREEL_FFMPEG";
const QUESTION_TIME: Duration = Duration::from_secs(30);

/// ffmpeg and ffprobe, found and questioned once. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    tools: Arc<Tools>,
    limits: Limits,
}

#[derive(Debug)]
struct Tools {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    version: String,
    decodable: HashSet<String>,
    maps_tones: bool,
    encoders: HashSet<String>,
}

impl Ffmpeg {
    /// Finds the tools at `MEMOREEL_FFMPEG` (the program, or its folder) or else in `PATH`, and asks what they
    /// can do.
    ///
    /// # Errors
    /// [`MediaError::ToolMissing`] when a tool is absent, does not start, is older than 5.1 or cannot encode
    /// H.264 and AAC.
    pub async fn locate(limits: Limits) -> Result<Self, MediaError> {
        let (ffmpeg, ffprobe) = paths()?;
        Self::at(ffmpeg, ffprobe, limits).await
    }

    /// Uses the tools at the given paths.
    ///
    /// # Errors
    /// As [`Ffmpeg::locate`].
    pub async fn at(ffmpeg: PathBuf, ffprobe: PathBuf, limits: Limits) -> Result<Self, MediaError> {
        let (version, probe_version, codecs, encoders, filters) = tokio::try_join!(
            ask(&ffmpeg, "-version", &limits),
            ask(&ffprobe, "-version", &limits),
            ask(&ffmpeg, "-codecs", &limits),
            ask(&ffmpeg, "-encoders", &limits),
            ask(&ffmpeg, "-filters", &limits),
        )?;
        let version = version_of(&version);
        if is_too_old(&version) || is_too_old(&version_of(&probe_version)) {
            return Err(MediaError::ToolMissing { what: format!("ffmpeg {version} is too old.") });
        }
        let encoders = second_words(&encoders, |_| true);
        for encoder in ["libx264", "aac"] {
            if !encoders.contains(encoder) {
                let what = format!("{} was built without the encoder {encoder}.", ffmpeg.display());
                return Err(MediaError::ToolMissing { what });
            }
        }
        let filters = second_words(&filters, |_| true);
        let tools = Tools {
            version,
            decodable: second_words(&codecs, |flags| flags.starts_with('D')),
            maps_tones: filters.contains("zscale") && filters.contains("tonemap"),
            encoders,
            ffmpeg,
            ffprobe,
        };
        Ok(Self { tools: Arc::new(tools), limits })
    }

    /// The same tools under other limits.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self { tools: Arc::clone(&self.tools), limits }
    }

    /// ffmpeg's version, such as `5.1.9-0+deb12u1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.tools.version
    }

    /// The limits each child runs under.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether high dynamic range can be brought down to what every screen shows, rather than look washed out.
    #[must_use]
    pub fn maps_tones(&self) -> bool {
        self.tools.maps_tones
    }

    /// Whether this build encodes AV1 (SVT-AV1).
    #[must_use]
    pub fn encodes_av1(&self) -> bool {
        self.tools.encoders.contains("libsvtav1")
    }

    /// An error if this build was made without the encoder of this name.
    pub(crate) fn need_encoder(&self, name: &str) -> Result<(), MediaError> {
        if self.tools.encoders.contains(name) {
            return Ok(());
        }
        Err(MediaError::ToolMissing { what: format!("ffmpeg was built without the encoder {name}.") })
    }

    /// Whether this build decodes `codec` (ffmpeg's name).
    pub(crate) fn decodes(&self, codec: &str) -> bool {
        self.tools.decodable.contains(codec)
    }

    /// Runs ffmpeg in `directory`, reporting progress against `duration_ms`.
    pub(crate) async fn convert(
        &self,
        arguments: Arguments,
        directory: &Path,
        duration_ms: u64,
        control: &Control,
    ) -> Result<(), MediaError> {
        self.work_through(arguments, Some(directory), duration_ms, control).await?;
        control.report(1.0);
        Ok(())
    }

    /// Runs ffmpeg for the end of what it reports beside its progress.
    pub(crate) async fn measure(
        &self,
        mut arguments: Arguments,
        duration_ms: u64,
        control: &Control,
    ) -> Result<String, MediaError> {
        // What filters measure is told to whoever wants to know more than errors.
        arguments.add(["-loglevel", "info"]);
        arguments.add(["-f", "null", "-"]);
        self.work_through(arguments, None, duration_ms, control).await
    }

    /// Runs ffmpeg on `duration_ms` of a recording as long as it gets on, and returns the end of its report.
    async fn work_through(
        &self,
        arguments: Arguments,
        directory: Option<&Path>,
        duration_ms: u64,
        control: &Control,
    ) -> Result<String, MediaError> {
        let mut progress = ProgressReport::new(duration_ms, control);
        let Limits { wall_time, slowness_max, stall_time, .. } = self.limits;
        let time_max = Duration::from_millis(duration_ms).saturating_mul(slowness_max).max(wall_time);
        let call =
            Call { program: &self.tools.ffmpeg, arguments, directory, time_max, stall_max: Some(stall_time) };
        run(call, &self.limits, control, |bytes| Ok(progress.push(bytes))).await
    }

    /// Runs ffmpeg for what it writes to standard output.
    pub(crate) async fn stream(
        &self,
        arguments: Arguments,
        control: &Control,
        mut on_output: impl FnMut(&[u8]) -> Result<(), MediaError> + Send,
    ) -> Result<(), MediaError> {
        let time_max = self.limits.wall_time;
        let call =
            Call { program: &self.tools.ffmpeg, arguments, directory: None, time_max, stall_max: None };
        run(call, &self.limits, control, |bytes| on_output(bytes).map(|()| Heard::Nothing)).await.map(drop)
    }

    /// Runs ffprobe and returns its report.
    pub(crate) async fn inspect(
        &self,
        arguments: Arguments,
        time_max: Duration,
        control: &Control,
        mut on_output: impl FnMut(&[u8]) -> Result<(), MediaError> + Send,
    ) -> Result<String, MediaError> {
        let time_max = time_max.min(self.limits.wall_time);
        let call =
            Call { program: &self.tools.ffprobe, arguments, directory: None, time_max, stall_max: None };
        run(call, &self.limits, control, |bytes| on_output(bytes).map(|()| Heard::Nothing)).await
    }
}

fn paths() -> Result<(PathBuf, PathBuf), MediaError> {
    if let Some(location) = std::env::var_os(LOCATION).filter(|value| !value.is_empty()) {
        let location = PathBuf::from(location);
        if location.is_dir() {
            return Ok((location.join("ffmpeg"), location.join("ffprobe")));
        }
        let beside = location.with_file_name("ffprobe");
        let ffprobe = if beside.is_file() { beside } else { in_path("ffprobe")? };
        return Ok((location, ffprobe));
    }
    Ok((in_path("ffmpeg")?, in_path("ffprobe")?))
}

fn in_path(name: &str) -> Result<PathBuf, MediaError> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| MediaError::ToolMissing { what: format!("{name} was not found.") })
}

async fn ask(program: &Path, question: &str, limits: &Limits) -> Result<Vec<String>, MediaError> {
    let mut arguments = Arguments::default();
    arguments.add(["-hide_banner", question]);
    let time_max = QUESTION_TIME.min(limits.wall_time);
    let call = Call { program, arguments, directory: None, time_max, stall_max: None };
    let mut lines = Lines::default();
    let mut answer = Vec::new();
    let listen = |bytes: &[u8]| {
        lines.push(bytes, |line| answer.push(line.to_owned()));
        Ok(Heard::Nothing)
    };
    // Several questions are asked at once, in one future.
    Box::pin(run(call, limits, &Control::default(), listen)).await?;
    Ok(answer)
}

/// `ffmpeg version 5.1.9-0+deb12u1 Copyright ...`
fn version_of(answer: &[String]) -> String {
    answer.first().and_then(|line| line.split_whitespace().nth(2)).unwrap_or("unknown").to_owned()
}

/// Builds from a repository have no number (`N-109468-g...`) and are taken to be new.
fn is_too_old(version: &str) -> bool {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let (Some(Ok(major)), minor) = (numbers.next(), numbers.next().and_then(Result::ok).unwrap_or(0)) else {
        return false;
    };
    (major, minor) < (5, 1)
}

/// ffmpeg's listings are lines of flags, name, description.
fn second_words(listing: &[String], accepts: impl Fn(&str) -> bool) -> HashSet<String> {
    listing
        .iter()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let flags = words.next()?;
            accepts(flags).then(|| words.next().map(str::to_owned))?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_5_1_are_too_old_and_unnumbered_builds_are_not() {
        assert!(is_too_old("4.4.2-0ubuntu0.22.04.1"));
        assert!(is_too_old("5.0"));
        assert!(!is_too_old("5.1.9-0+deb12u1"));
        assert!(!is_too_old("7.1"));
        assert!(!is_too_old("N-109468-gd39b34123d"));
    }
}

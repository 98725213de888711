//! Sound and picture, by way of ffmpeg and ffprobe run as child processes.
//!
//! This crate owns how those programs are found, called, limited, watched and stopped, and how what they say is
//! turned into typed facts and into sentences a person can act on. Inputs are local files; outputs are files in
//! a folder the caller gives, and they appear there complete or not at all. It knows nothing of databases, HTTP
//! or blob stores.
//!
//! Input is hostile: every child runs without a shell, with local protocols and an allow-list of file formats,
//! under limits of time, memory and output size, in its own process group, and dies with its parent.

mod ambiguous;
mod arguments;
mod audio;
mod beginning;
pub mod beside;
mod cut;
mod dash;
mod error;
mod filters;
mod fmp4;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hls;
mod hls_for_players;
mod key_frames;
mod ladder;
mod limits;
mod listed;
mod loudness;
mod named_track;
mod other_tracks;
mod outcome;
mod package;
mod picture_times;
mod poster;
mod probe;
mod process;
mod sniff;
mod sound_file;
mod staging;
mod storyboard;
mod tool;
mod tracks;
mod trick_play;
mod waveform;
mod waveform_picture;

pub use ambiguous::{TAIL_BYTES, also};
pub use audio::{ExtractedAudio, SpeechChannels};
pub use beside::Beside;
pub use dash::dash_manifest;
pub use error::MediaError;
pub use hls::{Variant, VariantVideo, first_with_sound, master_playlist};
pub use hls_for_players::{master_for_players, sound_playlist, text_playlist};
pub use key_frames::{KeyFrame, KeyFramePictures, Showing, distance};
pub use ladder::{EncodingPlan, LADDER, Ladder, LadderStep, PictureCodec, PlanError, Rung, ladder};
pub use limits::{Control, Limits, Progress};
pub use listed::{Listed, Timeline, listed_variants};
pub use loudness::{Levelling, TargetLoudness};
pub use named_track::{
    NamedTrack, SUBTITLES_MAX, TITLE_MAX as TRACK_TITLE_MAX, TrackKind, TrackLabel, language_tag,
};
pub use other_tracks::WantedTrack;
pub use package::{NotInstant, Packaging};
pub use poster::{Poster, PosterImage};
pub use probe::{AudioStream, Probe, SubtitleStream, VideoStream};
pub use sniff::{Kind, SNIFF_BYTES, Sniffed, sniff};
pub use sound_file::{SoundFile, SoundFormat};
pub use storyboard::Storyboard;
pub use tool::Ffmpeg;
pub use tracks::{OneTrack, header_of_track, segment_of_track};
pub use waveform::Waveform;
pub use waveform_picture::WaveformLook;

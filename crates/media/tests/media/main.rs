//! What the media tools make of real and of odd recordings, read back with a second, plain call of ffprobe.

mod encoding;
mod hostile;
mod packaging;
mod pictures;
mod probing;
mod sniffing;
mod sound;
mod support;
mod tones;
mod tracks;

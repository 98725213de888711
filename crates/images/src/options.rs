//! What may be asked of an image, as types with one spelling: `w=400,h=300,fit=crop,focus=top,format=auto,q=80`.
//!
//! The parser takes the options in any order and nothing twice; [`Transform`]'s `Display` writes them in theirs. What is
//! written is read as the same.

use std::fmt;
use std::str::FromStr;

/// The longest side that can be asked for, in pixels of the result.
pub const SIDE_MAX: u32 = 8192;
/// No longer text is looked at.
pub const TEXT_BYTES_MAX: usize = 256;
/// The name of a preset has at most so many characters.
pub const PRESET_LENGTH_MAX: usize = 40;

/// What is wanted of an image. Absent means: as the preset says, or as [`crate::geometry`] and the encoders say without one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Transform {
    /// `p`: the name of a preset that fills what is absent here.
    pub preset: Option<String>,
    /// `w`: width of the box, in pixels before `dpr`.
    pub width: Option<u32>,
    /// `h`: height of the box.
    pub height: Option<u32>,
    /// `fit`: how the image goes into the box.
    pub fit: Option<Fit>,
    /// `focus`: which part stays when it is cropped.
    pub focus: Option<Focus>,
    /// `enlarge`: whether it may become larger than it is.
    pub enlarge: Option<bool>,
    /// `dpr`: pixels of the result per pixel asked for, in tenths: 10 to 40.
    pub dpr: Option<u8>,
    /// `flip`: mirrored, before it is rotated.
    pub flip: Option<Flip>,
    /// `rotate`: clockwise, before it is fitted.
    pub rotate: Option<Rotation>,
    /// `blur`: standard deviation of a Gaussian, in tenths of a pixel: 3 to 500.
    pub blur: Option<u16>,
    /// `sharpen`: standard deviation of the mask, in tenths of a pixel: 3 to 100.
    pub sharpen: Option<u16>,
    /// `format`: what it is encoded as.
    pub format: Option<FormatWish>,
    /// `q`: quality on the encoder's own scale, 1 to 100.
    pub quality: Option<u8>,
    /// `strip`: whether camera, place and author are left out, which they are unless somebody asks for them.
    pub strip: Option<bool>,
}

/// How an image goes into its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// As large as fits, whole, in its own proportions.
    Fit,
    /// Stretched to the box.
    Fill,
    /// Covering the box, and cut to it.
    Crop,
}

/// Which part of an image stays when it is cropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Focus {
    /// Per cent of what is cut that goes on the left: 0 keeps the left edge, 100 the right one.
    pub x: u8,
    /// Per cent of what is cut that goes at the top.
    pub y: u8,
}

/// Names of the focus points that have one; `left` and `right` come after `top` and `bottom`.
const FOCUS_NAMES: [(&str, Focus); 9] = [
    ("center", Focus { x: 50, y: 50 }),
    ("top", Focus { x: 50, y: 0 }),
    ("bottom", Focus { x: 50, y: 100 }),
    ("left", Focus { x: 0, y: 50 }),
    ("right", Focus { x: 100, y: 50 }),
    ("top-left", Focus { x: 0, y: 0 }),
    ("top-right", Focus { x: 100, y: 0 }),
    ("bottom-left", Focus { x: 0, y: 100 }),
    ("bottom-right", Focus { x: 100, y: 100 }),
];

/// Mirrored how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// Left and right change places.
    Horizontal,
    /// Top and bottom do.
    Vertical,
    /// Both.
    Both,
}

/// Quarter turns, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// 90 degrees.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees.
    ThreeQuarters,
}

/// What an image is encoded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FormatWish {
    /// The best of those that whoever asks accepts.
    Auto,
    /// This one.
    Only(crate::OutputFormat),
}

/// Why options are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// Nothing, or far too much.
    #[error("the options must have 1 to {TEXT_BYTES_MAX} bytes")]
    Length,
    /// Not `name=value`.
    #[error("each option is a name and a value with `=` between them, with commas between options")]
    Shape,
    /// No option is called that.
    #[error(
        "there is no option `{0}`; there are p, w, h, fit, focus, enlarge, dpr, flip, rotate, blur, sharpen, format, q and strip"
    )]
    Unknown(String),
    /// The option is there already.
    #[error("the option `{0}` is given twice")]
    Twice(&'static str),
    /// The option's value is none of those it takes.
    #[error("the option `{name}` must be {expected}")]
    Value {
        /// Which option.
        name: &'static str,
        /// What it takes, in words.
        expected: &'static str,
    },
    /// More pixels than an image may have.
    #[error("the sides times dpr must be at most {SIDE_MAX} pixels")]
    TooLarge,
}

impl Transform {
    /// This transform, with what is absent taken from `preset`.
    #[must_use]
    pub fn over(self, preset: Self) -> Self {
        // A box of one side does not mix with the other side of another.
        let boxed = self.width.is_some() || self.height.is_some();
        let (width, height) = if boxed { (self.width, self.height) } else { (preset.width, preset.height) };
        Self {
            preset: None,
            width,
            height,
            fit: self.fit.or(preset.fit),
            focus: self.focus.or(preset.focus),
            enlarge: self.enlarge.or(preset.enlarge),
            dpr: self.dpr.or(preset.dpr),
            flip: self.flip.or(preset.flip),
            rotate: self.rotate.or(preset.rotate),
            blur: self.blur.or(preset.blur),
            sharpen: self.sharpen.or(preset.sharpen),
            format: self.format.or(preset.format),
            quality: self.quality.or(preset.quality),
            strip: self.strip.or(preset.strip),
        }
    }

    /// The same with everything said that is not said by being absent, and `dpr` worked into the sides: transforms that make
    /// the same of every image become equal, whatever they were called.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let dpr = u32::from(self.dpr.take().unwrap_or(10));
        let scaled = |side: u32| (side * dpr + 5) / 10;
        self.width = self.width.map(scaled);
        self.height = self.height.map(scaled);
        let both = self.width.is_some() && self.height.is_some();
        self.fit = self.fit.filter(|fit| both && *fit != Fit::Fit);
        self.focus = self.focus.filter(|focus| self.fit == Some(Fit::Crop) && *focus != Focus::CENTRE);
        self.enlarge =
            self.enlarge.filter(|enlarge| *enlarge && (self.width.is_some() || self.height.is_some()));
        self.strip = self.strip.filter(|strip| !strip);
        self
    }

    /// Whether the format depends on what whoever asks accepts.
    #[must_use]
    pub fn is_negotiated(&self) -> bool {
        matches!(self.format, None | Some(FormatWish::Auto))
    }

    /// Whether its sides are within what is made, which those of a preset may exceed by the density that is asked for.
    ///
    /// # Errors
    /// [`OptionsError::TooLarge`].
    pub fn check(&self) -> Result<(), OptionsError> {
        let dpr = u32::from(self.dpr.unwrap_or(10));
        let fits = |side: Option<u32>| side.is_none_or(|side| side * dpr <= SIDE_MAX * 10);
        if fits(self.width) && fits(self.height) { Ok(()) } else { Err(OptionsError::TooLarge) }
    }
}

impl Focus {
    /// The middle.
    pub const CENTRE: Self = Self { x: 50, y: 50 };
}

/// Whether `name` can be a preset's: lower-case letters, digits and hyphens, beginning with a letter.
#[must_use]
pub fn is_preset_name(name: &str) -> bool {
    name.len() <= PRESET_LENGTH_MAX
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl FromStr for Transform {
    type Err = OptionsError;

    fn from_str(text: &str) -> Result<Self, OptionsError> {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return Err(OptionsError::Length);
        }
        let mut read = Self::default();
        for option in text.split(',') {
            let (name, value) = option.split_once('=').ok_or(OptionsError::Shape)?;
            read.take(name, value)?;
        }
        read.check()?;
        Ok(read)
    }
}

impl Transform {
    fn take(&mut self, name: &str, value: &str) -> Result<(), OptionsError> {
        match name {
            "p" => put(&mut self.preset, "p", "the name of a preset", preset_name(value)),
            "w" => put(&mut self.width, "w", "a whole number of 1 to 8192", number(value, 1, SIDE_MAX)),
            "h" => put(&mut self.height, "h", "a whole number of 1 to 8192", number(value, 1, SIDE_MAX)),
            "fit" => put(&mut self.fit, "fit", "fit, fill or crop", named(&FITS, value)),
            "focus" => {
                let expected = "center, top, bottom, left, right, a corner such as top-left, or two per cents such as 25:75";
                put(&mut self.focus, "focus", expected, focus(value))
            }
            "enlarge" => put(&mut self.enlarge, "enlarge", "yes or no", named(&YES_NO, value)),
            "dpr" => put(&mut self.dpr, "dpr", "1 to 4 with at most one decimal", tenths(value, 10, 40)),
            "flip" => put(&mut self.flip, "flip", "h, v or hv", named(&FLIPS, value)),
            "rotate" => put(&mut self.rotate, "rotate", "90, 180 or 270", named(&ROTATIONS, value)),
            "blur" => {
                put(&mut self.blur, "blur", "0.3 to 50 with at most one decimal", tenths(value, 3, 500))
            }
            "sharpen" => {
                put(&mut self.sharpen, "sharpen", "0.3 to 10 with at most one decimal", tenths(value, 3, 100))
            }
            "format" => {
                put(&mut self.format, "format", "auto, webp, avif, jpeg, png or gif", named(&FORMATS, value))
            }
            "q" => put(&mut self.quality, "q", "a whole number of 1 to 100", number(value, 1, 100)),
            "strip" => put(&mut self.strip, "strip", "yes or no", named(&YES_NO, value)),
            _ => Err(OptionsError::Unknown(name.chars().take(40).collect())),
        }
    }
}

fn put<T>(
    slot: &mut Option<T>,
    name: &'static str,
    expected: &'static str,
    value: Option<T>,
) -> Result<(), OptionsError> {
    let value = value.ok_or(OptionsError::Value { name, expected })?;
    if slot.replace(value).is_some() { Err(OptionsError::Twice(name)) } else { Ok(()) }
}

const FITS: [(&str, Fit); 3] = [("fit", Fit::Fit), ("fill", Fit::Fill), ("crop", Fit::Crop)];
const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];
const FLIPS: [(&str, Flip); 3] = [("h", Flip::Horizontal), ("v", Flip::Vertical), ("hv", Flip::Both)];
const ROTATIONS: [(&str, Rotation); 3] =
    [("90", Rotation::Quarter), ("180", Rotation::Half), ("270", Rotation::ThreeQuarters)];
const FORMATS: [(&str, FormatWish); 6] = {
    use crate::OutputFormat::{Avif, Gif, Jpeg, Png, Webp};
    [
        ("auto", FormatWish::Auto),
        ("webp", FormatWish::Only(Webp)),
        ("avif", FormatWish::Only(Avif)),
        ("jpeg", FormatWish::Only(Jpeg)),
        ("png", FormatWish::Only(Png)),
        ("gif", FormatWish::Only(Gif)),
    ]
};

fn named<T: Copy>(names: &[(&str, T)], value: &str) -> Option<T> {
    names.iter().find(|(name, _)| *name == value).map(|(_, value)| *value)
}

fn name_of<'a, T: PartialEq>(names: &[(&'a str, T)], value: &T) -> Option<&'a str> {
    names.iter().find(|(_, known)| known == value).map(|(name, _)| *name)
}

fn preset_name(value: &str) -> Option<String> {
    is_preset_name(value).then(|| value.to_owned())
}

/// Digits without a leading zero, so that each number has one spelling.
fn digits(value: &str) -> Option<u32> {
    let plain = !value.is_empty() && value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit());
    let value: u32 = if plain { value.parse().ok()? } else { return None };
    Some(value)
}

fn number<T: TryFrom<u32>>(value: &str, least: u32, most: u32) -> Option<T> {
    let number = digits(value).filter(|number| (least..=most).contains(number) && !value.starts_with('0'))?;
    T::try_from(number).ok()
}

/// A number with at most one decimal, as tenths.
fn tenths<T: TryFrom<u32>>(value: &str, least: u32, most: u32) -> Option<T> {
    let (whole, decimal) = value.split_once('.').unwrap_or((value, "0"));
    let is_plain = decimal.len() == 1 && (!whole.starts_with('0') || whole == "0");
    let written_short = !value.ends_with(".0");
    if !is_plain || !written_short {
        return None;
    }
    let number = digits(whole)?.checked_mul(10)?.checked_add(digits(decimal)?)?;
    T::try_from(number).ok().filter(|_| (least..=most).contains(&number))
}

fn focus(value: &str) -> Option<Focus> {
    if let Some(point) = named(&FOCUS_NAMES, value) {
        return Some(point);
    }
    let (x, y) = value.split_once(':')?;
    let per_cent = |text: &str| if text == "0" { Some(0) } else { number(text, 1, 100) };
    Some(Focus { x: per_cent(x)?, y: per_cent(y)? })
}

struct Tenths(u32);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / 10)?;
        if self.0.is_multiple_of(10) { Ok(()) } else { write!(f, ".{}", self.0 % 10) }
    }
}

impl fmt::Display for Focus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name_of(&FOCUS_NAMES, self) {
            Some(name) => f.write_str(name),
            None => write!(f, "{}:{}", self.x, self.y),
        }
    }
}

/// The one spelling; `format=auto` where nothing at all is asked for.
impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut options: Vec<(&str, String)> = Vec::new();
        let mut say = |name, value: Option<String>| options.extend(value.map(|value| (name, value)));
        let text = |value: Option<&str>| value.map(str::to_owned);
        say("p", self.preset.clone());
        say("w", self.width.map(|width| width.to_string()));
        say("h", self.height.map(|height| height.to_string()));
        say("fit", text(self.fit.and_then(|fit| name_of(&FITS, &fit))));
        say("focus", self.focus.map(|focus| focus.to_string()));
        say("enlarge", text(self.enlarge.and_then(|enlarge| name_of(&YES_NO, &enlarge))));
        say("dpr", self.dpr.map(|dpr| Tenths(dpr.into()).to_string()));
        say("flip", text(self.flip.and_then(|flip| name_of(&FLIPS, &flip))));
        say("rotate", text(self.rotate.and_then(|rotate| name_of(&ROTATIONS, &rotate))));
        say("blur", self.blur.map(|blur| Tenths(blur.into()).to_string()));
        say("sharpen", self.sharpen.map(|sharpen| Tenths(sharpen.into()).to_string()));
        say("format", text(self.format.and_then(|format| name_of(&FORMATS, &format))));
        say("q", self.quality.map(|quality| quality.to_string()));
        say("strip", text(self.strip.and_then(|strip| name_of(&YES_NO, &strip))));
        if options.is_empty() {
            return f.write_str("format=auto");
        }
        for (index, (name, value)) in options.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OutputFormat;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Transform, OptionsError> {
        text.parse()
    }

    #[test]
    fn options_are_read_in_any_order_and_written_in_theirs() {
        let text = "q=80,format=auto,focus=top,fit=crop,h=300,w=400,dpr=1.5,blur=2.5";
        let written = read(text).unwrap().to_string();
        assert_eq!(written, "w=400,h=300,fit=crop,focus=top,dpr=1.5,blur=2.5,format=auto,q=80");
        assert_eq!(Transform::default().to_string(), "format=auto");
    }

    #[test]
    fn every_number_has_one_spelling_and_everything_else_is_refused() {
        for text in [
            "",
            ",",
            "w",
            "w=",
            "w=0",
            "w=01",
            "w=+1",
            "w=-1",
            "w=1e3",
            "w=8193",
            "w=1.5",
            "w=１",
            "W=1",
            "w=1,w=1",
            "w=1,",
            "h=99999999999",
            "dpr=0.9",
            "dpr=4.1",
            "dpr=1.0",
            "dpr=01",
            "dpr=1.25",
            "dpr=.5",
            "dpr=1.",
            "blur=0.2",
            "blur=50.1",
            "q=0",
            "q=101",
            "rotate=45",
            "rotate=0",
            "flip=x",
            "fit=cover",
            "focus=middle",
            "focus=1:101",
            "focus=01:5",
            "focus=:",
            "format=heic",
            "strip=1",
            "enlarge=",
            "p=Card",
            "p=",
            "p=a/b",
            "p=-a",
            "x=1",
            "w=400 ",
            " w=400",
            "w=4096,dpr=2.1",
            "w=400;h=3",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
        assert_eq!(read("w=1,w=2"), Err(OptionsError::Twice("w")));
        assert!(read("w=4096,h=4096,dpr=2").is_ok());
    }

    #[test]
    fn a_preset_fills_what_is_absent() {
        let preset = read("w=320,h=180,fit=crop,format=webp,q=70").unwrap();
        let over = |text: &str| read(text).unwrap().over(preset.clone()).to_string();
        assert_eq!(over("p=card"), "w=320,h=180,fit=crop,format=webp,q=70");
        assert_eq!(over("p=card,q=40,format=auto"), "w=320,h=180,fit=crop,format=auto,q=40");
        assert_eq!(over("p=card,w=640"), "w=640,fit=crop,format=webp,q=70");
    }

    #[test]
    fn what_makes_the_same_is_the_same_once_settled() {
        let settled = |text: &str| read(text).unwrap().settled().to_string();
        assert_eq!(settled("w=200,dpr=2,fit=crop,focus=top,enlarge=no,strip=yes"), settled("w=400"));
        assert_eq!(settled("w=15,h=9,fit=crop,focus=center,dpr=1.5"), "w=23,h=14,fit=crop");
        assert_eq!(settled("enlarge=yes"), "format=auto");
        assert_eq!(settled("w=4,enlarge=yes,strip=no"), "w=4,enlarge=yes,strip=no");
    }

    prop_compose! {
        fn transforms()(
            preset in prop::option::of("[a-z][a-z0-9-]{0,39}"),
            size in (prop::option::of(1_u32..=2048), prop::option::of(1_u32..=2048), prop::option::of(10_u8..=40)),
            fit in prop::option::of(prop::sample::select(vec![Fit::Fit, Fit::Fill, Fit::Crop])),
            focus in prop::option::of((0_u8..=100, 0_u8..=100)),
            flags in (any::<Option<bool>>(), any::<Option<bool>>()),
            flip in prop::option::of(prop::sample::select(vec![Flip::Horizontal, Flip::Vertical, Flip::Both])),
            rotate in prop::option::of(prop::sample::select(vec![Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters])),
            filters in (prop::option::of(3_u16..=500), prop::option::of(3_u16..=100)),
            format in prop::option::of(prop::sample::select(FORMATS.map(|(_, format)| format).to_vec())),
            quality in prop::option::of(1_u8..=100),
        ) -> Transform {
            Transform {
                preset, width: size.0, height: size.1, fit, focus: focus.map(|(x, y)| Focus { x, y }), enlarge: flags.0,
                dpr: size.2, flip, rotate, blur: filters.0, sharpen: filters.1, format, quality, strip: flags.1,
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(transform in transforms()) {
            prop_assume!(transform != Transform::default());
            prop_assert_eq!(read(&transform.to_string()), Ok(transform));
        }

        #[test]
        fn settling_twice_is_settling_once_and_still_has_a_spelling(transform in transforms()) {
            let settled = transform.settled();
            prop_assert_eq!(settled.clone().settled(), settled.clone());
            prop_assert!(settled == Transform::default() || read(&settled.to_string()) == Ok(settled));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}|([a-z]{0,7}=[a-z0-9.:-]{0,7},?){0,5}|(w|h|q|dpr|blur)=[0-9.]{0,7}") {
            if let Ok(transform) = read(&text) {
                prop_assert_eq!(read(&transform.to_string()), Ok(transform.clone()));
                prop_assert!(transform.to_string().len() <= TEXT_BYTES_MAX);
            }
        }
    }

    #[test]
    fn every_output_format_can_be_asked_for() {
        for format in OutputFormat::ALL {
            assert!(FORMATS.iter().any(|(_, wish)| *wish == FormatWish::Only(format)), "{format:?}");
        }
    }
}

//! How large the result is, from numbers alone.
//!
//! The image is turned upright by its EXIF orientation, flipped, rotated, and then put into the box `w` x `h` (times `dpr`):
//! - with one side given, the other follows from the proportions;
//! - `fit` is the largest size of its own proportions within the box, `fill` the box itself, `crop` the box cut out of the smallest
//!   size that covers it;
//! - nothing becomes larger than it is unless `enlarge=yes`: `fit` keeps the image's size, and of a box that does not fit into the
//!   image, `fill` and `crop` take the largest one of the same proportions that does.
//!
//! Sides are rounded to the nearest pixel, halves up, and are at least one.

use crate::{Fit, Focus, Rotation, Transform};
use serde::{Deserialize, Serialize};

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// What is done to an image that lies upright, flipped and rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// It is resampled to this.
    pub scaled: Size,
    /// Of which this is cut out, from that corner.
    pub cut: Option<Cut>,
}

/// A part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Columns to its left.
    pub left: u32,
    /// Rows above it.
    pub top: u32,
    /// Its size.
    pub size: Size,
}

impl Size {
    /// With the sides exchanged.
    #[must_use]
    pub fn turned(self) -> Self {
        Self { width: self.height, height: self.width }
    }

    /// How many pixels.
    #[must_use]
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

impl Plan {
    /// The size of the result.
    #[must_use]
    pub fn result(&self) -> Size {
        self.cut.map_or(self.scaled, |cut| cut.size)
    }
}

/// What `transform` (settled) does to an upright image of `size`.
#[must_use]
pub fn plan(size: Size, transform: &Transform) -> Plan {
    let turned = matches!(transform.rotate, Some(Rotation::Quarter | Rotation::ThreeQuarters));
    let from = if turned { size.turned() } else { size };
    let enlarge = transform.enlarge == Some(true);
    let whole = |scaled| Plan { scaled, cut: None };
    let (width, height) = match (transform.width, transform.height) {
        (None, None) => return whole(from),
        (Some(width), None) => {
            return whole(by_width(from, if enlarge { width } else { width.min(from.width) }));
        }
        (None, Some(height)) => {
            let height = if enlarge { height } else { height.min(from.height) };
            return whole(by_width(from.turned(), height).turned());
        }
        (Some(width), Some(height)) => (width, height),
    };
    let wanted = Size { width, height };
    match transform.fit.unwrap_or(Fit::Fit) {
        Fit::Fit => {
            let wanted = if enlarge { wanted } else { smaller(wanted, from) };
            // The side that the box leaves least of decides.
            if is_wider(from, wanted) {
                whole(by_width(from, wanted.width))
            } else {
                whole(by_width(from.turned(), wanted.height).turned())
            }
        }
        Fit::Fill => whole(if enlarge { wanted } else { shrunk(wanted, from) }),
        Fit::Crop => {
            let wanted = if enlarge { wanted } else { shrunk(wanted, from) };
            let cover = if is_wider(from, wanted) {
                by_width(from.turned(), wanted.height).turned()
            } else {
                by_width(from, wanted.width)
            };
            let cover =
                Size { width: cover.width.max(wanted.width), height: cover.height.max(wanted.height) };
            let focus = transform.focus.unwrap_or(Focus::CENTRE);
            let place = |spare: u32, per_cent: u8| rounded(u64::from(spare) * u64::from(per_cent), 100, 0);
            let cut = Cut {
                left: place(cover.width - wanted.width, focus.x),
                top: place(cover.height - wanted.height, focus.y),
                size: wanted,
            };
            Plan { scaled: cover, cut: (cover != wanted).then_some(cut) }
        }
    }
}

/// The size of `of`'s proportions with this width.
fn by_width(of: Size, width: u32) -> Size {
    Size { width, height: rounded(u64::from(of.height) * u64::from(width), u64::from(of.width), 1) }
}

/// The largest size of `wanted`'s proportions within `from`, `wanted` at most.
fn shrunk(wanted: Size, from: Size) -> Size {
    if wanted.width <= from.width && wanted.height <= from.height {
        return wanted;
    }
    let shrunk = if is_wider(wanted, from) {
        by_width(wanted, from.width)
    } else {
        by_width(wanted.turned(), from.height).turned()
    };
    smaller(shrunk, from)
}

fn smaller(one: Size, other: Size) -> Size {
    Size { width: one.width.min(other.width), height: one.height.min(other.height) }
}

/// Whether `one` is wider for its height than `other`, or as wide.
fn is_wider(one: Size, other: Size) -> bool {
    u64::from(one.width) * u64::from(other.height) >= u64::from(other.width) * u64::from(one.height)
}

fn rounded(numerator: u64, denominator: u64, least: u32) -> u32 {
    let denominator = denominator.max(1);
    u32::try_from((2 * numerator + denominator) / (2 * denominator)).unwrap_or(u32::MAX).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn planned(width: u32, height: u32, options: &str) -> (u32, u32) {
        let result = plan(Size { width, height }, &options.parse::<Transform>().unwrap().settled()).result();
        (result.width, result.height)
    }

    #[test]
    fn the_rule_by_examples() {
        for (options, of_landscape, of_portrait) in [
            ("format=auto", (1200, 800), (800, 1200)),
            ("w=300", (300, 200), (300, 450)),
            ("h=300", (450, 300), (200, 300)),
            ("w=2000", (1200, 800), (800, 1200)),
            ("w=2400,enlarge=yes", (2400, 1600), (2400, 3600)),
            ("w=300,h=300", (300, 200), (200, 300)),
            ("w=300,h=300,fit=fill", (300, 300), (300, 300)),
            ("w=300,h=300,fit=crop", (300, 300), (300, 300)),
            ("w=1600,h=1600,fit=crop", (800, 800), (800, 800)),
            ("w=1600,h=800,fit=fill", (1200, 600), (800, 400)),
            ("w=1600,h=1600,fit=crop,enlarge=yes", (1600, 1600), (1600, 1600)),
            ("w=300,rotate=90", (300, 450), (300, 200)),
            ("w=150,dpr=2", (300, 200), (300, 450)),
            ("w=1,h=1000", (1, 1), (1, 2)),
        ] {
            assert_eq!(planned(1200, 800, options), of_landscape, "{options}");
            assert_eq!(planned(800, 1200, options), of_portrait, "{options}");
        }
    }

    #[test]
    fn the_focus_decides_what_is_cut() {
        let cut = |options: &str| {
            let transform = options.parse::<Transform>().unwrap().settled();
            let cut = plan(Size { width: 400, height: 200 }, &transform).cut.unwrap();
            (cut.left, cut.top)
        };
        assert_eq!(cut("w=100,h=100,fit=crop"), (50, 0));
        assert_eq!(cut("w=100,h=100,fit=crop,focus=left"), (0, 0));
        assert_eq!(cut("w=100,h=100,fit=crop,focus=bottom-right"), (100, 0));
        assert_eq!(cut("w=200,h=50,fit=crop,focus=30:80"), (0, 40));
    }

    proptest! {
        #[test]
        fn every_plan_keeps_the_rule(
            width in 1_u32..5000, height in 1_u32..5000, w in prop::option::of(1_u32..5000), h in prop::option::of(1_u32..5000),
            fit in prop::option::of(prop::sample::select(vec![Fit::Fit, Fit::Fill, Fit::Crop])),
            focus in (0_u8..=100, 0_u8..=100), enlarge in any::<bool>(), turned in any::<bool>(),
        ) {
            let transform = Transform {
                width: w, height: h, fit, focus: Some(Focus { x: focus.0, y: focus.1 }), enlarge: Some(enlarge),
                rotate: turned.then_some(Rotation::Quarter), ..Transform::default()
            }.settled();
            let from = Size { width, height };
            let from = if turned { from.turned() } else { from };
            let plan = plan(Size { width, height }, &transform);
            let result = plan.result();
            prop_assert!(result.width >= 1 && result.height >= 1);
            if !enlarge {
                prop_assert!(result.width <= from.width && result.height <= from.height, "{:?}", result);
                // Covering rounds, so that what is cut from may be a pixel's rounding larger, and never more.
                prop_assert!(plan.scaled.width <= from.width && plan.scaled.height <= from.height, "{:?}", plan);
            }
            if let Some(cut) = plan.cut {
                prop_assert!(cut.left + cut.size.width <= plan.scaled.width && cut.top + cut.size.height <= plan.scaled.height);
            }
            match (w, h, fit.unwrap_or(Fit::Fit)) {
                (Some(w), Some(h), Fit::Fill | Fit::Crop) if enlarge || (w <= from.width && h <= from.height) => {
                    prop_assert_eq!(result, Size { width: w, height: h });
                }
                (Some(w), Some(h), Fit::Fit) => {
                    prop_assert!(result.width <= w && result.height <= h, "{:?} in {}x{}", result, w, h);
                    let touches = result.width == w || result.height == h || result == from;
                    prop_assert!(touches, "{:?} in {}x{}", result, w, h);
                }
                (None, None, _) => prop_assert_eq!(result, from),
                _ => {}
            }
            // Proportions are kept but for rounding, except where they are asked to go.
            if plan.cut.is_none() && !matches!((w, h, fit), (Some(_), Some(_), Some(Fit::Fill | Fit::Crop))) {
                let exact = f64::from(from.height) * f64::from(result.width) / f64::from(from.width);
                let exact_width = f64::from(from.width) * f64::from(result.height) / f64::from(from.height);
                let near = (exact - f64::from(result.height)).abs() <= 1.0 || (exact_width - f64::from(result.width)).abs() <= 1.0;
                prop_assert!(near, "{:?} of {:?}", result, from);
            }
        }
    }
}

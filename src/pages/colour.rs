//! The accent colour, made so that it can be read.
//!
//! Invariant: the colours of both schemes stand out from the card, and so from the text on a button, by 4.5 to 1
//! (WCAG 2.2, 1.4.3).

/// The card's colour in the light scheme (`templates/style.css`).
const LIGHT_CARD: [u8; 3] = [0xff, 0xff, 0xff];
/// The same in the dark scheme.
const DARK_CARD: [u8; 3] = [0x1b, 0x20, 0x27];
/// A little more than is asked for, since [`linear`] is not exact.
const CONTRAST: f64 = 4.8;
const STEPS: u8 = 32;

/// The accent on a light card and on a dark one, each as `#rrggbb`.
#[must_use]
pub fn accents(accent: &str) -> [String; 2] {
    let digits = accent.strip_prefix('#').unwrap_or_default();
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).unwrap_or_default().to_be_bytes();
    let accent = [red, green, blue];
    [readable(accent, [0; 3], LIGHT_CARD), readable(accent, [u8::MAX; 3], DARK_CARD)]
}

/// The accent, led towards `end` until it can be read on `card`.
fn readable(accent: [u8; 3], end: [u8; 3], card: [u8; 3]) -> String {
    let steps = (0..=STEPS).map(|step| mixed(accent, end, step));
    let [red, green, blue] = steps.clone().find(|colour| contrast(*colour, card) >= CONTRAST).unwrap_or(end);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn mixed(from: [u8; 3], to: [u8; 3], step: u8) -> [u8; 3] {
    let mut colour = [0; 3];
    for ((mixed, from), to) in colour.iter_mut().zip(from).zip(to) {
        let (from, to) = (u16::from(from), u16::from(to));
        let rest = u16::from(STEPS.saturating_sub(step));
        let sum = from.saturating_mul(rest).saturating_add(to.saturating_mul(u16::from(step)));
        *mixed = u8::try_from(sum.div_euclid(u16::from(STEPS))).unwrap_or(u8::MAX);
    }
    colour
}

/// The contrast of two colours (WCAG 2.2, "contrast ratio").
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance([red, green, blue]: [u8; 3]) -> f64 {
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// A channel of sRGB made linear, by a polynomial that differs from the exact curve by less than a hundredth.
fn linear(channel: u8) -> f64 {
    let channel = f64::from(channel) / 255.0;
    channel * (channel * (channel * 0.305_306_011 + 0.682_171_111) + 0.012_522_878)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exactly_linear(channel: u8) -> f64 {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    }

    fn exact_contrast(one: &str, other: [u8; 3]) -> f64 {
        let channels = [1, 3, 5].map(|at| u8::from_str_radix(&one[at..at + 2], 16).unwrap());
        let luminance = |[red, green, blue]: [u8; 3]| {
            0.2126 * exactly_linear(red) + 0.7152 * exactly_linear(green) + 0.0722 * exactly_linear(blue)
        };
        let (one, other) = (luminance(channels), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    proptest! {
        #[test]
        fn every_accent_can_be_read_in_both_schemes(accent: [u8; 3]) {
            let [red, green, blue] = accent;
            let [light, dark] = accents(&format!("#{red:02x}{green:02x}{blue:02x}"));
            prop_assert!(exact_contrast(&light, LIGHT_CARD) >= 4.5, "{}", light);
            prop_assert!(exact_contrast(&dark, DARK_CARD) >= 4.5, "{}", dark);
        }
    }

    #[test]
    fn an_accent_that_can_be_read_is_left_as_it_is() {
        assert_eq!(accents("#B00020")[0], "#b00020");
        assert_eq!(accents("#8ab4f8")[1], "#8ab4f8");
        assert_eq!(accents("#ffffff")[1], "#ffffff");
    }
}

//! The language that a person reads best, of those that the gate's pages speak.

use std::cmp::Reverse;

/// A language of the gate's pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, also for those who read none of the others.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
    /// Italian.
    Italian,
    /// Dutch.
    Dutch,
    /// Polish.
    Polish,
    /// Japanese.
    Japanese,
    /// Chinese in simplified characters.
    Chinese,
    /// Arabic.
    Arabic,
    /// Hebrew.
    Hebrew,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Portuguese,
        Self::Italian,
        Self::Dutch,
        Self::Polish,
        Self::Japanese,
        Self::Chinese,
        Self::Arabic,
        Self::Hebrew,
    ];

    /// Its code (ISO 639-1).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Italian => "it",
            Self::Dutch => "nl",
            Self::Polish => "pl",
            Self::Japanese => "ja",
            Self::Chinese => "zh",
            Self::Arabic => "ar",
            Self::Hebrew => "he",
        }
    }

    /// Whether it is written from right to left.
    #[must_use]
    pub const fn is_right_to_left(self) -> bool {
        matches!(self, Self::Arabic | Self::Hebrew)
    }

    /// The language of a tag like `de` or `pt-BR`, by its first part (RFC 4647 §3.4).
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let code = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// The language of an `Accept-Language` header (RFC 9110 §12.5.4): of those that are known the one with the highest
    /// weight, and of equals the first.
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        let known = header.split(',').filter_map(|entry| {
            let (tag, parameter) = entry.split_once(';').unwrap_or((entry, ""));
            Some((Self::of_tag(tag.trim())?, weight(parameter)?))
        });
        // The first of those that are equal.
        let best = known.filter(|(_, weight)| *weight > 0).min_by_key(|(_, weight)| Reverse(*weight));
        best.map(|(language, _)| language)
    }
}

/// A weight in thousandths: `q=0.8` is 800 (RFC 9110 §12.4.2).
fn weight(parameter: &str) -> Option<u32> {
    let Some((name, value)) = parameter.split_once('=') else { return Some(1000) };
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let is_weight = name.trim().eq_ignore_ascii_case("q") && fraction.len() <= 3;
    let thousandths = format!("{whole}{fraction:0<3}").parse().ok()?;
    (is_weight && thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_weight_counts_and_of_equals_the_first() {
        for (header, expected) in [
            ("de", Some(Language::German)),
            ("DE-at", Some(Language::German)),
            ("da, en-GB;q=0.8, en;q=0.7", Some(Language::English)),
            ("fr;q=0.5, nl;q=0.9, it;q=0.9", Some(Language::Dutch)),
            ("fr;q=0.501,nl;q=0.5", Some(Language::French)),
            ("pl ; q=0.3 , ja", Some(Language::Japanese)),
            ("zh-Hant-TW", Some(Language::Chinese)),
            ("es;q=0, pt;q=0.001", Some(Language::Portuguese)),
            ("ar;q=1.000", Some(Language::Arabic)),
            ("he;q=2, it;q=0.1", Some(Language::Italian)),
            ("he;q=x", None),
            ("de;q=0", None),
            ("sv, da;q=0.5, *", None),
            ("den, d, deutsch", None),
            ("", None),
            (",;,=;q", None),
        ] {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }
}

//! Values that a browser carries for the gate and cannot change: JSON behind an HMAC-SHA256, in base64url.
//!
//! Invariant: a value that opens was sealed here, for this purpose and this app.

use serde::Serialize;

use crate::base::bytes;
use crate::base::json::Fields;
use crate::token::{Keys, RarePurpose};

const TAG: usize = 32;

/// A value that was opened, and the rank of the secret that it was sealed under.
pub struct Opened {
    /// What it holds.
    pub fields: Fields,
    /// Which secret: 0 is the current one.
    pub rank: usize,
}

/// Seals a value under the secret of a rank.
#[must_use]
pub fn seal(value: &impl Serialize, purpose: RarePurpose, rank: usize, keys: &Keys) -> String {
    // Plain data always serialises; what is empty is only refused.
    let body = serde_json::to_string(value).unwrap_or_default();
    let tag = keys.rare_tag(purpose, rank, body.as_bytes()).unwrap_or_default();
    bytes::encode(&[tag.as_slice(), body.as_bytes()].concat())
}

/// Opens a text.
#[must_use]
pub fn open(text: &str, purpose: RarePurpose, keys: &Keys) -> Option<Opened> {
    let sealed = bytes::decode_any(text)?;
    let (tag, body) = sealed.split_first_chunk::<TAG>()?;
    let rank = keys.rank_of_rare(purpose, body, tag)?;
    Some(Opened { fields: Fields::parse(std::str::from_utf8(body).ok()?)?, rank })
}

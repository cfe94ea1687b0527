//! The logout marker: what a browser holds while its logout could not be done yet.
//!
//! Invariant: a marker can do the logouts it was sealed for and nothing else. It is no session
//! and proves none; replaying it ends what has ended already.

use crate::base::bytes;
use crate::base::json::array;
use crate::session::Logout;

use super::keys::{Keys, Purpose};

const TAG: usize = 32;

/// The marker's text.
#[must_use]
pub fn seal_marker(logouts: &[Logout], keys: &Keys) -> String {
    // Plain data always serialises; an empty marker would only be refused.
    let body = serde_json::to_string(logouts).unwrap_or_default();
    let body = body.as_bytes();
    bytes::encode(&[keys.tag(Purpose::Marker, body).as_slice(), body].concat())
}

/// Reads a text that was sealed with one of `keys`.
#[must_use]
pub fn open_marker(text: &str, keys: &Keys) -> Option<Vec<Logout>> {
    let sealed = bytes::decode_any(text)?;
    let (tag, body) = sealed.split_first_chunk::<TAG>()?;
    if !keys.accepts(Purpose::Marker, body, tag) {
        return None;
    }
    let logouts = serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    array(logouts, Logout::read)
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::{SECRET, keys};
    use super::*;
    use crate::base::time::Timestamp;
    use crate::session::{Handle, ObjectId, Proof, Scope, SessionId};

    #[test]
    fn a_marker_reads_back_and_only_unchanged() {
        let keys = keys("public", &[SECRET]);
        let logout = Logout {
            handle: Handle {
                object: ObjectId::from_hex(&"0f".repeat(32)).unwrap(),
                id: SessionId::from_bytes([3; 16]),
            },
            scope: Scope::All,
            proof: Proof::Access(None),
            as_of: Some(Timestamp::from_seconds(9)),
        };
        let text = seal_marker(&[logout], &keys);
        assert_eq!(open_marker(&text, &keys), Some(vec![logout]));
        let first = if text.starts_with('A') { "B" } else { "A" };
        assert_eq!(open_marker(&format!("{first}{}", &text[1..]), &keys), None);
        assert_eq!(open_marker("", &keys), None);
    }
}

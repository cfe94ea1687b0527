//! The way of a navigation that lacks a proof: to the login, and never in a circle.
//!
//! A login of the application's may not know what it was asked for, and send its visitor back as they came. So the
//! redirect sets a short-lived marker that says for which session what was asked. It proves nothing and opens nothing;
//! the worst that a made-up one does is a page in the place of a redirect.
//!
//! Rule, for a navigation whose marker asks for the same:
//! 1. Of the same session: nobody has logged in since. After [`MAX_TIMES`] there is a page; a person may have several
//!    tabs, or turn back halfway.
//! 2. Of another session, and the way of the proof is lacking: the login has answered without it. A page.
//! 3. Of another session, and the proof is too old: a page if the session is younger than `max_age`, since then it
//!    began with a proof that was too old. Else time has passed, and the login is asked anew.

use super::person::Person;
use super::require::Lack;
use crate::base::bytes;
use crate::base::time::{Seconds, Timestamp};
use crate::config::Demands;
use crate::session::SessionId;

/// How often the login is asked for one session.
const MAX_TIMES: u8 = 3;

/// How long a browser keeps the marker.
pub const MARKER_LIFETIME: Seconds = Seconds::new(600);

/// What the login was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepUpMarker {
    times: u8,
    session: SessionId,
    acr: String,
}

/// Where a navigation goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepUpWay {
    /// To the login, with this marker.
    Login(StepUpMarker),
    /// To a page, from which the person may go on to the login.
    Page,
}

/// Decides; `None` only for a person without a session, who lacks more than a proof.
#[must_use]
pub fn step_up_way(
    lack: Lack,
    demands: &Demands,
    person: &Person<'_>,
    marker: Option<&StepUpMarker>,
    now: Timestamp,
) -> Option<StepUpWay> {
    let session = person.handle?.id;
    let acr = acr_values(demands);
    let ask = |times| Some(StepUpWay::Login(StepUpMarker { times, session, acr: acr.clone() }));
    let Some(marker) = marker.filter(|marker| marker.acr == acr) else { return ask(1) };
    if marker.session == session {
        return if marker.times < MAX_TIMES {
            ask(marker.times.saturating_add(1))
        } else {
            Some(StepUpWay::Page)
        };
    }
    let is_young = || match (person.created_at, demands.max_age) {
        (Some(created_at), Some(max_age)) => created_at.within(max_age, now),
        _ => false,
    };
    if lack == Lack::Acr || is_young() { Some(StepUpWay::Page) } else { ask(1) }
}

/// The ways of proof that are asked for, as `acr_values` writes them (`OpenID` Connect Core §3.1.2.1).
#[must_use]
pub fn acr_values(demands: &Demands) -> String {
    demands.acr.as_ref().map(|acr| acr.join(" ")).unwrap_or_default()
}

impl StepUpMarker {
    /// Reads the cookie's value.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (times, rest) = text.split_once('.')?;
        let (session, acr) = rest.split_once('.')?;
        Some(Self {
            times: times.parse().ok()?,
            session: SessionId::parse(session)?,
            acr: String::from_utf8(bytes::decode_any(acr)?).ok()?,
        })
    }

    /// The cookie's value.
    #[must_use]
    pub fn write(&self) -> String {
        format!("{}.{}.{}", self.times, self.session, bytes::encode(self.acr.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::demands;
    use crate::session::{Handle, Login, ObjectId};
    use serde_json::json;

    fn id(n: u8) -> SessionId {
        SessionId::from_bytes([n; 16])
    }

    fn marker(times: u8, session: u8, acr: &str) -> StepUpMarker {
        StepUpMarker { times, session: id(session), acr: acr.to_owned() }
    }

    /// The way of a session that was made `age` seconds ago, where 600 and `mfa` are asked for.
    fn way(lack: Lack, session: u8, age: i64, marker: Option<&StepUpMarker>) -> StepUpWay {
        let at = Timestamp::from_seconds;
        let handle = Some(Handle { object: ObjectId::default(), id: id(session) });
        let login = Login::default();
        let person = Person { user_id: "u", handle, login: &login, created_at: Some(at(10_000 - age)) };
        let demands = demands(json!({ "max_age": 600, "acr": ["mfa"] }));
        step_up_way(lack, &demands, &person, marker, at(10_000)).unwrap()
    }

    #[test]
    fn the_first_time_leads_to_the_login() {
        let asked = StepUpWay::Login(marker(1, 1, "mfa"));
        assert_eq!(way(Lack::Acr, 1, 0, None), asked);
        assert_eq!(way(Lack::Age, 1, 5000, None), asked);
        assert_eq!(way(Lack::Acr, 1, 0, Some(&marker(3, 2, "hwk"))), asked, "that was for something else");
    }

    #[test]
    fn nobody_is_led_in_a_circle() {
        for lack in [Lack::Acr, Lack::Age] {
            let mut seen = None;
            for _ in 0..MAX_TIMES {
                let StepUpWay::Login(marker) = way(lack, 1, 5000, seen.as_ref()) else { panic!("too early") };
                seen = Some(marker);
            }
            assert_eq!(way(lack, 1, 5000, seen.as_ref()), StepUpWay::Page);
        }
    }

    #[test]
    fn a_login_that_does_not_bring_what_was_asked_is_not_asked_again() {
        let asked = marker(1, 1, "mfa");
        for age in [0, 600, 601, 5000] {
            assert_eq!(way(Lack::Acr, 2, age, Some(&asked)), StepUpWay::Page);
        }
        assert_eq!(way(Lack::Age, 2, 600, Some(&asked)), StepUpWay::Page, "it began with an old proof");
        assert_eq!(
            way(Lack::Age, 2, 601, Some(&asked)),
            StepUpWay::Login(marker(1, 2, "mfa")),
            "time has passed"
        );
    }

    #[test]
    fn a_marker_reads_back_and_anything_else_is_none() {
        for marker in [marker(1, 7, "mfa urn:x:y"), marker(255, 0, "")] {
            assert_eq!(StepUpMarker::read(&marker.write()), Some(marker));
        }
        for text in [
            "",
            "1",
            "1.x.y",
            "x.AQEBAQEBAQEBAQEBAQEBAQ.",
            "1.AQEBAQEBAQEBAQEBAQEBAQ.!",
            "256.AQEBAQEBAQEBAQEBAQEBAQ.",
        ] {
            assert_eq!(StepUpMarker::read(text), None, "{text}");
        }
    }
}

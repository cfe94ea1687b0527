//! A person's sessions: the page that lists them, and their JSON.

use askama::Template;
use serde_json::{Value, json};

use super::{Frame, Pages, Text};
use crate::base::time::Timestamp;
use crate::request::Language;
use crate::response::{Answer, Reason};
use crate::session::{Handle, Login, Policy, Session};

/// So many devices are on one page.
pub const PER_PAGE: usize = 20;

/// What a user agent says of a device; empty where it says nothing.
pub struct DeviceNames {
    /// The browser.
    pub browser: String,
    /// The operating system.
    pub system: String,
}

/// A session as its user sees it.
pub struct ListedDevice {
    /// The session.
    pub session: Session,
    /// The names of its device.
    pub names: DeviceNames,
    /// When it began, in the reader's language.
    pub since: String,
    /// When it was last used, in the reader's language.
    pub used: String,
}

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices<'a> {
    frame: &'a Frame,
    signed_in_as: String,
    revoke: &'a str,
    rows: Vec<Row>,
    previous: Option<usize>,
    next: Option<usize>,
}

struct Row {
    handle: String,
    current: bool,
    name: String,
    details: String,
    log_out: String,
}

impl DeviceNames {
    /// The device in words, as far as it is known.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match (self.browser.as_str(), self.system.as_str()) {
            ("", "") => Text::UnknownDevice.of(language).to_owned(),
            (name, "") | ("", name) => name.to_owned(),
            (browser, system) => Text::DeviceOn.with(language, &[browser, system]),
        }
    }
}

/// The number of the page that is asked for: from 1, and one that there is.
#[must_use]
pub fn page_number(asked: Option<&str>, devices: usize) -> usize {
    let asked = asked.and_then(|asked| asked.parse().ok()).unwrap_or(1);
    asked.clamp(1, devices.div_ceil(PER_PAGE).max(1))
}

impl Pages<'_> {
    /// The devices of page `number`, out of so many in all.
    #[must_use]
    pub fn devices(self, current: Handle, listed: &[ListedDevice], number: usize, all: usize) -> Answer {
        let frame = self.frame();
        let user_id = listed.first().map_or("", |listed| listed.session.user_id.as_str());
        let page = Devices {
            frame: &frame,
            signed_in_as: Text::SignedInAs.with(self.language, &[user_id]),
            revoke: &format!("{}/sessions/revoke", self.config.base_path),
            rows: listed.iter().map(|listed| self.row(listed, current)).collect(),
            previous: number.checked_sub(1).filter(|previous| *previous > 0),
            next: (number < all.div_ceil(PER_PAGE)).then(|| number.saturating_add(1)),
        };
        self.html(200, Reason::Ok, Text::YourDevices, &page, &frame).with("cache-control", "no-store")
    }

    fn row(self, listed: &ListedDevice, current: Handle) -> Row {
        let ListedDevice { session, names, since, used } = listed;
        let handle = Handle { object: current.object, id: session.id };
        let current = handle == current;
        let name = names.in_words(self.language);
        let used = Text::LastUsed.with(self.language, &[used]);
        let provider = session.login().provider.as_ref().map(|key| {
            self.config.provider(key).map_or_else(|| key.clone(), |provider| provider.name.clone())
        });
        let since = Text::SignedInSince.with(self.language, &[since]);
        let details = [session.country.clone(), provider, Some(since), Some(used.clone())];
        let this = current.then(|| self.say(Text::ThisDevice).to_owned());
        let log_out = [Some(format!("{}: {name}", self.say(Text::LogOut))), this, Some(used)];
        Row {
            handle: handle.to_string(),
            current,
            name,
            details: details.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            log_out: log_out.into_iter().flatten().collect::<Vec<_>>().join(", "),
        }
    }
}

/// A person's own session, for programs: claims and provider where there are any.
#[must_use]
pub fn own_session_json(handle: Handle, session: &Session, policy: &Policy) -> Value {
    let mut json = json!({
        "userId": session.user_id,
        "handle": handle,
        "payload": session.payload,
        "createdAt": session.created_at.millis(),
        "expiresAt": session.ends_at(policy).millis(),
    });
    let Login { claims, provider, .. } = session.login();
    if let Some(members) = json.as_object_mut() {
        if !claims.is_empty() {
            members.insert("claims".to_owned(), json!(claims));
        }
        if let Some(provider) = provider {
            members.insert("provider".to_owned(), provider.as_str().into());
        }
    }
    json
}

/// A device, for programs.
#[must_use]
pub fn session_json(current: Handle, session: &Session, device: &str, ends_at: Timestamp) -> Value {
    let handle = Handle { object: current.object, id: session.id };
    json!({
        "handle": handle,
        "current": handle == current,
        "createdAt": session.created_at.millis(),
        "lastSeenAt": session.last_seen_at.millis(),
        "expiresAt": ends_at.millis(),
        "device": device,
        "country": session.country,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_as_far_as_it_is_known() {
        let name = |browser: &str, system: &str| {
            DeviceNames { browser: browser.to_owned(), system: system.to_owned() }.in_words(Language::English)
        };
        assert_eq!(name("Firefox", "Linux"), "Firefox on Linux");
        assert_eq!(name("Firefox", ""), "Firefox");
        assert_eq!(name("", "Linux"), "Linux");
        assert_eq!(name("", ""), "Unknown device");
    }

    #[test]
    fn a_page_is_one_that_there_is() {
        for (asked, devices, expected) in [
            (None, 5, 1),
            (Some("2"), 41, 2),
            (Some("9"), 41, 3),
            (Some("0"), 41, 1),
            (Some("x"), 41, 1),
            (Some("2"), 0, 1),
        ] {
            assert_eq!(page_number(asked, devices), expected, "{asked:?} of {devices}");
        }
    }
}

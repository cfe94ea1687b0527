//! The words of the pages, in each language.
//!
//! Invariant: every language has every text, with the same values in it. `languages/` holds a file for each, with a line
//! for each [`Text`] in its order.

use crate::request::Language;

/// A text on a page; its documentation is the English one, in which `{0}` and `{1}` stand for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// Log in
    LogIn,
    /// Log in again
    LogInAgain,
    /// Log out
    LogOut,
    /// Continue
    Continue,
    /// Try again
    TryAgain,
    /// Back to the application
    Back,
    /// Your devices
    YourDevices,
    /// Bad request
    BadRequest,
    /// Please log in
    PleaseLogIn,
    /// Refused
    Refused,
    /// Not found
    NotFound,
    /// Too large
    TooLarge,
    /// Please wait a minute
    WaitAMinute,
    /// The application does not answer
    ApplicationSilent,
    /// Please try again
    PleaseTryAgain,
    /// Not configured correctly
    Misconfigured,
    /// Not for this account
    NotForThisAccount,
    /// Please confirm that it is you
    ConfirmIdentity,
    /// You are signed out
    SignedOut,
    /// Done
    Done,
    /// Still logging you out
    StillLoggingOut,
    /// Log out?
    AskLogOut,
    /// One moment
    OneMoment,
    /// Please sign in again
    SignInAgain,
    /// You are not signed in
    NotSignedIn,
    /// This account is not allowed
    NotAllowed,
    /// Sign in
    SignIn,
    /// You need to log in to see this page.
    NeedsLogin,
    /// This request came from another site. Nothing was changed.
    FromAnotherSite,
    /// This request does not prove that it comes from this site. Nothing was changed.
    NoProof,
    /// There is no such device among yours. It may have been logged out already.
    NoSuchDevice,
    /// There is no such page.
    NoSuchPage,
    /// The request cannot be read. Nothing was changed.
    Unreadable,
    /// The request is too large.
    RequestTooLarge,
    /// The request did not arrive in time. Nothing was changed.
    TooSlow,
    /// The request holds no form. Nothing was changed.
    NoForm,
    /// This address cannot be opened in this way. Nothing was changed.
    WrongMethod,
    /// Too many requests from your network. Nothing was changed. Please try again in a minute.
    TooMany,
    /// This address does nothing until it is really opened.
    Prefetch,
    /// The gate is up, but the application behind it sent no usable answer.
    NoUsableAnswer,
    /// The gate is up, but the application behind it takes too long.
    TakesTooLong,
    /// Your session could not be checked just now. You are not logged out.
    NotChecked,
    /// This site's gate is not configured correctly. Its operator finds the reason in the log.
    OperatorsLog,
    /// You are signed in as {0}, and this account may not open this page.
    MayNotOpen,
    /// Use another account
    UseAnotherAccount,
    /// This page asks you to prove again, or in another way, who you are. You are still signed in.
    ProveAgain,
    /// You are no longer signed in on this device.
    SignedOutHere,
    /// Every other device is signed out. This device is still signed in.
    OthersSignedOut,
    /// Your session could not be ended just now. This page tries again by itself every few seconds; you can also close it, and the logout is completed as soon as possible.
    LogoutPending,
    /// Try again now
    TryNow,
    /// Another page asks to log you out of this device.
    AskedForCurrent,
    /// Another page asks to log you out of all your devices.
    AskedForAll,
    /// Another page asks to log you out of all your other devices.
    AskedForOthers,
    /// You will be logged out of all your devices, this one included.
    EndsEverywhere,
    /// Nothing has happened yet.
    NothingYet,
    /// Stay signed in
    StaySignedIn,
    /// The page opens by itself.
    OpensItself,
    /// You may still be signed in at {0}: sign out there as well if others use this device.
    StillAtProvider,
    /// This sign-in was begun too long ago, or in another browser.
    LoginTooLate,
    /// The sign-in at {0} was cancelled or not allowed.
    LoginCancelled,
    /// You signed in at {0}, but this account lacks what is needed here ({1}).
    LacksClaim,
    /// The answer of {0} could not be accepted. Nothing was changed.
    AnswerRefused,
    /// {0} does not answer as it should. If you were signed in here, you still are.
    ProviderTrouble,
    /// Signed in as {0}. Log out of any device that you do not know.
    SignedInAs,
    /// This device
    ThisDevice,
    /// Signed in {0}
    SignedInSince,
    /// last used {0}
    LastUsed,
    /// {0} on {1}
    DeviceOn,
    /// Unknown device
    UnknownDevice,
    /// Log out all others
    LogOutOthers,
    /// Log out everywhere
    LogOutEverywhere,
    /// Previous
    Previous,
    /// Next
    Next,
    /// Something went wrong here. Its cause is in the log.
    WentWrong,
}

impl Text {
    /// The text with its values. They are set apart where they may run in the other direction.
    #[must_use]
    pub fn with(self, language: Language, values: &[&str]) -> String {
        let mut parts = self.of(language).split('{');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (place, rest) = part.split_once('}').unwrap_or_default();
            let value = place.parse().ok().and_then(|place: usize| values.get(place)).copied();
            let value = value.unwrap_or_default();
            if language.is_right_to_left() {
                text.extend(["\u{2068}", value, "\u{2069}", rest]);
            } else {
                text.extend([value, rest]);
            }
        }
        text
    }

    /// The text as it stands.
    #[must_use]
    pub fn of(self, language: Language) -> &'static str {
        texts(language).lines().nth(self as usize).unwrap_or_default()
    }
}

const fn texts(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("languages/en.txt"),
        Language::German => include_str!("languages/de.txt"),
        Language::French => include_str!("languages/fr.txt"),
        Language::Spanish => include_str!("languages/es.txt"),
        Language::Portuguese => include_str!("languages/pt.txt"),
        Language::Italian => include_str!("languages/it.txt"),
        Language::Dutch => include_str!("languages/nl.txt"),
        Language::Polish => include_str!("languages/pl.txt"),
        Language::Japanese => include_str!("languages/ja.txt"),
        Language::Chinese => include_str!("languages/zh.txt"),
        Language::Arabic => include_str!("languages/ar.txt"),
        Language::Hebrew => include_str!("languages/he.txt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Text = Text::WentWrong;

    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<&str> =
            text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn every_language_has_every_text_with_the_same_values() {
        let english: Vec<&str> = texts(Language::English).lines().collect();
        assert_eq!(english.len(), LAST as usize + 1);
        for language in Language::ALL {
            let texts: Vec<&str> = texts(language).lines().collect();
            assert_eq!(texts.len(), english.len(), "{language:?}");
            for (text, english) in texts.iter().zip(&english) {
                assert!(!text.is_empty() && text.trim() == *text, "{language:?}: {english}");
                assert_eq!(places(text), places(english), "{language:?}: {text}");
            }
        }
    }

    #[test]
    fn the_documentation_of_a_text_is_its_english() {
        let documented = include_str!("text.rs").lines().filter_map(|line| line.strip_prefix("    /// "));
        let english: Vec<&str> = texts(Language::English).lines().collect();
        assert_eq!(documented.take(english.len()).collect::<Vec<_>>(), english);
    }

    #[test]
    fn a_value_is_put_in_as_it_is() {
        let text = |language| Text::DeviceOn.with(language, &["{1}", "B"]);
        assert_eq!(text(Language::English), "{1} on B");
        assert_eq!(text(Language::Chinese), "B 上的 {1}");
        assert_eq!(text(Language::Hebrew), "\u{2068}{1}\u{2069} ב-\u{2068}B\u{2069}");
    }
}

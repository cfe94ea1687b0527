//! What can go wrong with a request, in the words of people and of programs.

use super::{Pages, Text};
use crate::response::{Answer, Reason};

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The request itself.
    BadRequest(&'static str),
    /// No session.
    NoSession,
    /// The request came from another site.
    CrossSite,
    /// The request does not show what `ANTI_CSRF` asks for.
    AntiCsrf,
    /// No such session, or none of this user's.
    UnknownSession,
    /// No such page of the gate.
    NotFound,
    /// A body that breaks off, or is not what its framing says.
    BrokenBody,
    /// A body over its limit.
    TooLarge,
    /// A body that does not come.
    TooSlow,
    /// A body that is no form.
    UnknownForm,
    /// A client that asks too often.
    TooMany,
    /// A method that the address does not know.
    Method,
    /// A browser that only guesses where its user goes next.
    Prefetch,
    /// The application does not answer, or with a status that HTTP does not know.
    BadGateway {
        /// What a program hears.
        why: &'static str,
        /// What the log says beside it.
        cause: String,
    },
    /// The application sent a header that makes no sense.
    OriginHeaders(String),
    /// The origin takes longer than it may.
    GatewayTimeout,
    /// The object does not answer.
    Unavailable,
    /// The gate itself.
    Failed,
    /// The way to the application leads back to the gate.
    Loop,
    /// A setting is wrong.
    Misconfigured,
}

impl Problem {
    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) | Self::BrokenBody => 400,
            Self::NoSession => 401,
            Self::CrossSite | Self::AntiCsrf => 403,
            Self::UnknownSession | Self::NotFound => 404,
            Self::Method => 405,
            Self::TooSlow => 408,
            Self::TooLarge => 413,
            Self::UnknownForm => 415,
            Self::TooMany => 429,
            Self::Failed | Self::Misconfigured => 500,
            Self::BadGateway { .. } | Self::OriginHeaders(_) => 502,
            Self::Prefetch | Self::Unavailable => 503,
            Self::GatewayTimeout => 504,
            Self::Loop => 508,
        }
    }

    /// What an API says.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::BadRequest(why) | Self::BadGateway { why, .. } => (*why).to_owned(),
            Self::NoSession => "unauthorised".to_owned(),
            Self::CrossSite => "cross-site request refused".to_owned(),
            Self::AntiCsrf => "the proof that ANTI_CSRF asks for is missing".to_owned(),
            Self::UnknownSession => "no such session".to_owned(),
            Self::NotFound => "not found".to_owned(),
            Self::BrokenBody => "the body cannot be read".to_owned(),
            Self::TooLarge => "the body is too large".to_owned(),
            Self::TooSlow => "the body took too long".to_owned(),
            Self::UnknownForm => "the body must be a form: urlencoded, multipart or JSON".to_owned(),
            Self::TooMany => "too many requests; try again in a minute".to_owned(),
            Self::Method => "method not allowed".to_owned(),
            Self::Prefetch => "not for prefetching".to_owned(),
            Self::OriginHeaders(why) => why.clone(),
            Self::GatewayTimeout => "the origin does not answer in time".to_owned(),
            Self::Unavailable => "the session store does not answer; try again".to_owned(),
            Self::Failed => "internal error".to_owned(),
            Self::Misconfigured => "the gate is not configured correctly".to_owned(),
            Self::Loop => "the way to the application leads back to the gate".to_owned(),
        }
    }

    /// The word of `Gate-Reason`.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::BadRequest(_) => Reason::Request,
            Self::NoSession => Reason::NoSession,
            Self::CrossSite => Reason::CrossSite,
            Self::AntiCsrf => Reason::AntiCsrf,
            Self::UnknownSession | Self::NotFound => Reason::NotFound,
            Self::BrokenBody | Self::TooLarge | Self::TooSlow | Self::UnknownForm => Reason::Body,
            Self::TooMany => Reason::RateLimited,
            Self::Method => Reason::Method,
            Self::Prefetch => Reason::Prefetch,
            Self::BadGateway { .. } => Reason::OriginUnreachable,
            Self::OriginHeaders(_) => Reason::OriginHeaders,
            Self::GatewayTimeout => Reason::OriginTimeout,
            Self::Unavailable => Reason::StoreUnavailable,
            Self::Failed => Reason::Error,
            Self::Misconfigured => Reason::Misconfigured,
            Self::Loop => Reason::Loop,
        }
    }

    pub(super) const fn words(&self) -> (Text, Text) {
        match self {
            Self::BadRequest(_) | Self::BrokenBody => (Text::BadRequest, Text::Unreadable),
            Self::NoSession => (Text::PleaseLogIn, Text::NeedsLogin),
            Self::CrossSite => (Text::Refused, Text::FromAnotherSite),
            Self::AntiCsrf => (Text::Refused, Text::NoProof),
            Self::UnknownSession => (Text::NotFound, Text::NoSuchDevice),
            Self::NotFound => (Text::NotFound, Text::NoSuchPage),
            Self::Method => (Text::BadRequest, Text::WrongMethod),
            Self::TooLarge => (Text::TooLarge, Text::RequestTooLarge),
            Self::TooSlow => (Text::BadRequest, Text::TooSlow),
            Self::UnknownForm => (Text::BadRequest, Text::NoForm),
            Self::TooMany => (Text::WaitAMinute, Text::TooMany),
            Self::Prefetch => (Text::PleaseTryAgain, Text::Prefetch),
            Self::BadGateway { .. } => (Text::ApplicationSilent, Text::NoUsableAnswer),
            // It does answer.
            Self::OriginHeaders(_) => (Text::PleaseTryAgain, Text::NoUsableAnswer),
            Self::GatewayTimeout => (Text::ApplicationSilent, Text::TakesTooLong),
            Self::Unavailable => (Text::PleaseTryAgain, Text::NotChecked),
            Self::Failed => (Text::PleaseTryAgain, Text::WentWrong),
            Self::Misconfigured | Self::Loop => (Text::Misconfigured, Text::OperatorsLog),
        }
    }
}

impl Pages<'_> {
    /// A page that says what went wrong, and leads on.
    #[must_use]
    pub fn problem(self, problem: &Problem) -> Answer {
        let (heading, text) = problem.words();
        let devices = format!("{}/sessions", self.config.base_path);
        let (href, label) = match problem {
            Problem::NoSession => self.login(Text::LogIn),
            Problem::UnknownSession => (devices.as_str(), Text::YourDevices),
            Problem::TooMany
            | Problem::Prefetch
            | Problem::BadGateway { .. }
            | Problem::OriginHeaders(_)
            | Problem::GatewayTimeout
            | Problem::Unavailable
            | Problem::Failed
            | Problem::Loop
            | Problem::Misconfigured => (self.here(), Text::TryAgain),
            _ => ("/", Text::Back),
        };
        self.message(problem.status(), problem.reason(), heading, self.say(text), (href, label))
    }
}

//! What a request says: its head, its cookies, where it comes from, where it may lead.
//!
//! Invariant: everything here is read from the request alone; what to do about it is `gate`'s.

mod client;
mod cookies;
mod form;
mod forwarding;
pub(crate) mod head;
mod hops;
mod language;
mod origin;
mod provenance;
mod target;

pub use client::network;
pub use cookies::{CookieMatch, find_cookie, sets_cookie, strip, values};
pub use form::{Broken, Form, FormType, first_parameter};
pub use forwarding::{answers_preflight, is_withheld, public_location, site_data_but_cookies};
pub use head::Head;
pub use hops::{HOPS, is_loop, mark, marked, names};
pub use language::Language;
pub use origin::Origin;
pub use provenance::{LogoutLink, Trust, Visit, cross_site, is_speculative, logout_link, visit};
pub use target::{is_path, percent_encode, return_target};

//! A request's parameters: a query, or a small body as a form, `multipart/form-data` or JSON.
//!
//! Rule: all forms say the same in the same way, and of a repeated name the first counts. A body of any
//! other type is not guessed at, and one that is not what its type says is broken, not empty: a logout of
//! the wrong scope is worse than none. Broken is also what says something in a way that is not read:
//!
//! * in a charset in which ASCII is not ASCII;
//! * as `application/x-www-form-urlencoded`, with control characters, which a form escapes;
//! * under a name that no field has and JSON, XML and quoted texts have: one with a control character or
//!   one of `"<>{}`;
//! * under a name that is one of the gate's but for case and what is around it, like `Scope` and `scope[]`.
//!
//! Fields of other names are the affair of whoever wrote the form, and are passed over. So is in a query whatever is not
//! named just so: links gather parameters of all kinds on their way.
//!
//! Invariant: linear in the text, no panic, and nothing is allocated for parameters that nobody asks for.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::base::form;

/// What a body's `Content-Type` and `Content-Encoding` say it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormType {
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// `multipart/form-data`, with its boundary.
    Multipart(String),
    /// `application/json`.
    Json,
    /// Any of these in a charset that is not read.
    Garbled,
}

/// A form that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Content);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    UrlEncoded(Vec<u8>),
    Fields(Vec<(String, String)>),
}

/// A body that is not what its type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// The names by which a form says what is to end.
const DECISIVE: [&str; 2] = ["scope", "handle"];

/// The longest boundary (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;

impl Default for Content {
    fn default() -> Self {
        Self::Fields(Vec::new())
    }
}

impl FormType {
    /// Reads the headers; `None` for what is no form, and for one that is compressed.
    #[must_use]
    pub fn of(content_type: Option<&str>, content_encoding: Option<&str>) -> Option<Self> {
        if content_encoding.is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
            return None;
        }
        let (essence, parameters) = content_type?.split_once(';').unwrap_or((content_type?, ""));
        let is = |name: &str| essence.trim().eq_ignore_ascii_case(name);
        let form_type = if is("application/x-www-form-urlencoded") {
            Self::UrlEncoded
        } else if is("application/json") {
            Self::Json
        } else if is("multipart/form-data") {
            // Without a boundary it is a form all the same, and broken.
            Self::Multipart(parameter(parameters, "boundary").unwrap_or_default())
        } else {
            return None;
        };
        let is_read = parameter(parameters, "charset").is_none_or(|charset| is_like_ascii(&charset));
        Some(if is_read { form_type } else { Self::Garbled })
    }
}

/// Whether a charset has ASCII, in which all that the gate asks for is written, as its first 128 characters.
fn is_like_ascii(charset: &str) -> bool {
    let charset = charset.trim().to_ascii_lowercase();
    matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii" | "ascii")
        || charset.starts_with("iso-8859-")
        || charset.starts_with("windows-125")
}

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Broken`] when it is not what its type says, or may say what is not read.
    pub fn read(form_type: &FormType, body: &[u8]) -> Result<Self, Broken> {
        let content = match form_type {
            FormType::UrlEncoded if body.iter().any(u8::is_ascii_control) => return Err(Broken),
            FormType::UrlEncoded => Content::UrlEncoded(body.to_owned()),
            FormType::Multipart(boundary) => {
                Content::Fields(multipart(boundary, &String::from_utf8_lossy(body)).ok_or(Broken)?)
            }
            FormType::Json => {
                // Not from bytes: that would be a second parser in the Worker, which reads all else from texts.
                let text = std::str::from_utf8(body).map_err(|_| Broken)?;
                let Members(fields) = serde_json::from_str(text).map_err(|_| Broken)?;
                Content::Fields(fields)
            }
            FormType::Garbled => return Err(Broken),
        };
        if content.has_doubtful_name() { Err(Broken) } else { Ok(Self(content)) }
    }

    /// The first parameter of this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<String> {
        match &self.0 {
            Content::UrlEncoded(text) => first_of(text, name),
            Content::Fields(fields) => {
                fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
            }
        }
    }
}

impl Content {
    fn has_doubtful_name(&self) -> bool {
        match self {
            Self::UrlEncoded(text) => form::pairs(text).any(|(name, _)| is_doubtful(form::decoded(name))),
            Self::Fields(fields) => fields.iter().any(|(name, _)| is_doubtful(name.bytes())),
        }
    }
}

/// Whether a name may be meant for one of the gate's, or for no name.
fn is_doubtful(name: impl Iterator<Item = u8> + Clone) -> bool {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let word = name.clone().skip_while(|byte| !is_of_word(byte)).take_while(is_of_word);
    let is_meant = |ours: &&str| {
        word.clone().map(|byte| byte.to_ascii_lowercase()).eq(ours.bytes()) && !name.clone().eq(ours.bytes())
    };
    name.clone().any(|byte| byte.is_ascii_control() || b"\"<>{}".contains(&byte))
        || DECISIVE.iter().any(is_meant)
}

/// The first parameter of this name in `application/x-www-form-urlencoded` text.
#[must_use]
pub fn first_parameter(text: &str, name: &str) -> Option<String> {
    first_of(text.as_bytes(), name)
}

fn first_of(text: &[u8], name: &str) -> Option<String> {
    form::pairs(text).find_map(|(other, value)| {
        // Most names differ from the wanted one in their first byte.
        let is_it = form::decoded(other).eq(name.bytes());
        is_it.then(|| String::from_utf8_lossy(&form::decoded(value).collect::<Vec<_>>()).into_owned())
    })
}

/// The fields of a `multipart/form-data` body (RFC 7578), files as what is in them. `None` if the body is not one.
fn multipart(boundary: &str, body: &str) -> Option<Vec<(String, String)>> {
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        return None;
    }
    let delimiter = format!("\r\n--{boundary}");
    let first = delimiter.trim_start();
    let mut rest = body.strip_prefix("\r\n").unwrap_or(body).strip_prefix(first)?;
    let mut fields = Vec::new();
    while !rest.starts_with("--") {
        rest = rest.trim_start_matches([' ', '\t']).strip_prefix("\r\n")?;
        let mut name = None;
        loop {
            let (line, after) = rest.split_once("\r\n")?;
            rest = after;
            if line.is_empty() {
                break;
            }
            let (header, value) = line.split_once(':')?;
            if header.trim().eq_ignore_ascii_case("content-disposition") {
                name = name.or_else(|| parameter(value.split_once(';')?.1, "name"));
            }
        }
        let (content, after) = rest.split_once(&*delimiter)?;
        rest = after;
        fields.push((name?, content.to_owned()));
    }
    Some(fields)
}

/// The first parameter of this name of a header value (RFC 9110 §5.6.6); its name is given in lower case.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        let end = rest.find([';', '='])?;
        let (name, after) = rest.split_at_checked(end)?;
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (token, after) = value.split_once(';').unwrap_or((value, ""));
                (token.trim().to_owned(), after)
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// What is before the closing quotation mark, and what is behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

/// The members of a JSON object, repeated ones too, as texts. What is no text has none that is meant by
/// anybody, and stands here as its JSON; `null` is nothing.
struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MembersVisitor)
    }
}

struct MembersVisitor;

const NO_OBJECT: &str = "no object";

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    // What is no object is refused here and not by the defaults, which would say what it is: that takes 7 kB.
    fn visit_unit<E: Error>(self) -> Result<Members, E> {
        Err(E::custom(NO_OBJECT))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Members, E> {
        Err(E::custom(NO_OBJECT))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Members, E> {
        Err(E::custom(NO_OBJECT))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Members, E> {
        Err(E::custom(NO_OBJECT))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Members, E> {
        Err(E::custom(NO_OBJECT))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Members, E> {
        Err(E::custom(NO_OBJECT))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Members, A::Error> {
        Err(A::Error::custom(NO_OBJECT))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            match value {
                Value::Null => {}
                Value::String(text) => members.push((name, text)),
                other => members.push((name, other.to_string())),
            }
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MULTIPART: &str = "multipart/form-data; boundary=----b";

    fn read(content_type: &str, body: &str) -> Result<Form, Broken> {
        Form::read(&FormType::of(Some(content_type), None).unwrap(), body.as_bytes())
    }

    fn first(content_type: &str, body: &str, name: &str) -> Option<String> {
        read(content_type, body).unwrap().first(name)
    }

    fn part(disposition: &str, content: &str) -> String {
        format!("------b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
    }

    #[test]
    fn the_type_says_how_a_body_is_read() {
        let of = |content_type| FormType::of(Some(content_type), None);
        assert_eq!(of("Application/X-WWW-Form-Urlencoded; charset=UTF-8"), Some(FormType::UrlEncoded));
        assert_eq!(of("application/json ; charset=utf-8"), Some(FormType::Json));
        assert_eq!(of("multipart/form-data; boundary=x"), Some(FormType::Multipart("x".into())));
        let quoted = "multipart/form-data; charset=utf-8; Boundary=\"a;b=\\\"c\"";
        assert_eq!(of(quoted), Some(FormType::Multipart("a;b=\"c".into())));
        for other in
            ["", "text/plain", "text/plain; application/json", "application/jsonx", "multipart/mixed"]
        {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(FormType::of(None, None), None);
        let coded = |coding| FormType::of(Some("application/json"), Some(coding));
        assert_eq!((coded("gzip"), coded("Identity")), (None, Some(FormType::Json)));
    }

    #[test]
    fn a_parameter_is_the_same_in_every_form() {
        let value = "/a b?c=d&e=\"f\"+%2B\u{fc}";
        let encoded = crate::request::percent_encode(value);
        let query = format!("&&x=1&scop%65={encoded}&scope=other");
        assert_eq!(first("application/x-www-form-urlencoded", &query, "scope").as_deref(), Some(value));
        let json = serde_json::json!({ "scope": value }).to_string();
        assert_eq!(first("application/json", &json, "scope").as_deref(), Some(value));
        let parts = [part("name=\"x\"", "1"), part("name=\"scope\"", value), part("name=scope", "other")];
        let body = format!("{}------b--\r\n", parts.concat());
        assert_eq!(first(MULTIPART, &body, "scope").as_deref(), Some(value));
    }

    #[test]
    fn the_first_of_a_repeated_name_counts_in_json_too() {
        assert_eq!(
            first("application/json", r#"{"scope":"others","scope":"all"}"#, "scope").as_deref(),
            Some("others")
        );
    }

    #[test]
    fn what_is_no_text_in_json_is_no_scope_and_null_is_nothing() {
        let scope = |json| first("application/json", json, "scope");
        assert_eq!(scope(r#"{"scope":["all"]}"#).as_deref(), Some(r#"["all"]"#));
        assert_eq!(scope(r#"{"scope":null}"#), None);
    }

    #[test]
    fn an_escape_that_is_none_stands_for_itself() {
        assert_eq!(first_parameter("a=%&b=%4&c=%4g%41", "a").as_deref(), Some("%"));
        assert_eq!(first_parameter("a=%&b=%4&c=%4g%41", "c").as_deref(), Some("%4gA"));
    }

    #[test]
    fn a_file_is_what_is_in_it_whatever_it_is_called() {
        let disposition = "name=\"file\"; filename=\"; name=\\\"scope\\\"\"";
        let body =
            format!("{}{}------b--", part(disposition, "scope=all\r\n--x"), part("name=\"scope\"", "all"));
        assert_eq!(first(MULTIPART, &body, "file").as_deref(), Some("scope=all\r\n--x"));
        assert_eq!(first(MULTIPART, &body, "scope").as_deref(), Some("all"));
        assert_eq!(first(MULTIPART, "------b--\r\n", "scope"), None, "an empty form");
    }

    #[test]
    fn what_is_not_what_its_type_says_is_broken() {
        for body in ["", "x", "[]", "\"scope=all\"", "{\"scope\":\"all\"", "{}x", "scope=all"] {
            assert_eq!(read("application/json", body), Err(Broken), "{body}");
        }
        let whole = format!("{}------b--", part("name=\"scope\"", "all"));
        assert!(read(MULTIPART, &whole).is_ok());
        for end in 0..whole.len() {
            assert_eq!(read(MULTIPART, &whole[..end]), Err(Broken), "{:?}", &whole[..end]);
        }
        for content_type in
            ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=c"]
        {
            assert_eq!(read(content_type, &whole), Err(Broken), "{content_type}");
        }
        assert_eq!(read(MULTIPART, &format!("{}------b--", part("filename=x", "all"))), Err(Broken));
    }

    /// How programs write a scope where a form's `scope=all` belongs.
    const MISWRITTEN: [&str; 16] = [
        r#"{"scope":"all"}"#,
        r#"{"return_to":"/a?b=c&d","scope":"all"}"#,
        "%7B%22scope%22%3A%22all%22%7D=",
        r#""scope=all""#,
        "<scope>all</scope>",
        "x=1&scope[]=all",
        "scope%5B0%5D=all&x=1",
        "x=1&Scope=all",
        "SCOPE=all",
        "+scope=all",
        "scope+=all",
        "'scope'='all'",
        "scope: all",
        "x=1\r\nscope=all\r\n",
        "s\0c\0o\0p\0e\0=\0a\0l\0l\0",
        "------b\r\nContent-Disposition: form-data; name=\"scope\"\r\n\r\nall\r\n------b--",
    ];

    #[test]
    fn what_may_be_a_scope_in_another_way_of_writing_is_broken() {
        for body in MISWRITTEN {
            assert_eq!(read("application/x-www-form-urlencoded", body), Err(Broken), "{body}");
        }
        for name in ["Scope", "scope[]", " scope", "scope:", "\"scope\"", "{scope", "sco\npe\0", "HANDLE[0]"]
        {
            let json = serde_json::json!({ "x": "1", name: "all" }).to_string();
            assert_eq!(read("application/json", &json), Err(Broken), "{json}");
        }
        for name in ["Scope", "scope[]", "'scope'", "handle[1]"] {
            let body = format!("{}------b--", part(&format!("name=\"{name}\""), "all"));
            assert_eq!(read(MULTIPART, &body), Err(Broken), "{body}");
        }
    }

    #[test]
    fn what_is_none_of_the_gate_s_names_is_passed_over() {
        for body in [
            "csrf=a%2Fb%3D%3D&_method=delete",
            "authenticity_token=x&commit=Log+out",
            "user[name]=x&user%5Bscope%5D=y&scopes=all&oauth.scope=all&scope_id=1&my-scope=1&scope-of=1",
            "data={\"scope\":\"all\"}",
            "gr\u{f6}\u{df}e=1",
            "%",
            "&&",
            "=",
        ] {
            let form = read("application/x-www-form-urlencoded", body);
            assert_eq!(form.map(|form| form.first("scope")), Ok(None), "{body}");
        }
    }

    #[test]
    fn a_charset_in_which_ascii_is_another_is_broken() {
        for essence in
            ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"]
        {
            for charset in ["utf-16", "UTF-16LE", "\"utf-16\"", "utf-32", "utf-7", "ibm037", "x"] {
                let garbled = FormType::of(Some(&format!("{essence}; charset={charset}")), None);
                assert_eq!(garbled, Some(FormType::Garbled), "{essence} {charset}");
            }
            for charset in ["utf-8", "UTF8", "\"Utf-8\"", "us-ascii", "ISO-8859-1", "windows-1252"] {
                let read = FormType::of(Some(&format!("{essence}; charset={charset}")), None);
                assert_eq!(read, FormType::of(Some(essence), None), "{essence} {charset}");
            }
        }
        assert_eq!(Form::read(&FormType::Garbled, b"scope=all"), Err(Broken));
    }

    proptest! {
        /// Whatever is around the name, and in whatever case: the form says so, or it is broken.
        #[test]
        fn no_scope_is_passed_over(
            before in "[^a-zA-Z0-9_.&=%-]{0,3}", name in "[sS][cC][oO][pP][eE]", after in "([^a-zA-Z0-9_.&=%-][^&=%]{0,3})?",
        ) {
            let form = Form::read(&FormType::UrlEncoded, format!("x=1&{before}{name}{after}=all").as_bytes());
            let is_plain = before.is_empty() && name == "scope" && after.is_empty();
            prop_assert_eq!(form.ok().and_then(|form| form.first("scope")).is_some(), is_plain);
            let json = serde_json::json!({ format!("{before}{name}{after}"): "all" }).to_string();
            prop_assert_eq!(Form::read(&FormType::Json, json.as_bytes()).is_ok(), is_plain);
        }

        #[test]
        fn no_bytes_are_too_much(boundary in "[a-b\"]{0,3}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
            for form_type in [FormType::UrlEncoded, FormType::Json, FormType::Multipart(boundary)] {
                let _ = Form::read(&form_type, &body).map(|form| form.first("scope"));
            }
        }

        #[test]
        fn an_encoded_form_reads_back(fields in proptest::collection::vec(("\\PC{0,6}", "\\PC{0,6}"), 1..6)) {
            let encode = crate::request::percent_encode;
            let pairs: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            let text = pairs.join("&");
            for (name, _) in &fields {
                let expected = fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
                prop_assert_eq!(first_parameter(&text, name), expected);
            }
        }
    }
}

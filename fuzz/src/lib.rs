//! What the targets share: a gate's configuration, its keys, and a request made of text.

pub mod provider;

use std::cell::OnceCell;

use serde_json::{Value, json};
use session_gate::config::Config;
use session_gate::request::Head;
use session_gate::base::time::Timestamp;
use session_gate::token::Keys;
use url::Url;

/// The origin that the gate is addressed by.
pub const OWN: &str = "https://app.example";
/// The other one that it may redirect to.
pub const FRIEND: &str = "https://friend.example";

/// Later than any token among the seeds was issued.
pub const NOW: Timestamp = Timestamp::from_seconds(4_000_000_000);

/// The secret of the end-to-end tests, so that tokens recorded there are genuine here.
const SECRET: &str = "gate-secret-for-tests-0123456789-abcdefgh";

/// Runs `work` with the gate's configuration and keys, which are made once.
pub fn with_gate<T>(work: impl FnOnce(&Config, &Keys) -> T) -> T {
    thread_local! {
        static GATE: OnceCell<(Config, Keys)> = const { OnceCell::new() };
    }
    GATE.with(|gate| {
        let (config, keys) = gate.get_or_init(|| {
            let config = Config::parse(variable).expect("the configuration is good");
            let keys = config.keys();
            (config, keys)
        });
        work(config, keys)
    })
}

fn variable(name: &str) -> Option<Value> {
    Some(match name {
        "GATE_SECRET" => json!(SECRET),
        "API_KEYS" => json!("api-key-for-tests-0123456789"),
        "LOGIN_URL" => json!("/login"),
        "LOGOUT_REDIRECT" => json!("/bye"),
        "RETURN_TO_ORIGINS" | "CORS_ORIGINS" => json!([FRIEND]),
        "RULES" => json!([
            { "path": "/open/private/*", "session": "required", "fresh": 30 },
            { "path": "/open/*", "session": "none" },
            { "path": "/maybe*", "session": "optional" },
        ]),
        _ => return None,
    })
}

/// A request as the runtime gives it: its URL is normal, and each header is a line `name,value`.
pub fn head(method: &str, target: &str, lines: &str) -> Option<Head> {
    let url = Url::parse(&format!("{OWN}/{}", target.strip_prefix('/').unwrap_or(target))).ok()?;
    Head::parse(&format!("{method}\n{url}\n{lines}"))
}

/// Where a browser on the gate's origin is led by this `Location`.
pub fn led_to(location: &str) -> Url {
    Url::parse(OWN).and_then(|own| own.join("/logout")?.join(location)).expect("a browser can follow it")
}

/// Whether that is the gate's own origin, or the one that is trusted.
pub fn is_trusted(url: &Url) -> bool {
    [OWN, FRIEND].contains(&url.origin().ascii_serialization().as_str())
}

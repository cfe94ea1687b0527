//! The core's calls: complete and sensible, or refused with a status of the client's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::base::names::is_name_space_id;
use session_gate::gate::is_too_much_data;
use session_gate::session::PROTECTED;
use session_gate::supertokens::cdi::{Call, CdiVersion, CorePath, Refused};
use session_gate_fuzz::head;

// Method, target below the core's path, version, then the body; each on a line.
fuzz_target!(|input: &str| {
    let mut parts = input.splitn(4, '\n');
    let (Some(method), Some(target), Some(version)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let Some(head) = head(method, target, &format!("cdi-version,{}", version.trim())) else { return };
    if let Err(Refused(status, why)) = call(&head, parts.next().unwrap_or_default()) {
        assert!([400, 404, 405, 413].contains(&status) && !why.is_empty());
    }
});

fn call(head: &session_gate::request::Head, body: &str) -> Result<(), Refused> {
    let path = CorePath::parse(head.path())?;
    assert!(is_name_space_id(&path.app_id) && path.tenant_id.as_deref().is_none_or(is_name_space_id));
    let call = Call::parse(&path, head, CdiVersion::of(head)?, body)?;
    assert!(path.endpoint.allows(head.method()));
    let is_free = |payload: &session_gate::session::Payload| {
        PROTECTED.iter().all(|name| !payload.as_map().contains_key(*name))
    };
    match call {
        Call::Create(create) => {
            assert!((1..=256).contains(&create.user_id.len()));
            assert!(is_free(&create.payload) && !is_too_much_data(&create.data));
        }
        Call::SetPayload(_, payload) | Call::Regenerate(_, Some(payload)) => assert!(is_free(&payload)),
        Call::SetData(_, data) => assert!(!is_too_much_data(&data)),
        Call::SignJwt(jwt) => {
            assert!(jwt.validity > 0 && !jwt.claims.contains_key("exp") && !jwt.claims.contains_key("iat"))
        }
        _ => {}
    }
    Ok(())
}

//! The gates that a request has come through, in the header `Session-Gate-Hops`: each leaves a mark on what it forwards.
//!
//! A mark is the gate's name and a digest of method and target, 8 hex digits each. A request that comes with the very mark
//! that it would get is back where it was. An application that calls the gate anew, be it with all headers of the request that
//! it answers, asks for something else and is let through, but not again and again: a way that changes the target each time is a
//! loop as well. The marks are no secret: a client that makes one up is refused itself, and nobody else.

use super::Head;

/// The header.
pub const HOPS: &str = "session-gate-hops";

/// Half of a mark, in hex digits.
const HALF: usize = 8;

/// How often a request may come through one gate.
const MAX_OF_ONE: usize = 4;

/// How many gates it may come through at all.
const MAX_OF_ALL: usize = 16;

/// The mark that the gate of this name leaves on a request.
#[must_use]
pub fn mark(gate: &str, method: &str, target: &str) -> String {
    // FNV-1a: two requests with one digest would be taken for one, which takes an application that wants it.
    let request = method.bytes().chain([b' ']).chain(target.bytes());
    let digest =
        request.fold(0x811c_9dc5_u32, |digest, byte| (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let name = gate.get(..HALF).unwrap_or_default();
    format!("{name}{digest:08x}")
}

/// The marks on a request, this one added.
#[must_use]
pub fn marked(head: &Head, mark: &str) -> String {
    marks(head.header(HOPS)).chain([mark]).collect::<Vec<_>>().join(", ")
}

/// Whether a request comes back to the gate that would leave this mark.
#[must_use]
pub fn is_loop(head: &Head, mark: &str) -> bool {
    let Some(header) = head.header(HOPS) else { return false };
    let is_same_gate = |other: &&str| other.get(..HALF) == mark.get(..HALF);
    let all = || marks(Some(header));
    all().any(|other| other == mark)
        || all().filter(is_same_gate).count() >= MAX_OF_ONE
        || all().count() >= MAX_OF_ALL
}

/// Whether a header of an answer names a request that was marked so.
#[must_use]
pub fn names(header: Option<&str>, mark: &str) -> bool {
    marks(header).any(|other| other == mark)
}

fn marks(header: Option<&str>) -> impl Iterator<Item = &str> {
    let is_mark = |mark: &&str| {
        mark.len() == 2 * HALF && mark.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    header.unwrap_or_default().split(',').map(str::trim).filter(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::head::tests::head;

    fn sent(method: &str, target: &str, hops: &str) -> Head {
        head(method, &format!("https://a.example{target}"), &[(HOPS, hops)])
    }

    fn mark_of(gate: &str, head: &Head) -> String {
        mark(gate, head.method(), head.target())
    }

    const A: &str = "aaaaaaaa0000";
    const B: &str = "bbbbbbbb0000";

    #[test]
    fn a_request_that_comes_back_is_a_loop_also_through_another_gate() {
        let request = sent("GET", "/x?y", "");
        let by_a = marked(&request, &mark_of(A, &request));
        assert!(is_loop(&sent("GET", "/x?y", &by_a), &mark_of(A, &request)));
        let through_b = marked(&sent("GET", "/x?y", &by_a), &mark_of(B, &request));
        assert!(!is_loop(&sent("GET", "/x?y", &by_a), &mark_of(B, &request)));
        assert!(is_loop(&sent("GET", "/x?y", &through_b), &mark_of(A, &request)));
        assert!(names(Some(&through_b), &mark_of(A, &request)) && !names(None, &mark_of(A, &request)));
    }

    #[test]
    fn an_application_that_calls_the_gate_with_the_same_headers_is_no_loop() {
        let request = sent("GET", "/x", "");
        let hops = marked(&request, &mark_of(A, &request));
        for (method, target) in [("GET", "/y"), ("POST", "/x"), ("GET", "/x?y"), ("GET", "/x/")] {
            let anew = sent(method, target, &hops);
            assert!(!is_loop(&anew, &mark_of(A, &anew)), "{method} {target}");
        }
    }

    #[test]
    fn a_way_that_changes_the_target_each_time_ends() {
        let mut hops = String::new();
        let ends = (0..10).find(|n| {
            let request = sent("GET", &format!("/{}", "x/".repeat(*n)), &hops);
            let mark = mark_of(A, &request);
            hops = marked(&request, &mark);
            is_loop(&request, &mark)
        });
        assert_eq!(ends, Some(MAX_OF_ONE));
    }

    #[test]
    fn what_is_no_mark_goes_no_further() {
        let request = sent("GET", "/", "x, aaaaaaaa0000000, AAAAAAAA00000000, \u{fc}, aaaaaaaa00000000");
        assert_eq!(marked(&request, "bbbbbbbb11111111"), "aaaaaaaa00000000, bbbbbbbb11111111");
        let many = vec!["cccccccc00000000"; MAX_OF_ALL].join(",");
        assert!(is_loop(&sent("GET", "/", &many), "aaaaaaaa00000000"));
    }
}

//! Who a client is counted as, where requests are counted: its network.
//!
//! Rule: an IPv6 customer is given 2^64 addresses or more (RFC 6177), so all of a /64 are one client; an IPv4 address
//! is one, in either spelling. A text that is no address stands for itself.

/// The client that an address is counted as.
#[must_use]
pub fn network(address: &str) -> String {
    match groups(address.trim()) {
        Some([0, 0, 0, 0, 0, 0xffff, high, low]) => {
            let [[a, b], [c, d]] = [high, low].map(u16::to_be_bytes);
            format!("{a}.{b}.{c}.{d}")
        }
        Some([a, b, c, d, ..]) => format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"),
        None => address.to_owned(),
    }
}

/// The groups of an IPv6 address (RFC 4291 §2.2). Not by the standard library, which knows more of addresses than is
/// needed here, and weighs 2 kB for it.
fn groups(address: &str) -> Option<[u16; 8]> {
    let (before, after) = match address.split_once("::") {
        Some((before, after)) => (listed(before)?, Some(listed(after)?)),
        None => (listed(address)?, None),
    };
    let mut groups = [0; 8];
    let missing = groups.len().checked_sub(before.len())?.checked_sub(after.as_ref().map_or(0, Vec::len))?;
    if (missing == 0) == after.is_some() {
        return None;
    }
    let zeros = std::iter::repeat_n(0, missing);
    let all = before.into_iter().chain(zeros).chain(after.into_iter().flatten());
    groups.iter_mut().zip(all).for_each(|(group, value)| *group = value);
    Some(groups)
}

fn listed(text: &str) -> Option<Vec<u16>> {
    let mut groups = Vec::new();
    for group in text.split(':').filter(|_| !text.is_empty()) {
        if group.contains('.') {
            let bytes: Option<Vec<u8>> = group.split('.').map(|byte| byte.parse().ok()).collect();
            let [a, b, c, d] = bytes?.try_into().ok()?;
            groups.extend([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
        } else {
            let is_short = group.len() <= 4;
            groups.push(u16::from_str_radix(group, 16).ok().filter(|_| is_short)?);
        }
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_ipv4_address_or_a_64_of_ipv6() {
        for (address, counted_as) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("::1", "0:0:0:0::/64"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4::/64"),
            ("::ffff:c000:0201", "192.0.2.1"),
            ("1:2:3:4:5:6:7", "1:2:3:4:5:6:7"),
            ("1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:8::"),
            ("::12345", "::12345"),
            ("::x", "::x"),
            ("1::2::3", "1::2::3"),
            ("", ""),
            ("unknown", "unknown"),
        ] {
            assert_eq!(network(address), counted_as, "{address}");
        }
    }
}

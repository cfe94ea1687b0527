//! Who a client is counted as, where requests are counted: its network.
//!
//! Rule: an IPv6 customer is given 2^64 addresses or more (RFC 6177), so all of a /64 are one client; an IPv4 address
//! is one, in either spelling. A text that is no address stands for itself.

use std::net::{IpAddr, Ipv6Addr};

/// The client that an address is counted as.
#[must_use]
pub fn network(address: &str) -> String {
    match address.trim().parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
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
            ("::1", "::/64"),
            ("", ""),
            ("unknown", "unknown"),
        ] {
            assert_eq!(network(address), counted_as, "{address}");
        }
    }
}

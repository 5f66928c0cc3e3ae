//! A browser's session: a cookie that says who it is and until when, signed with that one's token.
//!
//! The service remembers none, so they outlive its restart; and with the token they end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::Mac as _;

use super::tokens::{Token, Tokens};

/// The cookie's name.
pub(super) const COOKIE: &str = "ganger_session";
/// How long one need not come with the token again.
pub(super) const LASTING: Duration = Duration::from_secs(12 * 3600);

/// `name.until.signature`
pub(super) fn begin(token: &Token, now: SystemTime) -> String {
    let until = seconds(now + LASTING);
    let signature = token.signer().chain_update(said(&token.name, until)).finalize().into_bytes();
    let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{until}.{signature}", token.name)
}

/// Whose session it is, if it still is one.
pub(super) fn holder<'t>(tokens: &'t Tokens, cookie: &str, now: SystemTime) -> Option<&'t str> {
    let mut parts = cookie.split('.');
    let (name, until, signature) = (parts.next()?, parts.next()?.parse().ok()?, bytes(parts.next()?)?);
    let token = tokens.by_name(name).filter(|_| parts.next().is_none() && seconds(now) < until)?;
    token.signer().chain_update(said(name, until)).verify_slice(&signature).ok()?;
    Some(&token.name)
}

/// It is for nothing else than a session, so neither is its signature.
fn said(name: &str, until: u64) -> String {
    format!("ganger session of {name} until {until}")
}

fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tests::tokens;
    use super::*;

    #[test]
    fn a_session_is_its_holders_until_it_ends() {
        let (ours, now) = (tokens("ann:0123456789abcdef\nbob:fedcba9876543210"), SystemTime::now());
        let cookie = begin(ours.by_name("ann").expect("hers"), now);
        assert_eq!(holder(&ours, &cookie, now), Some("ann"));
        assert_eq!(holder(&ours, &cookie, now + LASTING), None, "it has an end");
        assert_eq!(holder(&tokens("ann:another-token-of-hers"), &cookie, now), None, "it ends with the token");
        let forged = [
            cookie.replacen("ann", "bob", 1),
            format!("{cookie}00"),
            format!("{cookie}.x"),
            cookie.replacen('.', ".9", 1),
        ];
        for cookie in forged.iter().map(String::as_str).chain(["", "..", "ann..", "ann.99999999999.zz", "é.1.é"]) {
            assert_eq!(holder(&ours, cookie, now), None, "{cookie}");
        }
    }
}

//! The end of a JSON Web Token: three parts of base64url, the middle one JSON with `exp` in seconds since 1970
//! (RFC 7519). Nothing is verified: whoever is shown the token does that.

use jiff::Timestamp;
use serde_json::Value;

/// A longer text is no token that we look into, in bytes.
const LONGEST: usize = 64 * 1024;

/// When a token ends; `None` for what is no JWT or names no end.
pub fn expiry(token: &str) -> Option<Timestamp> {
    let token = token.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    if token.len() > LONGEST {
        return None;
    }
    let mut parts = token.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let header: Value = serde_json::from_slice(&base64url(header)?).ok()?;
    header.get("alg")?;
    let claims: Value = serde_json::from_slice(&base64url(claims)?).ok()?;
    super::milliseconds(claims.get("exp")?.as_f64()? * 1000.0)
}

/// Decodes base64url, with or without its padding.
fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
    }
    // one letter alone holds no byte
    (bits < 6).then_some(bytes)
}

/// A token that ends at this second, signed by nobody.
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "only tests call it")]
pub(super) fn made(exp: i64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let encode = |text: &str| {
        let bits: Vec<String> = text.bytes().map(|byte| format!("{byte:08b}")).collect();
        let letter = |six: &[u8]| {
            let six = format!("{:0<6}", String::from_utf8_lossy(six));
            char::from(*LETTERS.get(usize::from_str_radix(&six, 2).unwrap()).unwrap())
        };
        bits.concat().as_bytes().chunks(6).map(letter).collect::<String>()
    };
    format!("{}.{}.c2ln", encode(r#"{"alg":"RS256","typ":"JWT"}"#), encode(&format!(r#"{{"sub":"ann?>","exp":{exp}}}"#)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_says_when_it_ends() {
        let end: Timestamp = "2026-01-24T00:16:52Z".parse().unwrap();
        assert_eq!((expiry(&made(1_769_213_812)), expiry(&format!("Bearer {}", made(1_769_213_812)))), (Some(end), Some(end)));
        // made elsewhere, by the standard's own example: exp 1300819380
        let standard = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(expiry(standard), Some("2011-03-22T18:43:00Z".parse().unwrap()));
    }

    #[test]
    fn what_is_no_token_has_no_end() {
        let whole = made(1_769_213_812);
        let (head, rest) = whole.split_once('.').unwrap();
        for text in ["", "sk-ant-api03-abc.def", "a.b.c", "..", &format!("{rest}.{head}"), &format!("{whole}.x"), &made(i64::MAX)] {
            assert_eq!(expiry(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[A-Za-z0-9_=.\\-]{0,80}", any in "\\PC{0,40}") {
            let _ = (expiry(&text), expiry(&any));
        }
    }
}

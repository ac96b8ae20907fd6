//! How long the credentials work that lie on this machine. Their values are looked at here and leave this file never:
//! what comes out is where a credential lies and when it ends.

mod aws;
mod jwt;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::files;

pub use aws::aws;
pub use jwt::expiry as jwt_expiry;

/// A larger file is no file of credentials, in bytes.
const LARGEST: u64 = 1 << 20;

/// A credential that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Where it lies: the name of a variable, or a file. Never its value.
    pub from: String,
    /// How long it works.
    pub life: Life,
}

/// How long a credential works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It names no end: an API key.
    Lasting,
    /// It ends, and somebody must renew it.
    Until(Timestamp),
    /// Whoever uses it renews it by itself, up to a moment where one is known.
    Renews(Option<Timestamp>),
    /// It ends, and nothing says when.
    Unknown,
}

impl Life {
    /// How long a bare value works: a JWT says it itself.
    pub fn of_value(value: &str) -> Self {
        jwt_expiry(value).map_or(Self::Lasting, Self::Until)
    }

    /// The moment from which on it works no more, whoever renews it.
    pub const fn end(self) -> Option<Timestamp> {
        match self {
            Self::Until(end) | Self::Renews(Some(end)) => Some(end),
            Self::Lasting | Self::Renews(None) | Self::Unknown => None,
        }
    }
}

/// Claude Code's own login, `.credentials.json` in its folder: `claudeAiOauth {accessToken, refreshToken, expiresAt}`,
/// the time in ms since 1970.
pub fn claude(folder: &Path) -> Option<Credential> {
    let path = folder.join(".credentials.json");
    let login = json(&path)?;
    let login = login.get("claudeAiOauth")?;
    let access = text(login, "accessToken")?;
    let life = if text(login, "refreshToken").is_some() {
        Life::Renews(None)
    } else {
        let end = login.get("expiresAt").and_then(Value::as_f64).and_then(milliseconds);
        end.map_or_else(|| Life::of_value(access), Life::Until)
    };
    Some(Credential { from: path.display().to_string(), life })
}

/// Codex's own login, `auth.json` in its folder: `OPENAI_API_KEY`, or `tokens {id_token, access_token, refresh_token}`
/// where the first two are JWTs.
pub fn codex(folder: &Path) -> Option<Credential> {
    let path = folder.join("auth.json");
    let login = json(&path)?;
    let tokens = login.get("tokens");
    let token = |name: &str| tokens.and_then(|tokens| text(tokens, name));
    let life = if text(&login, "OPENAI_API_KEY").is_some() {
        Life::Lasting
    } else if token("refresh_token").is_some() {
        Life::Renews(None)
    } else {
        token("access_token").or_else(|| token("id_token")).map(|value| jwt_expiry(value).map_or(Life::Unknown, Life::Until))?
    };
    Some(Credential { from: path.display().to_string(), life })
}

/// The file of the Hugging Face token, where it holds one.
pub fn hugging_face(home: &Path) -> Option<PathBuf> {
    let path = home.join(".cache/huggingface/token");
    read(&path).is_some_and(|token| !token.trim().is_empty()).then_some(path)
}

/// Google's own login (`gcloud auth application-default login`), or a service account's key.
pub fn google(home: &Path, named: Option<&str>) -> Option<Credential> {
    let path = named.map_or_else(|| home.join(".config/gcloud/application_default_credentials.json"), PathBuf::from);
    let login = json(&path)?;
    let renews = text(&login, "refresh_token").is_some();
    Some(Credential { from: path.display().to_string(), life: if renews { Life::Renews(None) } else { Life::Lasting } })
}

/// A small file as text; anything else in its place is none: reading a pipe may never end.
fn read(path: &Path) -> Option<String> {
    String::from_utf8(files::read(path, LARGEST, files::Links::Followed).ok()?).ok()
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_str(&read(path)?).ok()
}

/// A text that is not empty.
fn text<'v>(of: &'v Value, name: &str) -> Option<&'v str> {
    of.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// A moment in ms since 1970; a number that is none is none.
#[expect(clippy::cast_possible_truncation, reason = "checked to be finite and small; parts of a ms do not matter")]
fn milliseconds(ms: f64) -> Option<Timestamp> {
    (ms.is_finite() && ms.abs() < 1e15).then(|| Timestamp::from_millisecond(ms as i64).ok()).flatten()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use std::fs;

    use super::*;

    fn with(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
        fs::write(path.join(name), text).unwrap();
        (folder, path)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn claude_renews_by_itself_only_with_a_refresh_token() {
        let (_keep, folder) =
            with(".credentials.json", r#"{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1769213812000}}"#);
        assert_eq!(claude(&folder).unwrap().life, Life::Renews(None));
        let (_keep, folder) = with(".credentials.json", r#"{"claudeAiOauth":{"accessToken":"a","expiresAt":1769213812000}}"#);
        assert_eq!(claude(&folder).unwrap().life, Life::Until(at("2026-01-24T00:16:52Z")));
        for text in [r#"{"claudeAiOauth":{"accessToken":"","refreshToken":"r"}}"#, r#"{"claudeAiOauth":null}"#, "{", "", "[]", "\u{0}"] {
            let (_keep, folder) = with(".credentials.json", text);
            assert_eq!(claude(&folder), None, "{text}");
        }
        let (_keep, folder) = with(".credentials.json", r#"{"claudeAiOauth":{"accessToken":"a","expiresAt":1e300}}"#);
        assert_eq!(claude(&folder).unwrap().life, Life::Lasting, "no moment at all");
    }

    #[test]
    fn codex_has_a_key_a_login_that_renews_or_a_token_that_ends() {
        let token = jwt::made(1_769_213_812);
        let life = |text: &str| {
            let (_keep, folder) = with("auth.json", text);
            codex(&folder).map(|found| found.life)
        };
        assert_eq!(life(r#"{"OPENAI_API_KEY":"sk-1","tokens":null}"#), Some(Life::Lasting));
        let with_refresh = format!(r#"{{"OPENAI_API_KEY":null,"tokens":{{"access_token":"{token}","refresh_token":"r"}}}}"#);
        assert_eq!(life(&with_refresh), Some(Life::Renews(None)));
        let without = format!(r#"{{"tokens":{{"id_token":"{token}","refresh_token":""}}}}"#);
        assert_eq!(life(&without), Some(Life::Until(at("2026-01-24T00:16:52Z"))));
        assert_eq!(life(r#"{"tokens":{"access_token":"opaque"}}"#), Some(Life::Unknown));
        assert_eq!((life(r#"{"tokens":{}}"#), life("{}"), life("no")), (None, None, None));
    }

    #[test]
    fn a_pipe_or_a_huge_file_in_the_place_of_a_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("auth.json");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(codex(folder.path()), None);
        fs::remove_file(&pipe).unwrap();
        let huge = fs::File::create(&pipe).unwrap();
        huge.set_len(LARGEST + 1).unwrap();
        assert_eq!(codex(folder.path()), None);
    }

    #[test]
    fn an_empty_file_is_no_token() {
        let (_keep, folder) = with(".cache/huggingface/token", "\n");
        assert_eq!(hugging_face(&folder), None);
        let (_keep, folder) = with(".cache/huggingface/token", "hf_1\n");
        assert!(hugging_face(&folder).unwrap().ends_with("token"));
    }
}

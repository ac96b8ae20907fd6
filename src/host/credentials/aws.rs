//! Which credential AWS's own tools would take, and when it ends: variables, the profile of `~/.aws/credentials` and
//! `~/.aws/config`, the cache of `aws sso login`.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::{Credential, Life, json, read, text};

/// What AWS's tools would take, in their order. `Err` says what is missing and what to do.
pub fn aws(home: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Credential, String> {
    if let Some(bearer) = variable("AWS_BEARER_TOKEN_BEDROCK") {
        // a JWT in it would say its end; a long-term key names none
        return Ok(Credential { from: "AWS_BEARER_TOKEN_BEDROCK".to_owned(), life: Life::of_value(&bearer) });
    }
    let named = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
    if named.is_none() && variable("AWS_ACCESS_KEY_ID").is_some() && variable("AWS_SECRET_ACCESS_KEY").is_some() {
        let session = variable("AWS_SESSION_TOKEN").is_some();
        let life = if session { Life::Unknown } else { Life::Lasting };
        let from = if session { "AWS_SESSION_TOKEN" } else { "AWS_ACCESS_KEY_ID" };
        return Ok(Credential { from: from.to_owned(), life });
    }
    let profile = named.unwrap_or_else(|| "default".to_owned());
    let files = Files {
        credentials: file(variable("AWS_SHARED_CREDENTIALS_FILE"), home, "credentials"),
        config: file(variable("AWS_CONFIG_FILE"), home, "config"),
        cache: home.join(".aws/sso/cache"),
    };
    files.profile(&profile, 0).ok_or_else(|| {
        format!(
            "no AWS credentials: neither AWS_ACCESS_KEY_ID, nor profile '{profile}' in {}, nor a login in {}",
            files.config.display(),
            files.cache.display()
        )
    })
}

struct Files {
    credentials: PathBuf,
    config: PathBuf,
    cache: PathBuf,
}

fn file(named: Option<String>, home: &Path, name: &str) -> PathBuf {
    named.map_or_else(|| home.join(".aws").join(name), PathBuf::from)
}

impl Files {
    /// The credential of a profile. A profile may point at another; more than a few steps are a circle.
    fn profile(&self, name: &str, depth: u32) -> Option<Credential> {
        let credentials = read(&self.credentials).unwrap_or_default();
        let found = |life, path: &Path| Some(Credential { from: format!("profile '{name}' of {}", path.display()), life });
        if value(&credentials, name, "aws_access_key_id").is_some() {
            let session = value(&credentials, name, "aws_session_token").is_some();
            return found(if session { Life::Unknown } else { Life::Lasting }, &self.credentials);
        }
        let config = read(&self.config).unwrap_or_default();
        let section = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let of = |key: &str| value(&config, &section, key);
        if let Some(session) = of("sso_session") {
            return self.login(value(&config, &format!("sso-session {session}"), "sso_start_url"));
        }
        if let Some(start) = of("sso_start_url") {
            return self.login(Some(start));
        }
        if of("aws_access_key_id").is_some() {
            return found(if of("aws_session_token").is_some() { Life::Unknown } else { Life::Lasting }, &self.config);
        }
        // these renew themselves by a program or a file of the person's own
        if of("credential_process").is_some() || of("web_identity_token_file").is_some() || of("credential_source").is_some() {
            return found(Life::Renews(None), &self.config);
        }
        match of("source_profile") {
            Some(source) if depth < 4 && source != name => self.profile(source, depth + 1),
            // without a profile people rely on the login alone
            _ if of("role_arn").is_none() && depth == 0 => self.login(None),
            _ => None,
        }
    }

    /// The cached login of a start URL, of any where none is known; the one that lasts longest. The folder also holds
    /// registrations of clients, which have an end of their own and no token.
    fn login(&self, start: Option<&str>) -> Option<Credential> {
        let entries = fs::read_dir(&self.cache).ok()?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let logins = paths.into_iter().take(1000).filter_map(|path| {
            let login = json(&path)?;
            text(&login, "accessToken")?;
            let same = |wanted: &str| text(&login, "startUrl").is_some_and(|url| url.trim_end_matches('/') == wanted.trim_end_matches('/'));
            if !start.is_none_or(same) {
                return None;
            }
            Some(Credential { from: path.display().to_string(), life: life(&login)? })
        });
        let rank = |found: &Credential| (matches!(found.life, Life::Renews(_)), found.life.end().map_or(i64::MAX, Timestamp::as_second));
        logins.max_by_key(rank)
    }
}

/// How long a login works: to its end, or as long as the client is registered where it can be renewed.
fn life(login: &Value) -> Option<Life> {
    let end = moment(text(login, "expiresAt")?)?;
    let registered = text(login, "registrationExpiresAt").and_then(moment);
    Some(match (text(login, "refreshToken"), registered) {
        (Some(_), Some(until)) if until > end => Life::Renews(Some(until)),
        (Some(_), None) => Life::Renews(None),
        _ => Life::Until(end),
    })
}

/// A moment as the AWS tools write it: RFC 3339 with `Z` or an offset; older ones end with `UTC`.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = text.strip_suffix("UTC").map_or_else(|| text.to_owned(), |naive| format!("{}Z", naive.trim_end()));
    text.parse().ok()
}

/// A value of an INI file: `[section]`, `key = value`.
fn value<'t>(text: &'t str, section: &str, key: &str) -> Option<&'t str> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            inside = name.split_whitespace().eq(section.split_whitespace());
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == key
        {
            return Some(value.trim()).filter(|value| !value.is_empty());
        }
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    fn home(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        for (name, text) in files {
            let to = path.join(".aws").join(name);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, text).unwrap();
        }
        (folder, path)
    }

    fn seen(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Life, String> {
        let (_keep, home) = home(files);
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        aws(&home, &variable).map(|found| found.life)
    }

    const LOGIN: &str = r#"{"startUrl":"https://a.example/start","accessToken":"t","expiresAt":"2026-01-24T00:16:52Z"}"#;
    const CLIENT: &str = r#"{"clientId":"c","clientSecret":"s","expiresAt":"2026-04-24T00:16:52Z"}"#;

    #[test]
    fn times_are_read_in_every_spelling() {
        let end: Timestamp = "2026-01-24T00:16:52Z".parse().unwrap();
        for text in ["2026-01-24T00:16:52Z", "2026-01-24T00:16:52+00:00", "2026-01-24T00:16:52UTC", " 2026-01-24T01:16:52+01:00"] {
            assert_eq!(moment(text), Some(end), "{text}");
        }
        assert_eq!((moment(""), moment("UTC"), moment("tomorrow")), (None, None, None));
    }

    #[test]
    fn a_login_ends_and_a_client_registration_is_none() {
        let end = Life::Until("2026-01-24T00:16:52Z".parse().unwrap());
        assert_eq!(seen(&[("sso/cache/a.json", LOGIN), ("sso/cache/b.json", CLIENT)], &[]), Ok(end));
        assert!(seen(&[("sso/cache/b.json", CLIENT)], &[]).is_err());
        let broken = [("sso/cache/a.json", "{"), ("sso/cache/c.json", r#"{"accessToken":"t","expiresAt":5}"#)];
        assert!(seen(&broken, &[]).unwrap_err().contains("sso/cache"));
    }

    #[test]
    fn a_login_with_a_refresh_token_renews_itself_while_its_client_is_registered() {
        let login = |registered: &str| {
            format!(
                r#"{{"startUrl":"u","accessToken":"t","expiresAt":"2026-01-24T00:16:52Z","refreshToken":"r","registrationExpiresAt":"{registered}"}}"#
            )
        };
        let until = "2026-04-24T00:00:00Z";
        assert_eq!(seen(&[("sso/cache/a.json", &login(until))], &[]), Ok(Life::Renews(until.parse().ok())));
        let over = login("2026-01-23T00:00:00Z");
        assert_eq!(seen(&[("sso/cache/a.json", &over)], &[]), Ok(Life::Until("2026-01-24T00:16:52Z".parse().unwrap())));
    }

    #[test]
    fn a_profile_names_its_own_login() {
        let other = LOGIN.replace("a.example", "b.example").replace("2026-01-24", "2026-01-25");
        let config = "[default]\nsso_start_url = https://a.example/start/\n[profile two]\nsso_session=s\n[sso-session s]\nsso_start_url = https://b.example/start\n[profile three]\nrole_arn = arn\nsource_profile = two\n[profile round]\nrole_arn = x\nsource_profile = round\n";
        let files = [("sso/cache/a.json", LOGIN), ("sso/cache/b.json", other.as_str()), ("config", config)];
        let day = |day: u32| Ok(Life::Until(format!("2026-01-{day}T00:16:52Z").parse().unwrap()));
        assert_eq!(seen(&files, &[]), day(24));
        assert_eq!((seen(&files, &[("AWS_PROFILE", "two")]), seen(&files, &[("AWS_PROFILE", "three")])), (day(25), day(25)));
        assert!(seen(&files, &[("AWS_PROFILE", "round")]).is_err());
    }

    #[test]
    fn keys_last_and_session_tokens_end_nobody_knows_when() {
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")];
        assert_eq!(seen(&[], &keys), Ok(Life::Lasting));
        assert_eq!(seen(&[], &[keys[0], keys[1], ("AWS_SESSION_TOKEN", "t")]), Ok(Life::Unknown));
        assert_eq!(seen(&[("credentials", "[default]\naws_access_key_id = a\naws_session_token = t\n")], &[]), Ok(Life::Unknown));
        assert_eq!(seen(&[("config", "[default]\ncredential_process = x\n")], &[]), Ok(Life::Renews(None)));
        assert!(seen(&[], &[]).is_err());
    }
}

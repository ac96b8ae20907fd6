//! Who we are to a registry: what the docker config and its helpers say. What is secret leaves this file only on the way to
//! the registry and to the engine, and is in no text that is shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bollard::auth::DockerCredentials;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use serde::Deserialize;
use serde_json::Value;

use super::ImageName;
use crate::host::ask::{Asked, ask_about};
use crate::host::environment::variable;
use crate::host::files::{self, Links};
use crate::text::clean;

/// How long a helper may take: it may ask a service of its own.
const PATIENCE: Duration = Duration::from_secs(10);

/// A larger docker config is none, in bytes.
const LARGEST: u64 = 4 << 20;

/// What a helper prints where it knows no login: the client library that all of them share has this sentence.
const NO_LOGIN: &str = "credentials not found";

/// The name of a user whose secret is an identity token.
const TOKEN: &str = "<token>";

/// Who we are to one registry.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Login {
    /// Nobody.
    #[default]
    Anonymous,
    /// A user.
    Password {
        /// Its name.
        user: String,
        /// Its password, or a token in its place.
        secret: String,
    },
    /// Whoever holds this token, which the registry's login service takes for others.
    Identity(String),
}

/// Why it is not known who we are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The docker config can't be read.
    #[error("can't read the docker config {0}: {1}")]
    Config(String, String),
    /// A helper is not there.
    #[error("the docker config wants {0} for {1}, and it can't be started ({2}): install it, or log in again")]
    NoHelper(String, String, String),
    /// A helper does not answer.
    #[error("{0} did not say within {wait} s who we are to {1}: try `{0} get` by hand", wait = PATIENCE.as_secs())]
    Slow(String, String),
    /// A helper failed.
    #[error("{0} could not say who we are to {1} ({2}): log in again with `docker login`")]
    Helper(String, String, String),
    /// The client can't hand it to the engine.
    #[error("the password for {0} has a letter in it that the engine would not read from us (one of > ? ~): log in with a token instead")]
    Unsayable(String),
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// The folder of the docker config.
pub fn folder() -> Option<PathBuf> {
    variable("DOCKER_CONFIG").map(PathBuf::from).or_else(|| variable("HOME").map(|home| Path::new(&home).join(".docker")))
}

impl Login {
    /// Who this user is to the registry of an image. Asks a helper where the config names one, and waits for it: not for a
    /// thread that draws.
    pub fn find(folder: Option<&Path>, image: &ImageName) -> Result<Self, LoginError> {
        let Some(path) = folder.map(|folder| folder.join("config.json")) else { return Ok(Self::Anonymous) };
        let unread = |why: String| LoginError::Config(clean::path(&path), clean::line(&why));
        let bytes = match files::read(&path, LARGEST, Links::Followed) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Ok(Self::Anonymous);
            }
            Err(error) => return Err(unread(error.to_string())),
        };
        let mut config: Value = serde_json::from_slice(&bytes).map_err(|error| unread(error.to_string()))?;
        let server = image.server();
        // a helper comes before what stands in the file, as it does for docker itself
        if let Some(name) = helper(&config, &server) {
            return from_helper(&name, &server);
        }
        if let Some(config) = config.as_object_mut() {
            config.retain(|name, _| name == "auths");
        }
        match docker_credential::get_credential_from_reader(config.to_string().as_bytes(), &server) {
            Ok(DockerCredential::IdentityToken(token)) => Ok(Self::Identity(token)),
            Ok(DockerCredential::UsernamePassword(user, _)) if user.is_empty() => Ok(Self::Anonymous),
            Ok(DockerCredential::UsernamePassword(user, secret)) => Ok(Self::Password { user, secret }),
            Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(Self::Anonymous),
            Err(_) => Err(unread(format!("its login for {server} is broken"))),
        }
    }

    /// The same for a pull; `None` for nobody.
    pub fn for_engine(&self, image: &ImageName) -> Result<Option<DockerCredentials>, LoginError> {
        let server = image.server();
        let said = match self {
            Self::Anonymous => return Ok(None),
            Self::Password { user, secret } => {
                DockerCredentials { username: Some(user.clone()), password: Some(secret.clone()), ..DockerCredentials::default() }
            }
            Self::Identity(token) => DockerCredentials { identitytoken: Some(token.clone()), ..DockerCredentials::default() },
        };
        let said = DockerCredentials { serveraddress: Some(server.clone()), ..said };
        // bollard 0.21 writes the header in an alphabet that has + and / where the engine reads - and _, and the engine takes
        // what it can't read for nobody's
        let json = serde_json::to_vec(&said).unwrap_or_default();
        if has_last_letters(&json) { Err(LoginError::Unsayable(image.registry().to_owned())) } else { Ok(Some(said)) }
    }

    /// Whether we are somebody.
    pub const fn is_somebody(&self) -> bool {
        !matches!(self, Self::Anonymous)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "nobody",
            Self::Password { .. } => "a user",
            Self::Identity(_) => "whoever holds the token",
        })
    }
}

/// Whether base64 of these bytes has one of its last two letters, which are not the same in all of its alphabets.
fn has_last_letters(bytes: &[u8]) -> bool {
    bytes.chunks(3).any(|three| {
        let at = |n: usize| three.get(n).copied().unwrap_or_default();
        let sextets = [at(0) >> 2, (at(0) & 3) << 4 | at(1) >> 4, (at(1) & 15) << 2 | at(2) >> 6, at(2) & 63];
        sextets.iter().take(three.len() + 1).any(|sextet| *sextet >= 62)
    })
}

/// The helper that the config names for a server.
fn helper(config: &Value, server: &str) -> Option<String> {
    let own = config.get("credHelpers").and_then(|helpers| helpers.get(server));
    let named = own.or_else(|| config.get("credsStore")).and_then(Value::as_str);
    named.filter(|name| !name.is_empty()).map(|name| format!("docker-credential-{name}"))
}

/// Asks a helper: the server on its stdin, and on its stdout `{"ServerURL","Username","Secret"}`.
fn from_helper(helper: &str, server: &str) -> Result<Login, LoginError> {
    let shown = clean::shown(helper).into_owned();
    let no_helper = |error: std::io::Error| LoginError::NoHelper(shown.clone(), server.to_owned(), clean::line(&error.to_string()));
    // a name with a slash would be a program of somebody else's choice
    if helper.contains('/') {
        return Err(LoginError::Helper(shown, server.to_owned(), "that is no name of a helper".to_owned()));
    }
    let question = files::held(server.as_bytes()).and_then(|mut file| {
        std::io::Seek::rewind(&mut file)?;
        Ok(file)
    });
    let asked = ask_about(Command::new(helper).arg("get"), Stdio::from(question.map_err(no_helper)?), PATIENCE);
    let output: Output = match asked.map_err(no_helper)? {
        Asked::Answered(output) => output,
        Asked::TooSlow => return Err(LoginError::Slow(shown, server.to_owned())),
    };
    read(&output, &shown, server)
}

/// What a helper said.
fn read(output: &Output, helper: &str, server: &str) -> Result<Login, LoginError> {
    let failed = |why: &str| LoginError::Helper(helper.to_owned(), server.to_owned(), clean::first_line(why));
    if !output.status.success() {
        let said = [&output.stdout, &output.stderr].map(|part| String::from_utf8_lossy(part).into_owned());
        if said.iter().any(|said| said.contains(NO_LOGIN)) {
            return Ok(Login::Anonymous);
        }
        let said = said.iter().map(|said| clean::first_line(said)).find(|said| !said.is_empty());
        return Err(failed(&said.unwrap_or_else(|| output.status.to_string())));
    }
    // what it answered is a secret, also where we can't read it
    let answer: Answer = serde_json::from_slice(&output.stdout).map_err(|_secret| failed("its answer can't be read"))?;
    Ok(match answer.user.as_str() {
        "" => Login::Anonymous,
        TOKEN => Login::Identity(answer.secret),
        _ => Login::Password { user: answer.user, secret: answer.secret },
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn with(config: &str) -> (tempfile::TempDir, Result<Login, LoginError>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), config).unwrap();
        let image = ImageName::parse("127.0.0.1:5000/a").unwrap();
        let login = Login::find(Some(folder.path()), &image);
        (folder, login)
    }

    fn password(user: &str, secret: &str) -> Login {
        Login::Password { user: user.to_owned(), secret: secret.to_owned() }
    }

    #[test]
    fn the_config_says_who_we_are() {
        // dTpzOnQ= is u:s:t
        assert_eq!(with(r#"{"auths":{"127.0.0.1:5000":{"auth":"dTpzOnQ="}}}"#).1.unwrap(), password("u", "s:t"));
        assert_eq!(with(r#"{"auths":{"127.0.0.1:5000":{"identitytoken":"t"}}}"#).1.unwrap(), Login::Identity("t".to_owned()));
        for nobody in [r#"{"auths":{"127.0.0.1:5000":{}}}"#, r#"{"auths":{"127.0.0.2:5000":{"auth":"dTpzOnQ="}}}"#, "{}"] {
            assert_eq!(with(nobody).1.unwrap(), Login::Anonymous, "{nobody}");
        }
        let image = ImageName::parse("127.0.0.1:5000/a").unwrap();
        assert_eq!(Login::find(Some(Path::new("/nowhere")), &image), Ok(Login::Anonymous));
        assert_eq!(Login::find(None, &image), Ok(Login::Anonymous));
        let broken = with(r#"{"auths":{"127.0.0.1:5000":{"auth":"%%secret%%"}}}"#).1.unwrap_err().to_string();
        assert!(broken.starts_with("can't read the docker config /") && !broken.contains("secret"), "{broken}");
        assert!(with("{").1.is_err());
    }

    #[test]
    fn a_secret_is_in_no_text() {
        assert_eq!(format!("{:?} {:?}", password("u", "s"), Login::Identity("t".to_owned())), "a user whoever holds the token");
    }

    #[test]
    fn a_helper_is_named_by_server_and_then_for_all() {
        let config: Value = serde_json::from_str(r#"{"credsStore":"all","credHelpers":{"127.0.0.1:5000":"own","b":""}}"#).unwrap();
        assert_eq!(helper(&config, "127.0.0.1:5000").as_deref(), Some("docker-credential-own"));
        assert_eq!(helper(&config, "a").as_deref(), Some("docker-credential-all"));
        assert_eq!(helper(&config, "b"), None, "an empty name is none");
        let missing = with(r#"{"credsStore":"isobench-nowhere"}"#).1.unwrap_err();
        assert!(matches!(missing, LoginError::NoHelper(..)), "{missing}");
        let above = with(r#"{"credsStore":"/../../../../bin/sh"}"#).1.unwrap_err();
        assert!(matches!(above, LoginError::Helper(..)), "{above}");
    }

    #[test]
    fn what_a_helper_says_is_read() {
        // by its path, for PATH is everybody's in a test
        let folder = tempfile::tempdir().unwrap();
        let say = |script: &str| {
            let path = folder.path().join("helper");
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            let asked = ask_about(Command::new(&path).arg("get"), Stdio::null(), PATIENCE).unwrap();
            let Asked::Answered(output) = asked else { return Err(LoginError::Slow(String::new(), String::new())) };
            read(&output, "docker-credential-x", "127.0.0.1:5000")
        };
        assert_eq!(say(r#"echo '{"ServerURL":"x","Username":"u","Secret":"s"}'"#).unwrap(), password("u", "s"));
        assert_eq!(say(r#"echo '{"Username":"<token>","Secret":"t"}'"#).unwrap(), Login::Identity("t".to_owned()));
        assert_eq!(say("echo credentials not found in native keychain; exit 1").unwrap(), Login::Anonymous);
        let failed = say("echo no bus >&2; exit 1").unwrap_err().to_string();
        assert_eq!(failed, "docker-credential-x could not say who we are to 127.0.0.1:5000 (no bus): log in again with `docker login`");
        let unread = say("echo my secret").unwrap_err().to_string();
        assert!(!unread.contains("secret") && unread.contains("its answer can't be read"), "{unread}");
    }

    #[test]
    fn a_password_that_the_engine_would_misread_is_not_handed_over() {
        let image = ImageName::parse("127.0.0.1:5000/a").unwrap();
        let said = |secret: &str| password("u", secret).for_engine(&image);
        assert_eq!(said("s").unwrap().unwrap().serveraddress.as_deref(), Some("127.0.0.1:5000"));
        // each of the three places that a letter can have among three
        assert!(["?", "a?", "aa?"].iter().any(|secret| said(secret).is_err()));
        assert!(!["?", "a?", "aa?"].iter().all(|secret| said(secret).is_err()), "two of the places are harmless");
        assert_eq!(Login::Anonymous.for_engine(&image), Ok(None));
        assert!(has_last_letters(b"\xff") && has_last_letters(b"aa~") && !has_last_letters(b"a~a") && !has_last_letters(b""));
    }
}

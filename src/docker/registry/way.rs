//! How a registry is reached, and as whom: one request, with what it takes until it is answered.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use serde::Deserialize;

use super::error::RegistryError;
use super::{manifest, reset};
use crate::docker::ImageName;
use crate::docker::auth::Login;
use crate::host::clock;

/// How long a connection may take, encryption included.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer may be silent.
const SILENT: Duration = Duration::from_secs(10);

/// How long a request may take with all that belongs to it.
const PATIENCE: Duration = Duration::from_secs(25);

/// What we call ourselves to a login service that wants a name.
const CLIENT: &str = "isobench-tui";

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    method: Method,
    /// Behind `/v2/<repository>/`.
    path: String,
    /// First and last byte; all where `None`.
    range: Option<(u64, u64)>,
}

impl Ask {
    pub(super) const fn new(method: Method, path: String) -> Self {
        Self { method, path, range: None }
    }

    pub(super) fn within(self, from: u64, to: u64) -> Self {
        Self { range: Some((from, to)), ..self }
    }
}

/// What was learnt of registries. Locked for moments, and never over a wait.
#[derive(Default)]
struct Learnt {
    /// By host: the address up to the host, and whether its certificate is looked at.
    bases: HashMap<String, Base>,
    /// By host.
    logins: HashMap<String, Login>,
    /// By host and repository.
    passes: HashMap<(String, String), Pass>,
    /// Hosts that send all where a part was asked for.
    no_ranges: HashSet<String>,
}

/// The address of a registry, and the client that goes there.
#[derive(Debug, Clone)]
struct Base {
    address: String,
    client: Client,
}

/// What lets us in.
#[derive(Clone)]
enum Pass {
    /// A token for one repository.
    Token(String),
    /// Name and password themselves.
    Password(String, String),
}

/// What a login service answers: it has two names for the same.
#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

/// All that is needed to ask registries.
pub(super) struct Ways {
    insecure: Vec<String>,
    config: Option<PathBuf>,
    learnt: Mutex<Learnt>,
}

impl std::fmt::Debug for Ways {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ways").field("insecure", &self.insecure).finish_non_exhaustive()
    }
}

impl Ways {
    pub(super) fn new(insecure: Vec<String>, config: Option<PathBuf>) -> Self {
        // somebody else of this process may have chosen before
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { insecure, config, learnt: Mutex::default() }
    }

    pub(super) fn knows_no_ranges(&self, image: &ImageName) -> bool {
        self.learnt(|learnt| learnt.no_ranges.contains(image.host()))
    }

    pub(super) fn learn_no_ranges(&self, image: &ImageName) {
        self.learnt(|learnt| learnt.no_ranges.insert(image.host().to_owned()));
    }

    /// Asks, and shows who we are where that is wanted. The answer is a good one.
    pub(super) async fn send(&self, image: &ImageName, ask: &Ask) -> Result<Response, RegistryError> {
        match tokio::time::timeout(PATIENCE, self.try_send(image, ask)).await {
            Ok(answer) => answer,
            Err(_late) => Err(RegistryError::unreachable(image, &format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    async fn try_send(&self, image: &ImageName, ask: &Ask) -> Result<Response, RegistryError> {
        let base = self.base(image).await?;
        let place = (image.host().to_owned(), image.repository().to_owned());
        let known = self.learnt(|learnt| learnt.passes.get(&place).cloned());
        let answer = request(&base, image, ask, known.as_ref()).send().await.map_err(|error| RegistryError::of(&error, image))?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return self.judged(image, answer);
        }
        // a token lives for some minutes
        let pass = self.pass(image, &base, &answer).await?;
        drop(answer);
        let answer = request(&base, image, ask, Some(&pass)).send().await.map_err(|error| RegistryError::of(&error, image))?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            self.learnt(|learnt| learnt.passes.insert(place, pass));
        }
        self.judged(image, answer)
    }

    /// A good answer, or what is wrong with it.
    fn judged(&self, image: &ImageName, answer: Response) -> Result<Response, RegistryError> {
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(RegistryError::denied(image, self.is_somebody(image))),
            StatusCode::NOT_FOUND => Err(RegistryError::missing(image)),
            StatusCode::TOO_MANY_REQUESTS => {
                Err(RegistryError::TooMany { registry: image.registry().to_owned(), reset: reset::reset(answer.headers(), clock::now()) })
            }
            status if status.is_server_error() => Err(RegistryError::unreachable(image, &format!("it says {status}"))),
            status => Err(RegistryError::broken(image, &format!("it says {status}"))),
        }
    }

    /// What lets us in, by what the registry wants (RFC 6750 and the registry's token protocol).
    async fn pass(&self, image: &ImageName, base: &Base, refused: &Response) -> Result<Pass, RegistryError> {
        let login = self.login(image).await?;
        let wanted = refused.headers().get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let wanted: Vec<&str> = wanted.collect();
        let Some(bearer) = wanted.iter().find(|wanted| is_scheme(wanted, "bearer")) else {
            return match login {
                Login::Password { user, secret } if wanted.iter().any(|wanted| is_scheme(wanted, "basic")) => {
                    Ok(Pass::Password(user, secret))
                }
                login => Err(RegistryError::denied(image, login.is_somebody())),
            };
        };
        let realm = parameter(bearer, "realm").unwrap_or_default();
        let scope = format!("repository:{}:pull", image.repository());
        let service = parameter(bearer, "service").unwrap_or_default();
        // who took the place of a login service must not get the password
        if login.is_somebody() && base.address.starts_with("https://") && !realm.starts_with("https://") {
            return Err(RegistryError::broken(image, "it sends our login to an address without encryption"));
        }
        let request = match &login {
            Login::Anonymous => base.client.get(&realm).query(&[("service", &service), ("scope", &scope)]),
            Login::Password { user, secret } => {
                base.client.get(&realm).query(&[("service", &service), ("scope", &scope)]).basic_auth(user, Some(secret))
            }
            Login::Identity(token) => {
                let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", CLIENT)];
                let form = form.iter().copied().chain([("service", service.as_str()), ("scope", scope.as_str())]);
                base.client.post(&realm).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(form))
            }
        };
        let answer = request.send().await.map_err(|error| RegistryError::of(&error, image))?;
        let answer = match answer.status() {
            // for a login that is wrong
            StatusCode::BAD_REQUEST if login.is_somebody() => return Err(RegistryError::denied(image, true)),
            _ => self.judged(image, answer)?,
        };
        // what it answered is a secret, also where we can't read it
        let body = super::body(answer, 1 << 20).await.unwrap_or_default();
        let granted: Option<Granted> = serde_json::from_slice(&body).ok();
        let token = granted.map(|granted| if granted.token.is_empty() { granted.access_token } else { granted.token });
        let token = token.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
        token.map(Pass::Token).ok_or_else(|| RegistryError::broken(image, "its login service gives no token"))
    }

    /// Who we are to a registry. Helpers are asked once, on a thread that may wait for them.
    async fn login(&self, image: &ImageName) -> Result<Login, RegistryError> {
        if let Some(login) = self.learnt(|learnt| learnt.logins.get(image.host()).cloned()) {
            return Ok(login);
        }
        let (config, name) = (self.config.clone(), image.clone());
        let found = tokio::task::spawn_blocking(move || Login::find(config.as_deref(), &name)).await;
        let login = found.map_err(|error| RegistryError::broken(image, &error.to_string()))??;
        self.learnt(|learnt| learnt.logins.insert(image.host().to_owned(), login.clone()));
        Ok(login)
    }

    fn is_somebody(&self, image: &ImageName) -> bool {
        self.learnt(|learnt| learnt.logins.get(image.host()).is_some_and(Login::is_somebody))
    }

    /// The address of a registry. An insecure one is tried with encryption first, as the engine does; loopback without.
    async fn base(&self, image: &ImageName) -> Result<Base, RegistryError> {
        let host = image.host();
        if let Some(base) = self.learnt(|learnt| learnt.bases.get(host).cloned()) {
            return Ok(base);
        }
        let unmade = |error: reqwest::Error| RegistryError::of(&error, image);
        let is_insecure = is_loopback(host) || self.insecure.iter().any(|insecure| is_meant(insecure, host));
        let client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENT);
        let client = client.user_agent(concat!("isobench-tui/", env!("CARGO_PKG_VERSION")));
        let client = if is_loopback(host) { client.no_proxy() } else { client };
        let client = client.danger_accept_invalid_certs(is_insecure).build().map_err(unmade)?;
        let mut base = Base { address: format!("https://{host}"), client };
        if is_loopback(host) {
            // nearly always without; who wants encryption says 400, or hangs up
            let greeted = base.client.get(format!("http://{host}/v2/")).send().await;
            if greeted.is_ok_and(|answer| answer.status() != StatusCode::BAD_REQUEST) {
                base.address = format!("http://{host}");
            }
        } else if is_insecure {
            let greeted = base.client.get(format!("{}/v2/", base.address)).send().await;
            if greeted.is_err_and(|error| error.is_connect()) {
                base.address = format!("http://{host}");
            }
        }
        self.learnt(|learnt| learnt.bases.insert(host.to_owned(), base.clone()));
        Ok(base)
    }

    fn learnt<T>(&self, what: impl FnOnce(&mut Learnt) -> T) -> T {
        what(&mut self.learnt.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn request(base: &Base, image: &ImageName, ask: &Ask, pass: Option<&Pass>) -> RequestBuilder {
    let address = format!("{}/v2/{}/{}", base.address, image.repository(), ask.path);
    let request = base.client.request(ask.method.clone(), address).header(header::ACCEPT, manifest::ACCEPT);
    let request = match ask.range {
        Some((from, to)) => request.header(header::RANGE, format!("bytes={from}-{to}")),
        None => request,
    };
    match pass {
        Some(Pass::Token(token)) => request.bearer_auth(token),
        Some(Pass::Password(user, secret)) => request.basic_auth(user, Some(secret)),
        None => request,
    }
}

/// Whether a challenge is of this scheme.
fn is_scheme(challenge: &str, scheme: &str) -> bool {
    challenge.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(scheme))
}

/// A parameter of a challenge: `Bearer realm="…",service="…"`.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let (_, mut rest) = challenge.split_once(char::is_whitespace)?;
    while let Some((key, value)) = rest.split_once('=') {
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_once(',').unwrap_or((value, "")),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value.trim().to_owned());
        }
        rest = after.trim_start_matches([',', ' ']);
    }
    None
}

/// A form as it is sent.
fn encoded<'f>(form: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    reqwest::Url::parse_with_params("form:", form).ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name)
}

fn is_loopback(host: &str) -> bool {
    let name = name_of(host);
    name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether what the engine calls insecure, a host with its port or a network, means this host.
fn is_meant(insecure: &str, host: &str) -> bool {
    if insecure == host {
        return true;
    }
    let network = insecure.split_once('/').and_then(|(network, bits)| Some((network.parse().ok()?, bits.parse().ok()?)));
    match (network, name_of(host).trim_matches(['[', ']']).parse()) {
        (Some((IpAddr::V4(network), bits)), Ok(IpAddr::V4(address))) => {
            shifted(u128::from(network.to_bits()), 32, bits) == shifted(u128::from(address.to_bits()), 32, bits)
        }
        (Some((IpAddr::V6(network), bits)), Ok(IpAddr::V6(address))) => {
            shifted(network.to_bits(), 128, bits) == shifted(address.to_bits(), 128, bits)
        }
        _ => false,
    }
}

/// The first bits of an address.
fn shifted(address: u128, length: u32, bits: u32) -> u128 {
    address.checked_shr(length.saturating_sub(bits)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read() {
        let bearer = r#"Bearer realm="https://127.0.0.1/token?a=b",service="the registry, ours",scope=x"#;
        assert_eq!(parameter(bearer, "realm").as_deref(), Some("https://127.0.0.1/token?a=b"));
        assert_eq!(parameter(bearer, "service").as_deref(), Some("the registry, ours"));
        assert_eq!((parameter(bearer, "scope").as_deref(), parameter(bearer, "error")), (Some("x"), None));
        assert!(is_scheme(bearer, "bearer") && is_scheme("Basic realm=x", "basic") && !is_scheme("", "basic"));
        assert_eq!(parameter(r#"Bearer realm="open"#, "realm"), None);
        assert_eq!(encoded([("a", "b c"), ("d", "e&f=")].into_iter()), "a=b+c&d=e%26f%3D");
    }

    #[test]
    fn loopback_and_what_the_engine_names_are_insecure() {
        assert!(["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"].into_iter().all(is_loopback));
        assert!(!is_loopback("localhost.example:5000") && !is_loopback("10.0.0.1"));
        assert!(is_meant("10.1.0.0/16", "10.1.2.3:5000") && !is_meant("10.1.0.0/16", "10.2.2.3"));
        assert!(is_meant("box:5000", "box:5000") && !is_meant("box:5000", "box") && is_meant("0.0.0.0/0", "1.2.3.4"));
        assert!(is_meant("fd00::/8", "[fd00::1]:5000") && !is_meant("fd00::/8", "10.0.0.1") && !is_meant("x/y", "x"));
    }
}

//! Where the Docker engine listens, found as the `docker` command finds it: `DOCKER_HOST`, `DOCKER_CONTEXT`, the current
//! context of its configuration, the usual sockets.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::DockerError;
use super::digest::sha256;
use crate::host::environment::variable;
use crate::host::files::{self, Links};
use crate::text::clean;

/// The socket of an engine that the system started.
const SOCKET: &str = "/var/run/docker.sock";

/// The name of the context that means the usual sockets.
const DEFAULT: &str = "default";

/// A larger configuration is none, in bytes.
const LARGEST: u64 = 4 << 20;

/// Where an engine listens, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The way to it.
    pub way: Way,
    /// Where it was named.
    pub named: Named,
}

/// The way to an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A socket of this machine.
    Unix(PathBuf),
    /// HTTP without encryption, at `host:port`.
    Tcp(String),
    /// HTTPS, at `host:port`.
    Tls {
        /// `host:port`
        address: String,
        /// Whom we trust, and who we are.
        certificates: Certificates,
    },
    /// `docker system dial-stdio` on another machine.
    Ssh(SshHost),
}

/// Files in PEM of a TLS connection, each where it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Who may sign for the engine, beside those whom this machine trusts.
    pub authority: Option<PathBuf>,
    /// Who we are.
    pub certificate: Option<PathBuf>,
    /// The key of that.
    pub key: Option<PathBuf>,
}

/// A machine that ssh reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshHost {
    /// Its name, as ssh knows it.
    pub host: String,
    /// Who we are there; `None`: as ssh is configured.
    pub user: Option<String>,
    /// Its port; `None`: as ssh is configured.
    pub port: Option<u16>,
    /// The engine's socket over there, where it is none of the usual ones.
    pub socket: Option<String>,
}

/// Who named an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Nobody: it is a usual socket.
    Nowhere,
    /// The variable `DOCKER_HOST`.
    Variable,
    /// A context of the `docker` command, by its name.
    Context(String),
}

/// What the search for an endpoint depends on.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// A variable of the environment that is set and not empty.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// `config.json` of the `docker` command, as far as it names a context.
#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default, rename = "currentContext")]
    current_context: String,
}

/// `contexts/meta/<sha256 of the name>/meta.json`
#[derive(Deserialize)]
struct ContextFile {
    #[serde(default, rename = "Endpoints")]
    endpoints: ContextEndpoints,
}

#[derive(Default, Deserialize)]
struct ContextEndpoints {
    docker: Option<ContextEndpoint>,
}

#[derive(Deserialize)]
struct ContextEndpoint {
    #[serde(default, rename = "Host")]
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

impl Endpoint {
    /// Where an engine may listen by this user's environment, the likeliest first: several only where nothing is said and
    /// the usual sockets are tried. The error is a sentence that names the variable or the file.
    pub fn of_environment() -> Result<Vec<Self>, DockerError> {
        Self::find(Around { variable: &variable })
    }

    /// The same by other variables.
    pub fn find(around: Around<'_>) -> Result<Vec<Self>, DockerError> {
        if let Some(host) = (around.variable)("DOCKER_HOST") {
            let tls = tls_of_variables(around)?;
            return Ok(vec![Self { way: way(&host, tls, "DOCKER_HOST")?, named: Named::Variable }]);
        }
        let Some(folder) = config_folder(around) else { return Ok(usual(around)) };
        let named = if let Some(name) = (around.variable)("DOCKER_CONTEXT") {
            Some((name, "DOCKER_CONTEXT".to_owned()))
        } else {
            let file = folder.join("config.json");
            let config: Option<ConfigFile> = read(&file)?;
            config.map(|config| (config.current_context, clean::path(&file)))
        };
        match named.filter(|(name, _)| !name.is_empty() && name != DEFAULT) {
            Some((name, by)) => of_context(&folder, name, &by, around),
            None => Ok(usual(around)),
        }
    }

    /// Whether it may lead to the same engine as another one: two sockets of this machine are the same file or two engines, and of all other
    /// ways nobody knows where they end.
    pub fn may_be(&self, other: &Self) -> bool {
        let (Way::Unix(one), Way::Unix(two)) = (&self.way, &other.way) else { return true };
        let place = |socket: &Path| fs::metadata(socket).map(|there| (there.dev(), there.ino())).ok();
        one == two || (place(one).is_some() && place(one) == place(two))
    }

    /// Whether it is a way to this machine; what listens there may still pass everything on to another.
    pub fn is_local(&self) -> bool {
        match &self.way {
            Way::Unix(_) => true,
            Way::Tcp(address) | Way::Tls { address, .. } => {
                let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
                let host = host.trim_start_matches('[').trim_end_matches(']');
                host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Way::Ssh(_) => false,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.way)?;
        match &self.named {
            Named::Nowhere => Ok(()),
            Named::Variable => f.write_str(" (DOCKER_HOST)"),
            Named::Context(name) => write!(f, " (docker context '{}')", clean::shown(name)),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(socket) => write!(f, "unix://{}", clean::path(socket)),
            Self::Tcp(address) => write!(f, "tcp://{}", clean::shown(address)),
            Self::Tls { address, .. } => write!(f, "https://{}", clean::shown(address)),
            Self::Ssh(host) => write!(f, "ssh://{host}"),
        }
    }
}

impl fmt::Display for SshHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{}@", clean::shown(user))?;
        }
        f.write_str(&clean::shown(&self.host))?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.socket.as_ref().map_or(Ok(()), |socket| f.write_str(&clean::shown(socket)))
    }
}

/// The usual sockets.
fn usual(around: Around<'_>) -> Vec<Endpoint> {
    let own = (around.variable)("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("docker.sock"));
    let sockets = [PathBuf::from(SOCKET)].into_iter().chain(own);
    sockets.map(|socket| Endpoint { way: Way::Unix(socket), named: Named::Nowhere }).collect()
}

/// Where the `docker` command keeps its configuration; `None` where there is no home.
pub(super) fn config_folder(around: Around<'_>) -> Option<PathBuf> {
    let own = (around.variable)("DOCKER_CONFIG").map(PathBuf::from);
    own.or_else(|| (around.variable)("HOME").map(|home| Path::new(&home).join(".docker")))
}

fn of_context(folder: &Path, name: String, by: &str, around: Around<'_>) -> Result<Vec<Endpoint>, DockerError> {
    let id = sha256(&name);
    let shown = clean::shown(&name).into_owned();
    let file = folder.join("contexts/meta").join(&id).join("meta.json");
    let Some(context) = read::<ContextFile>(&file)? else {
        let says = format!("{by} names the docker context '{shown}', and there is none: {} is missing", clean::path(&file));
        return Err(DockerError::Settings(says));
    };
    let Some(endpoint) = context.endpoints.docker else {
        return Err(DockerError::Settings(format!("the docker context '{shown}' names no engine ({})", clean::path(&file))));
    };
    if endpoint.host.is_empty() {
        return Ok(usual(around));
    }
    let certificates = folder.join("contexts/tls").join(&id).join("docker");
    let there = |name: &str| Some(certificates.join(name)).filter(|path| path.exists());
    let found = Certificates { authority: there("ca.pem"), certificate: there("cert.pem"), key: there("key.pem") };
    let tls = if endpoint.skip_tls_verify {
        Tls::Unchecked
    } else if found == Certificates::default() {
        Tls::Unsaid
    } else {
        Tls::Checked(found)
    };
    let way = way(&endpoint.host, tls, &format!("the docker context '{shown}' ({})", clean::path(&file)))?;
    Ok(vec![Endpoint { way, named: Named::Context(name) }])
}

/// A file of the `docker` command; `None` where there is none.
fn read<T: serde::de::DeserializeOwned>(file: &Path) -> Result<Option<T>, DockerError> {
    match files::read(file, LARGEST, Links::Followed) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let says = clean::line(&error.to_string());
            DockerError::Settings(format!("{} can't be read: {says}", clean::path(file)))
        }),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(DockerError::Settings(format!("{} can't be read: {error}", clean::path(file)))),
    }
}

/// What is said of TLS beside the address.
enum Tls {
    /// Nothing.
    Unsaid,
    /// The engine has to prove who it is.
    Checked(Certificates),
    /// It need not.
    Unchecked,
}

/// `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH`. As for the `docker` command any value of the first two is yes.
fn tls_of_variables(around: Around<'_>) -> Result<Tls, DockerError> {
    if (around.variable)("DOCKER_TLS_VERIFY").is_none() {
        return Ok(if (around.variable)("DOCKER_TLS").is_some() { Tls::Unchecked } else { Tls::Unsaid });
    }
    let named = (around.variable)("DOCKER_CERT_PATH").map(PathBuf::from);
    let is_named = named.is_some();
    let Some(folder) = named.or_else(|| config_folder(around)) else { return Ok(Tls::Checked(Certificates::default())) };
    let there = |name: &str| {
        let path = folder.join(name);
        if path.exists() {
            return Ok(Some(path));
        }
        // in the default folder each of them may be missing
        if is_named { Err(DockerError::Settings(format!("DOCKER_CERT_PATH: {} is missing", clean::path(&path)))) } else { Ok(None) }
    };
    Ok(Tls::Checked(Certificates { authority: there("ca.pem")?, certificate: there("cert.pem")?, key: there("key.pem")? }))
}

/// An address as the `docker` command takes it. `by` says who wrote it.
fn way(host: &str, tls: Tls, by: &str) -> Result<Way, DockerError> {
    let wrong = |says: &str| Err(DockerError::Settings(format!("{by} {says}")));
    let (scheme, rest) = host.split_once("://").unwrap_or(("tcp", host));
    match scheme {
        "unix" if rest.is_empty() => Ok(Way::Unix(PathBuf::from(SOCKET))),
        "unix" if !rest.starts_with('/') => wrong("names a socket by a path that does not begin with /"),
        "unix" => Ok(Way::Unix(PathBuf::from(rest))),
        "ssh" => ssh(rest, by).map(Way::Ssh),
        "tcp" | "http" | "https" => {
            let rest = rest.trim_end_matches('/');
            if rest.contains('@') {
                // never shown: there may be a password in it
                return wrong("holds a user before the address, and the engine knows none");
            }
            if rest.contains(['/', '?', '#', ' ']) || rest.starts_with(':') && rest.len() < 2 {
                return wrong(&format!("is {}, and that is no host with a port", clean::shown(host)));
            }
            match tls {
                Tls::Unchecked => wrong("asks for TLS without a look at who answers, which is not done here: give it a ca.pem"),
                Tls::Checked(certificates) => Ok(Way::Tls { address: address(rest, 2376), certificates }),
                Tls::Unsaid if scheme == "https" => Ok(Way::Tls { address: address(rest, 2376), certificates: Certificates::default() }),
                Tls::Unsaid => Ok(Way::Tcp(address(rest, 2375))),
            }
        }
        "npipe" => wrong(&format!("is {}, a pipe of Windows, and this is none", clean::shown(host))),
        _ => wrong(&format!("is {}: unix://, tcp://, https:// and ssh:// are known", clean::shown(host))),
    }
}

/// Host and port, each by default as the `docker` command has it.
fn address(written: &str, port: u16) -> String {
    let has_port =
        written.rsplit_once(':').is_some_and(|(host, port)| !port.ends_with(']') && (!host.contains(':') || host.ends_with(']')));
    let host = if written.is_empty() || written.starts_with(':') { "127.0.0.1" } else { "" };
    if has_port { format!("{host}{written}") } else { format!("{host}{written}:{port}") }
}

/// `[user@]host[:port][/socket]`
fn ssh(rest: &str, by: &str) -> Result<SshHost, DockerError> {
    let wrong = |says: &str| Err(DockerError::Settings(format!("{by} {says}")));
    let (authority, socket) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (user, place) = authority.rsplit_once('@').map_or((None, authority), |(user, place)| (Some(user), place));
    if user.is_some_and(|user| user.contains(':')) {
        return wrong("holds a password, and ssh takes none there: use a key");
    }
    let (host, port) = match place.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']')) {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => return wrong(&format!("names the port {}, and that is none", clean::shown(port))),
        },
        None => (place, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    // what begins with a dash would be an option of ssh
    if host.is_empty() || host.starts_with('-') || user.is_some_and(|user| user.is_empty() || user.starts_with('-')) {
        return wrong("names no machine that ssh could reach");
    }
    let socket = Some(socket).filter(|socket| socket.len() > 1).map(str::to_owned);
    Ok(SshHost { host: host.to_owned(), user: user.map(str::to_owned), port, socket })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    /// What these variables lead to, as it is shown; the last word is whether it is local.
    fn found(variables: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let endpoints = Endpoint::find(Around { variable: &variable }).map_err(|error| error.to_string())?;
        let local = |endpoint: &Endpoint| if endpoint.is_local() { "local" } else { "remote" };
        Ok(endpoints.iter().map(|endpoint| format!("{endpoint} {}", local(endpoint))).collect())
    }

    #[test]
    fn two_sockets_are_two_engines_unless_they_are_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b, link] = ["a", "b", "link"].map(|name| folder.path().join(name));
        for path in [&a, &b] {
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink("a", &link).unwrap();
        let at = |way| Endpoint { way, named: Named::Nowhere };
        let socket = |path: &Path| at(Way::Unix(path.to_owned()));
        let (gone, tcp) = (folder.path().join("gone"), at(Way::Tcp("gpu:2375".to_owned())));
        assert!(socket(&a).may_be(&socket(&link)) && socket(&gone).may_be(&socket(&gone)) && socket(&a).may_be(&tcp) && tcp.may_be(&tcp));
        assert!(!socket(&a).may_be(&socket(&b)) && !socket(&a).may_be(&socket(&gone)) && !socket(&gone).may_be(&socket(&link)));
    }

    fn host(host: &str) -> String {
        match found(&[("DOCKER_HOST", host)]) {
            Ok(found) => found.join(" | "),
            Err(says) => says,
        }
    }

    /// A folder like `~/.docker` with this context.
    fn context(name: &str, meta: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let meta_folder = folder.path().join("contexts/meta").join(sha256(name));
        fs::create_dir_all(&meta_folder).unwrap();
        fs::write(meta_folder.join("meta.json"), meta).unwrap();
        folder
    }

    #[test]
    fn a_host_is_taken_as_the_docker_command_takes_it() {
        assert_eq!(host("unix:///run/x.sock"), "unix:///run/x.sock (DOCKER_HOST) local");
        assert_eq!(host("unix://"), "unix:///var/run/docker.sock (DOCKER_HOST) local");
        assert_eq!(host("tcp://gpu"), "tcp://gpu:2375 (DOCKER_HOST) remote");
        assert_eq!(host("gpu:99"), "tcp://gpu:99 (DOCKER_HOST) remote");
        assert_eq!(host("tcp://:99"), "tcp://127.0.0.1:99 (DOCKER_HOST) local");
        assert_eq!(host("tcp://[::1]:99/"), "tcp://[::1]:99 (DOCKER_HOST) local");
        assert_eq!(host("tcp://[fe80::1]"), "tcp://[fe80::1]:2375 (DOCKER_HOST) remote");
        assert_eq!(host("http://localhost:1"), "tcp://localhost:1 (DOCKER_HOST) local");
        assert_eq!(host("https://gpu"), "https://gpu:2376 (DOCKER_HOST) remote");
        assert_eq!(host("ssh://ann@box:2222/run/user/7/docker.sock"), "ssh://ann@box:2222/run/user/7/docker.sock (DOCKER_HOST) remote");
        assert_eq!(host("ssh://box"), "ssh://box (DOCKER_HOST) remote");
    }

    #[test]
    fn what_is_no_address_is_a_sentence_without_passwords() {
        assert!(host("npipe:////./pipe/docker_engine").contains("a pipe of Windows"));
        assert!(host("fd://3").contains("unix://, tcp://, https:// and ssh:// are known"));
        assert!(host("unix://run/x.sock").contains("does not begin with /"));
        assert!(host("tcp://gpu:99/base").contains("no host with a port"));
        assert!(host("ssh://box:x").contains("the port x"));
        for option in ["ssh://-oProxyCommand=x", "ssh://-x@box", "ssh://", "ssh://@box"] {
            assert!(host(option).contains("names no machine"), "{option}");
        }
        for secret in ["tcp://ann:hush@gpu:99", "ssh://ann:hush@gpu", "https://ann:hush@gpu"] {
            let says = host(secret);
            assert!(says.contains("DOCKER_HOST holds a") && !says.contains("hush"), "{says}");
        }
    }

    #[test]
    fn without_a_word_the_usual_sockets_are_tried() {
        assert_eq!(found(&[]).unwrap(), ["unix:///var/run/docker.sock local"]);
        let both = found(&[("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/nowhere")]).unwrap();
        assert_eq!(both, ["unix:///var/run/docker.sock local", "unix:///run/user/7/docker.sock local"]);
        assert_eq!(found(&[("DOCKER_CONTEXT", "default"), ("HOME", "/nowhere")]).unwrap().len(), 1);
    }

    #[test]
    fn a_context_is_found_by_its_name_and_the_variable_comes_before_the_file() {
        let folder =
            context("gpu", r#"{"Name":"gpu","Metadata":{},"Endpoints":{"docker":{"Host":"ssh://ann@box","SkipTLSVerify":false}}}"#);
        let config = folder.path().to_str().unwrap().to_owned();
        fs::write(folder.path().join("config.json"), r#"{"auths":{},"currentContext":"gpu"}"#).unwrap();
        let ours = [("DOCKER_CONFIG", config.as_str())];
        assert_eq!(found(&ours).unwrap(), ["ssh://ann@box (docker context 'gpu') remote"]);
        assert_eq!(found(&[ours[0], ("DOCKER_CONTEXT", "default")]).unwrap(), ["unix:///var/run/docker.sock local"]);
        assert_eq!(found(&[ours[0], ("DOCKER_HOST", "unix:///x")]).unwrap(), ["unix:///x (DOCKER_HOST) local"]);
        let says = found(&[ours[0], ("DOCKER_CONTEXT", "other")]).unwrap_err();
        assert!(
            says.contains("DOCKER_CONTEXT names the docker context 'other', and there is none") && says.contains("meta.json"),
            "{says}"
        );
        // by HOME
        fs::rename(folder.path(), folder.path().with_extension("home")).unwrap();
        let home = folder.path().with_extension("home2");
        fs::create_dir(&home).unwrap();
        fs::rename(folder.path().with_extension("home"), home.join(".docker")).unwrap();
        assert_eq!(found(&[("HOME", home.to_str().unwrap())]).unwrap().len(), 1);
        fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn broken_files_are_named() {
        let folder = context("gpu", "{\"Endpoints\": 3}");
        let config = folder.path().to_str().unwrap().to_owned();
        let ours = ("DOCKER_CONFIG", config.as_str());
        let says = found(&[ours, ("DOCKER_CONTEXT", "gpu")]).unwrap_err();
        assert!(says.contains("meta.json can't be read: invalid type"), "{says}");
        fs::write(folder.path().join("config.json"), "{").unwrap();
        let says = found(&[ours]).unwrap_err();
        assert!(says.contains(&format!("{config}/config.json can't be read: EOF")), "{says}");
        let folder = context("k", r#"{"Endpoints":{"kubernetes":{}}}"#);
        let says = found(&[("DOCKER_CONFIG", folder.path().to_str().unwrap()), ("DOCKER_CONTEXT", "k")]).unwrap_err();
        assert!(says.contains("the docker context 'k' names no engine"), "{says}");
    }

    #[test]
    fn tls_is_what_variables_or_the_context_say() {
        let folder = context("far", r#"{"Endpoints":{"docker":{"Host":"tcp://gpu:2376"}}}"#);
        let config = folder.path().to_str().unwrap().to_owned();
        let ours = [("DOCKER_CONFIG", config.as_str()), ("DOCKER_CONTEXT", "far")];
        assert_eq!(found(&ours).unwrap(), ["tcp://gpu:2376 (docker context 'far') remote"]);
        let tls = folder.path().join("contexts/tls").join(sha256("far")).join("docker");
        fs::create_dir_all(&tls).unwrap();
        fs::write(tls.join("ca.pem"), "").unwrap();
        assert_eq!(found(&ours).unwrap(), ["https://gpu:2376 (docker context 'far') remote"]);

        let host = ("DOCKER_HOST", "tcp://gpu");
        assert_eq!(found(&[host, ("DOCKER_TLS_VERIFY", "1")]).unwrap(), ["https://gpu:2376 (DOCKER_HOST) remote"]);
        assert!(found(&[host, ("DOCKER_TLS", "1")]).unwrap_err().contains("without a look at who answers"));
        let says = found(&[host, ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", tls.to_str().unwrap())]).unwrap_err();
        assert!(says.contains("cert.pem is missing"), "{says}");
    }
}

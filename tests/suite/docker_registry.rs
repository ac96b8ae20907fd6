//! What registries say, right and wrong: a real one, and stand-ins for what it never says.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bollard::auth::DockerCredentials;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use isobench_tui::docker::auth::Login;
use isobench_tui::docker::registry::{Platform, Reset, Settings};
use isobench_tui::docker::{ImageFacts, ImageName, Registry as Asked, RegistryError};
use isobench_tui::domain::FailureClass;
use serde_json::json;

use crate::campaign::Campaign;
use crate::docker_forecast::{client, wait_for};
use crate::engine::images::{Content, Layer, Packed, config, digest};
use crate::engine::proxy::{Mood, Proxy};
use crate::engine::registry::Registry;
use crate::engine::{Driver, Engine, Options};
use crate::support::folder;

fn asked(cache: &Path) -> Asked {
    Asked::new(Settings { cache: cache.to_owned(), ..Settings::default() })
}

fn named(reference: &str) -> ImageName {
    ImageName::parse(reference).unwrap()
}

fn layers() -> [Layer; 3] {
    [
        Layer::new().busybox().file("a", 3_000_000, Content::Half),
        Layer::new().text("b", "b"),
        Layer::new().file("c", 90_000, Content::Zeros),
    ]
}

/// Facts with all sizes.
fn described(asked: &Asked, reference: &str) -> Result<ImageFacts, RegistryError> {
    wait_for(async {
        let image = named(reference);
        let mut facts = asked.facts(&image).await?;
        asked.sizes(&image, &mut facts, 0).await;
        Ok(facts)
    })
}

#[test]
fn a_registry_tells_the_layers_and_how_large_they_become_and_is_asked_once() {
    let (_gone, root) = folder();
    let Some(registry) = Registry::shared(&root) else { return };
    let pushed = registry.push("facts/right:1", &layers());
    let proxy = Proxy::start(registry.port());
    let reference = proxy.reference(&pushed.name);
    let seen = described(&asked(&root), &reference).unwrap();
    assert_eq!((&seen.manifest, &seen.digest, &seen.id), (&pushed.digest, &pushed.digest, &pushed.id));
    let told: Vec<_> = seen.layers.iter().map(|layer| (layer.compressed, layer.extracted.unwrap())).collect();
    let right: Vec<_> = pushed.layers.iter().map(|layer| (layer.compressed, layer.tar)).collect();
    assert_eq!(told.iter().map(|(compressed, size)| (*compressed, size.bytes)).collect::<Vec<_>>(), right);
    assert!(told.iter().all(|(_, size)| !size.is_estimate));
    let asked_for = proxy.passed();
    assert!(asked_for < 20_000, "the layers themselves never came: {asked_for}");
    // the second time a HEAD alone is asked
    assert_eq!(described(&asked(&root), &reference).unwrap(), seen);
    assert!(proxy.passed() - asked_for < 1000, "{}", proxy.passed() - asked_for);
    let kept = root.join(format!("{}.json", pushed.digest));
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&kept, "{\"version\":1,").unwrap();
    assert_eq!(described(&asked(&root), &reference).unwrap(), seen, "what is torn is asked for again");
    assert!(fs::metadata(&kept).unwrap().len() > 100, "and replaced");
    // what the engine has is not asked for
    let (image, other) = (named(&reference), asked(&root.join("other")));
    let partly = wait_for(async {
        let mut facts = other.facts(&image).await.unwrap();
        other.sizes(&image, &mut facts, 2).await;
        facts
    });
    assert_eq!(partly.layers.iter().map(|layer| layer.extracted.is_some()).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn a_tag_or_a_repository_that_is_not_there_is_missing() {
    let (_gone, root) = folder();
    let Some(registry) = Registry::shared(&root) else { return };
    registry.push("facts/there:1", &[Layer::new().text("a", "a")]);
    for name in ["facts/there:2", "facts/nowhere:1"] {
        let reference = registry.reference(name);
        let error = wait_for(asked(&root).exists(&named(&reference))).unwrap_err();
        assert_eq!(error.class(), FailureClass::ImageMissing);
        let registry = format!("127.0.0.1:{}", registry.port());
        assert_eq!(error.to_string(), format!("{registry} has no {reference}: build and push it, or check the name"));
    }
}

#[test]
fn each_trouble_with_a_registry_has_its_own_sentence() {
    let (_gone, root) = folder();
    let proxy = Proxy::start(1);
    let reference = proxy.reference("a/b:1");
    let says = |status: u16, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        proxy.is(Mood::Answer { status, headers, body: "\u{1b}[2J<html>no</html>".to_owned() });
        let error = described(&asked(&root), &reference).unwrap_err();
        let said = error.to_string().replace(&reference, "IMAGE").replace(&format!("127.0.0.1:{}", proxy.port()), "HOST");
        assert!(!said.contains('\u{1b}'), "{said}");
        (error.class(), error.reset(), said)
    };
    let (class, _, said) = says(403, &[]);
    assert_eq!(class, FailureClass::ImageAccess);
    assert_eq!(
        said,
        "HOST refuses IMAGE: it is not there, or it is private, and we are nobody to it: check the name, or `docker login HOST`"
    );
    let (class, reset, said) = says(429, &[("X-RateLimit-Reset", "1900000000")]);
    assert_eq!((class, reset.map(jiff::Timestamp::as_second)), (FailureClass::RateLimit, Some(1_900_000_000)));
    assert!(said.starts_with("HOST wants no more requests before ") && said.contains("`docker login HOST`"), "{said}");
    let (_, reset, said) = says(429, &[("RateLimit-Remaining", "0;w=21600")]);
    assert_eq!(reset, None);
    assert!(said.starts_with("HOST wants no more requests for some time, 6 h at the most: "), "{said}");
    assert_eq!(says(503, &[]).2, "HOST does not answer (it says 503 Service Unavailable): look for IMAGE again once the network is there");
    assert!(says(200, &[]).2.starts_with("HOST answers something odd about IMAGE: its manifest is no JSON"), "{}", says(200, &[]).2);
    proxy.is(Mood::Cut);
    let error = described(&asked(&root), &reference).unwrap_err();
    assert!(matches!(error, RegistryError::Unreachable { .. }), "{error:?}");
    drop(proxy);
    let error = described(&asked(&root), &reference).unwrap_err().to_string();
    assert!(error.contains("does not answer (") && error.contains("refused"), "{error}");
}

/// A request that a stand-in got.
#[derive(Clone, Debug)]
struct Request {
    /// `GET /v2/…`
    line: String,
    head: String,
    body: String,
}

impl Request {
    fn is(&self, begin: &str) -> bool {
        self.line.starts_with(begin)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    }
}

type Answers = dyn Fn(&Request, u16) -> (u16, String, Vec<u8>) + Send + Sync;

/// A registry that says what a test wants: status, further header lines, body.
struct StandIn {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    /// Bytes of bodies that were taken off it.
    sent: Arc<Mutex<usize>>,
}

impl StandIn {
    fn start(answers: Box<Answers>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stand_in = Self { port, seen: Arc::default(), sent: Arc::default() };
        let (seen, sent, answers) = (Arc::clone(&stand_in.seen), Arc::clone(&stand_in.sent), Arc::<Answers>::from(answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, sent, answers) = (Arc::clone(&seen), Arc::clone(&sent), Arc::clone(&answers));
                std::thread::spawn(move || answer(stream, port, &seen, &sent, &*answers));
            }
        });
        stand_in
    }

    fn image(&self) -> ImageName {
        named(&format!("127.0.0.1:{}/a/b:1", self.port))
    }

    fn asked_for(&self, begin: &str) -> Vec<Request> {
        self.seen.lock().unwrap().iter().filter(|request| request.is(begin)).cloned().collect()
    }
}

fn answer(mut stream: TcpStream, port: u16, seen: &Mutex<Vec<Request>>, sent: &Mutex<usize>, answers: &Answers) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        // who begins with encryption is hung up on
        if stream.read(&mut byte).unwrap_or(0) == 0 || head.first() == Some(&0x16) {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let line = head.lines().next().unwrap().to_owned();
    let mut request = Request { line, head, body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    request.body = String::from_utf8(body).unwrap();
    seen.lock().unwrap().push(request.clone());
    let (status, headers, body) = answers(&request, port);
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    let body = if request.is("HEAD") { Vec::new() } else { body };
    let _ = stream.write_all(head.as_bytes());
    for piece in body.chunks(1 << 16) {
        if stream.write_all(piece).is_err() {
            return;
        }
        *sent.lock().unwrap() += piece.len();
    }
}

/// An image as a stand-in has it.
#[derive(Clone)]
struct Kept {
    config: Vec<u8>,
    manifest: Vec<u8>,
    layers: Vec<(String, Vec<u8>)>,
}

fn kept(layers: &[Packed], media: &str) -> Kept {
    let config = serde_json::to_vec(&config(layers, "x")).unwrap();
    let rows: Vec<_> =
        layers.iter().map(|layer| json!({"mediaType": media, "size": layer.blob().len(), "digest": digest(layer.blob())})).collect();
    let kind = "application/vnd.docker.container.image.v1+json";
    let config_row = json!({"mediaType": kind, "digest": digest(&config), "size": config.len()});
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config_row, "layers": rows});
    let layers = layers.iter().map(|layer| (digest(layer.blob()), layer.blob().to_vec())).collect();
    Kept { config, manifest: serde_json::to_vec(&manifest).unwrap(), layers }
}

impl Kept {
    /// What a registry without any extras says; it knows no ranges.
    fn says(&self, request: &Request) -> (u16, String, Vec<u8>) {
        let path = request.line.split(' ').nth(1).unwrap();
        let by_digest = format!("Content-Type: {MANIFEST}\r\nDocker-Content-Digest: {}\r\n", digest(&self.manifest));
        if path == "/v2/" {
            return (200, "Docker-Distribution-Api-Version: registry/2.0\r\n".to_owned(), b"{}".to_vec());
        }
        if path.ends_with("/manifests/1") || path.ends_with(&digest(&self.manifest)) {
            return (200, by_digest, self.manifest.clone());
        }
        if path.ends_with(&digest(&self.config)) {
            return (200, String::new(), self.config.clone());
        }
        match self.layers.iter().find(|(digest, _)| path.ends_with(digest)) {
            Some((_, blob)) => (200, String::new(), blob.clone()),
            None => (404, String::new(), Vec::new()),
        }
    }
}

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

#[test]
fn a_registry_without_ranges_does_not_send_us_a_layer() {
    let (_gone, root) = folder();
    let packed: Vec<Packed> = (0..12).map(|n| Layer::new().file(&format!("large/{n}"), 8_000_000, Content::Noise).pack()).collect();
    let image = kept(&packed, GZIP);
    let stand_in = StandIn::start(Box::new(move |request, _| image.says(request)));
    let facts = described(&asked(&root), &stand_in.image().to_string()).unwrap();
    assert!(facts.layers.iter().all(|layer| layer.extracted.unwrap().is_estimate));
    let blobs: Vec<Request> = stand_in.asked_for("GET").into_iter().filter(|request| request.header("range").is_some()).collect();
    assert!(!blobs.is_empty() && blobs.len() <= 8, "it is not asked again and again: {}", blobs.len());
    // what was on the way when we hung up: buffers of both ends
    let (sent, all) = (*stand_in.sent.lock().unwrap(), packed.iter().map(|layer| layer.blob().len()).sum::<usize>());
    assert!(sent * 2 < all, "{sent} of {all}");
}

#[test]
fn a_layer_packed_otherwise_is_estimated_and_marked() {
    let (_gone, root) = folder();
    let image = kept(&[Layer::new().file("a", 100_000, Content::Noise).pack()], "application/vnd.oci.image.layer.v1.tar+zstd");
    let stand_in = StandIn::start(Box::new(move |request, _| image.says(request)));
    let facts = described(&asked(&root), &stand_in.image().to_string()).unwrap();
    let layer = &facts.layers[0];
    let size = layer.extracted.unwrap();
    assert_eq!((size.bytes, size.is_estimate), (layer.compressed * 5 / 2, true));
}

#[test]
fn of_an_index_the_platform_of_the_engine_is_taken() {
    let (_gone, root) = folder();
    let image = kept(&[Layer::new().text("a", "a").pack()], GZIP);
    let entry = |digest: &str, arch: &str| json!({"digest": digest, "platform": {"os": "linux", "architecture": arch}});
    let index = json!({"manifests": [entry(&digest(b"x"), "arm64"), entry(&digest(&image.manifest), "amd64"), {"digest": digest(b"y")}]});
    let index = serde_json::to_vec(&index).unwrap();
    let (own, wanted) = (digest(&image.manifest), digest(&index));
    let name_of_index = wanted.clone();
    let stand_in = StandIn::start(Box::new(move |request, _| {
        if request.line.contains("/manifests/1 ") || request.line.contains(&name_of_index) {
            return (200, format!("Docker-Content-Digest: {name_of_index}\r\n"), index.clone());
        }
        image.says(request)
    }));
    let of = |arch: &str| {
        let platform = Platform { os: "linux".to_owned(), arch: arch.to_owned() };
        let asked = Asked::new(Settings { cache: root.join("kept"), platform, ..Settings::default() });
        described(&asked, &stand_in.image().to_string())
    };
    let seen = of("amd64").unwrap();
    assert_eq!((&seen.digest, &seen.manifest), (&wanted, &own));
    let other = of("s390x").unwrap_err();
    assert_eq!(other.class(), FailureClass::ImageMissing);
    assert!(other.to_string().ends_with("is there, and not for linux/s390x: build and push it for that"), "{other}");
}

#[test]
fn what_has_another_digest_than_it_should_is_not_believed() {
    let (_gone, root) = folder();
    let image = kept(&[Layer::new().text("a", "a").pack()], GZIP);
    let config = digest(&image.config);
    let stand_in = StandIn::start(Box::new(move |request, _| match image.says(request) {
        (200, headers, _) if request.line.contains(&config) => (200, headers, b"{}".to_vec()),
        other => other,
    }));
    let error = described(&asked(&root), &stand_in.image().to_string()).unwrap_err().to_string();
    assert!(error.ends_with("its configuration has another digest than it should"), "{error}");
}

/// A docker config of one login.
fn docker_config(root: &Path, port: u16, login: &serde_json::Value) -> PathBuf {
    let folder = root.join(format!("config-{port}"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.json"), json!({"auths": {format!("127.0.0.1:{port}"): login}}).to_string()).unwrap();
    folder
}

/// A registry that wants a token of its login service.
fn with_tokens(image: Kept, grants: impl Fn(&Request) -> Option<&'static str> + Send + Sync + 'static) -> StandIn {
    StandIn::start(Box::new(move |request, port| {
        if request.line.contains("/token") {
            return match grants(request) {
                Some(token) => (200, String::new(), json!({"access_token": token}).to_string().into_bytes()),
                None => (401, String::new(), Vec::new()),
            };
        }
        if request.header("authorization") == Some("Bearer good") {
            return image.says(request);
        }
        let wants = format!("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"us\"\r\n");
        (401, wants, Vec::new())
    }))
}

#[test]
fn a_token_is_fetched_as_whom_the_docker_config_names() {
    let (_gone, root) = folder();
    let image = kept(&[Layer::new().text("a", "a").pack()], GZIP);
    let of = |stand_in: &StandIn, login: &serde_json::Value| {
        let config = Some(docker_config(&root, stand_in.port, login));
        let asked = Asked::new(Settings { cache: root.join(stand_in.port.to_string()), config, ..Settings::default() });
        described(&asked, &stand_in.image().to_string())
    };
    // dTpzOnQ= is u:s:t
    let by_password = with_tokens(image.clone(), |request| (request.header("authorization") == Some("Basic dTpzOnQ=")).then_some("good"));
    of(&by_password, &json!({"auth": "dTpzOnQ="})).unwrap();
    let tokens = by_password.asked_for("GET /token");
    assert_eq!(tokens.len(), 1, "one token for all that is asked");
    assert!(tokens[0].line.contains("service=us&scope=repository%3Aa%2Fb%3Apull"), "{}", tokens[0].line);
    let by_identity = with_tokens(image.clone(), |request| {
        let wanted = "grant_type=refresh_token&refresh_token=t%261&client_id=isobench-tui&service=us&scope=repository%3Aa%2Fb%3Apull";
        (request.is("POST") && request.body == wanted).then_some("good")
    });
    of(&by_identity, &json!({"identitytoken": "t&1"})).unwrap();
    let by_nobody = with_tokens(image.clone(), |request| request.header("authorization").is_none().then_some("good"));
    of(&by_nobody, &json!({})).unwrap();
    // a service that lets everybody in, and a registry that then refuses: as where the repository is private or not there
    let private = with_tokens(image, |_| Some("useless"));
    let nobody = of(&private, &json!({})).unwrap_err();
    assert_eq!(nobody.class(), FailureClass::ImageAccess);
    assert!(nobody.to_string().contains("it is not there, or it is private, and we are nobody to it"), "{nobody}");
    let somebody = of(&private, &json!({"auth": "dTpzOnQ="})).unwrap_err().to_string();
    assert!(somebody.contains("it is not there, or the account of this login may not have it"), "{somebody}");
    assert!(!somebody.contains("s:t"));
}

#[test]
fn a_registry_that_wants_a_password_gets_it() {
    let (_gone, root) = folder();
    let image = kept(&[Layer::new().text("a", "a").pack()], GZIP);
    let stand_in = StandIn::start(Box::new(move |request, _| match request.header("authorization") {
        Some("Basic dTpzOnQ=") => image.says(request),
        _ => (401, "WWW-Authenticate: Basic realm=\"us\"\r\n".to_owned(), Vec::new()),
    }));
    let config = Some(docker_config(&root, stand_in.port, &json!({"auth": "dTpzOnQ="})));
    let with = Asked::new(Settings { cache: root.join("kept"), config, ..Settings::default() });
    described(&with, &stand_in.image().to_string()).unwrap();
    let without = described(&asked(&root), &stand_in.image().to_string()).unwrap_err();
    assert!(matches!(without, RegistryError::Denied { logged_in: false, .. }), "{without:?}");
}

#[test]
fn existence_is_asked_by_head_alone() {
    let (_gone, root) = folder();
    let image = kept(&[Layer::new().text("a", "a").pack()], GZIP);
    let wanted = digest(&image.manifest);
    let stand_in = StandIn::start(Box::new(move |request, _| match image.says(request) {
        // some registries do not say which digest it is
        (200, _, body) if request.line.contains("/quiet/") => (200, String::new(), body),
        other => other,
    }));
    let asked = asked(&root);
    assert_eq!(wait_for(asked.exists(&stand_in.image())).unwrap(), Some(wanted));
    let quiet = named(&format!("127.0.0.1:{}/quiet/b:1", stand_in.port));
    assert_eq!(wait_for(asked.exists(&quiet)).unwrap(), None);
    let missing = named(&format!("127.0.0.1:{}/a/b:2", stand_in.port));
    assert!(matches!(wait_for(asked.exists(&missing)), Err(RegistryError::Missing { .. })));
    // the greeting of a registry apart
    assert_eq!(stand_in.asked_for("GET /v2/").iter().filter(|request| !request.is("GET /v2/ ")).count(), 0, "a GET would count as a pull");
    // what tells no digest is described all the same
    assert!(wait_for(asked.facts(&quiet)).is_ok());
}

#[test]
fn a_limit_that_says_no_end_has_none() {
    let limit = RegistryError::TooMany { registry: "box:5000".to_owned(), reset: Reset::Unknown };
    assert_eq!(limit.to_string(), "box:5000 wants no more requests for now: wait, or `docker login box:5000`: an account may ask more");
}

/// Rows of `doctor` about images and docker's disk: check and sentence.
fn doctor(campaign: &Campaign) -> Vec<(String, String)> {
    let output = campaign.run(&["doctor", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let is_ours = |row: &&serde_json::Value| row["about"] == "images" || text(row, "says").starts_with("docker (");
    found["rows"].as_array().unwrap().iter().filter(is_ours).map(|row| (text(row, "check"), text(row, "says"))).collect()
}

#[test]
fn preflight_says_which_images_are_there_and_whether_the_next_ones_fit() {
    let (_gone, root) = folder();
    let Some(registry) = Registry::start(&root) else { return };
    let Some(engine) = Engine::start(&root, Driver::Vfs, Options::on_own_disk(150)) else { return };
    let mut campaign = Campaign::good(3);
    campaign.env.push(("DOCKER_HOST".to_owned(), engine.socket()));
    let host = format!("127.0.0.1:{}", registry.port());
    let image = |nth: usize| format!("org/bench:{}", &campaign.commits[nth]);
    campaign.config("", "", &format!("images = [\"{host}/org/bench:{{human}}\"]"));
    let none = doctor(&campaign);
    assert_eq!(campaign.headless(), Some(3), "no agent works for what can't be measured");
    assert_eq!(none[0].0, "warning", "{none:?}");
    assert!(none[0].1.starts_with(&format!("3 of 3 images can't be had: {host} has no {host}/org/bench:")), "{none:?}");
    let layers = || [Layer::new().busybox().file("a", 20 * 1_000_000, Content::Half)];
    registry.push(&image(1), &layers());
    registry.push(&image(2), &layers());
    let some = doctor(&campaign);
    assert_eq!(some[0].0, "warning");
    assert!(some[0].1.starts_with("1 of 3 images can't be had, 2 in the registry: "), "{some:?}");
    registry.push(&image(3), &[Layer::new().file("b", 1_000_000, Content::Half)]);
    engine.says(&["pull", "-q", &registry.reference(&image(3))]);
    let all = doctor(&campaign);
    assert_eq!(all[0], ("ok".to_owned(), "3 images: 2 in the registry, 1 here already".to_owned()), "{all:?}");
    let (check, says) = &all[1];
    assert_eq!(check, "ok", "{all:?}");
    // 22 MB of files, two copies for a container: and the second item shares all of it
    assert!(
        says.contains("data, vfs): ") && says.contains("the next item's images need 6") && says.contains(" MB with a container"),
        "{says}"
    );
    assert!(says.contains("; all 3 items need about 6"), "{says}");
    fs::write(engine.data().join("full"), vec![1; 80 * 1_000_000]).unwrap();
    let full = doctor(&campaign);
    assert_eq!(full[1].0, "warning", "{full:?}");
    registry.stop();
    let cut = doctor(&campaign);
    assert_eq!(cut[0], ("ok".to_owned(), "3 images: 1 here already, 2 not asked for".to_owned()));
    assert!(cut[1].0 == "warning" && cut[1].1.starts_with(&format!("not all images were asked for: {host} does not answer (")), "{cut:?}");
}

/// Pulls through bollard, as our worker does.
fn pulled(engine: &Engine, image: &ImageName, said: DockerCredentials) -> Result<(), String> {
    wait_for(async {
        let client = client(engine).await;
        let options = CreateImageOptionsBuilder::default().from_image(&image.from_image()).tag(image.tag()).build();
        let mut told = client.patient().create_image(Some(options), None, Some(said));
        while let Some(line) = told.next().await {
            line.map_err(|error| error.to_string())?;
        }
        Ok(())
    })
}

#[test]
fn an_engine_pulls_as_whom_we_say_and_what_it_would_misread_is_refused() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::shared(&root, Driver::Vfs) else { return };
    let image = kept(&[Layer::new().text("a", "registry/auth").pack()], "application/vnd.docker.image.rootfs.diff.tar.gzip");
    // dTpzOnQ= is u:s:t, dTphYT8= is u:aa?
    let stand_in = StandIn::start(Box::new(move |request, _| match request.header("authorization") {
        Some("Basic dTpzOnQ=" | "Basic dTphYT8=" | "Basic dTphPw==" | "Basic dTo/") => image.says(request),
        _ => (401, "WWW-Authenticate: Basic realm=\"us\"\r\n".to_owned(), Vec::new()),
    }));
    let name = stand_in.image();
    let login = |secret: &str| Login::Password { user: "u".to_owned(), secret: secret.to_owned() };
    let said = login("s:t").for_engine(&name).unwrap().unwrap();
    assert_eq!(pulled(&engine, &name, said.clone()), Ok(()));
    engine.says(&["rmi", &name.to_string()]);
    // the three places that a letter can have among three: what we refuse the engine takes for nobody's, and nothing else
    for secret in ["?", "a?", "aa?"] {
        let handed = login(secret).for_engine(&name);
        let taken = pulled(&engine, &name, DockerCredentials { password: Some(secret.to_owned()), ..said.clone() });
        assert_eq!(handed.is_ok(), taken.is_ok(), "{secret}: {handed:?} {taken:?}");
        if taken.is_ok() {
            engine.says(&["rmi", &name.to_string()]);
        }
    }
}

//! A registry on loopback, filled by plain HTTP.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::images::{Layer, Packed, Room, config, digest, room};
use super::{Guard, done, script};

/// A `docker-registry`, its port kept when it is started again.
pub(crate) struct Registry {
    folder: PathBuf,
    port: u16,
    /// `None`: `tests/run` started it, and ends it.
    guard: Option<Guard>,
}

/// An image that the registry has.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    /// Repository and tag, without the registry's address.
    pub(crate) name: String,
    /// The digest of its config: what engines call its id.
    pub(crate) id: String,
    /// The digest of its manifest.
    pub(crate) digest: String,
    /// From the lowest up.
    pub(crate) layers: Vec<PushedLayer>,
    /// In bytes of its files.
    pub(crate) room: Room,
    /// The same in blocks of 4096 bytes, folders included: what statvfs shows.
    pub(crate) blocks: Room,
}

/// One of its layers.
#[derive(Clone, Debug)]
pub(crate) struct PushedLayer {
    /// Of the blob.
    pub(crate) digest: String,
    /// Bytes to download.
    pub(crate) compressed: u64,
    /// Bytes of the tar archive in it.
    pub(crate) tar: u64,
    /// Bytes of the files in that.
    pub(crate) files: u64,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Registry {
    /// One for this test alone, below `root`. `None`, and counted: this machine can't run one.
    pub(crate) fn start(root: &Path) -> Option<Self> {
        let folder = root.join("registry");
        fs::create_dir_all(&folder).unwrap();
        let guard = Guard::of(&folder);
        done(&mut script("registry", &folder)).then(|| Self { guard: Some(guard), port: port(&folder), folder })
    }

    /// The one that `tests/run` started for all tests, or else one for this test. What a test puts there it names after itself.
    pub(crate) fn shared(root: &Path) -> Option<Self> {
        match std::env::var_os("ISOBENCH_REGISTRY").map(PathBuf::from) {
            Some(folder) => Some(Self { guard: None, port: port(&folder), folder }),
            None => Self::start(root),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The whole name of an image in it.
    pub(crate) fn reference(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }

    /// Ends it: connections are refused then.
    pub(crate) fn stop(&self) {
        assert!(self.guard.is_some(), "a registry that others use too");
        assert!(done(script("kill", &self.folder).arg("registry")));
    }

    /// Starts it on the same port with what it had.
    pub(crate) fn start_again(&self) {
        assert!(done(script("registry", &self.folder).arg(self.port.to_string())), "the registry starts no more");
    }

    /// Puts an image there: `name` is `repository:tag`.
    pub(crate) fn push(&self, name: &str, layers: &[Layer]) -> Pushed {
        let layers: Vec<Packed> = layers.iter().map(Layer::pack).collect();
        self.push_packed(name, &layers)
    }

    /// The same with layers that are used again.
    pub(crate) fn push_packed(&self, name: &str, layers: &[Packed]) -> Pushed {
        let (repository, tag) = name.split_once(':').unwrap();
        let kept: Vec<PushedLayer> = layers
            .iter()
            .map(|layer| PushedLayer {
                digest: self.put_blob(repository, layer.blob()),
                compressed: layer.blob().len() as u64,
                tar: layer.tar().len() as u64,
                files: layer.bytes(),
            })
            .collect();
        let config = serde_json::to_vec(&config(layers, name)).unwrap();
        let id = self.put_blob(repository, &config);
        let part = |kind: &str, size: u64, digest: &str| json!({"mediaType": format!("application/vnd.docker.{kind}"), "size": size, "digest": digest});
        let rows: Vec<Value> = kept.iter().map(|layer| part("image.rootfs.diff.tar.gzip", layer.compressed, &layer.digest)).collect();
        let kind = "application/vnd.docker.distribution.manifest.v2+json";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": kind,
            "config": part("container.image.v1+json", config.len() as u64, &id), "layers": rows,
        });
        let manifest = serde_json::to_vec_pretty(&manifest).unwrap();
        let answer = self.ask("PUT", &format!("/v2/{repository}/manifests/{tag}"), kind, &manifest);
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        Pushed { name: name.to_owned(), id, digest: digest(&manifest), layers: kept, room: room(layers, 1), blocks: room(layers, 4096) }
    }

    fn put_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        if self.ask("HEAD", &format!("/v2/{repository}/blobs/{digest}"), "", &[]).status == 200 {
            return digest;
        }
        let begun = self.ask("POST", &format!("/v2/{repository}/blobs/uploads/"), "", &[]);
        assert_eq!(begun.status, 202, "{}", begun.head);
        let place = begun.head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
        let path = place.split_once("//").map_or(place, |(_, rest)| rest.split_at(rest.find('/').unwrap()).1);
        let answer = self.ask("PUT", &format!("{path}&digest={digest}"), "application/octet-stream", bytes);
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        digest
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let host = self.port;
        let length = body.len();
        let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{host}\r\n{kind}Content-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        let end = said.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let body = said.split_off(end + 4);
        let head = String::from_utf8(said).unwrap().replace('\r', "");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body }
    }
}

fn port(folder: &Path) -> u16 {
    fs::read_to_string(folder.join("port")).unwrap().trim().parse().unwrap()
}

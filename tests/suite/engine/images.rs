//! Images made by hand: layers as the registry stores them, without an engine that builds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What a file is made of.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// Nothing that could be compressed.
    Noise,
    /// To about half.
    Half,
    /// To a thousandth.
    Zeros,
}

/// A layer to be: files that come, and files of lower layers that go.
#[derive(Clone, Default)]
pub(crate) struct Layer {
    files: BTreeMap<String, File>,
    links: BTreeMap<String, String>,
    gone: BTreeSet<String>,
}

#[derive(Clone)]
struct File {
    mode: u32,
    bytes: Vec<u8>,
}

/// A layer as tar and as gzip.
#[derive(Clone)]
pub(crate) struct Packed {
    layer: Layer,
    tar: Vec<u8>,
    blob: Vec<u8>,
}

/// What an image takes on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Bytes of the files in what a container of it sees.
    pub(crate) tree: u64,
    /// The sum over its layers of what each changes: what overlay2 stores.
    pub(crate) layers: u64,
    /// The sum over its layers of the whole tree up to it: what vfs stores.
    pub(crate) copies: u64,
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// The same bytes for the same seed; others for each other.
fn noise(seed: &str, length: usize) -> Vec<u8> {
    let mut state =
        seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // xorshift
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Further apart than gzip looks back, so that repeating it is as good as noise.
const BLOCK: usize = 1 << 20;

fn filled(path: &str, length: u64, content: Content) -> Vec<u8> {
    let length = usize::try_from(length).unwrap();
    let mut block = match content {
        Content::Zeros => return vec![0; length],
        Content::Noise | Content::Half => noise(&format!("{path} {length}"), BLOCK.min(length)),
    };
    if matches!(content, Content::Half) {
        for piece in block.chunks_mut(1 << 12).skip(1).step_by(2) {
            piece.fill(0);
        }
    }
    let mut bytes = Vec::with_capacity(length + BLOCK);
    while bytes.len() < length {
        bytes.extend_from_slice(&block);
    }
    bytes.truncate(length);
    bytes
}

impl Layer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A file of so many bytes.
    pub(crate) fn file(mut self, path: &str, bytes: u64, content: Content) -> Self {
        self.files.insert(path.to_owned(), File { mode: 0o644, bytes: filled(path, bytes, content) });
        self
    }

    /// A file with this in it.
    pub(crate) fn text(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), File { mode: 0o644, bytes: text.as_bytes().to_vec() });
        self
    }

    /// So many files of so many bytes each, in one folder.
    pub(crate) fn many(mut self, folder: &str, count: usize, bytes: u64) -> Self {
        for n in 0..count {
            self = self.file(&format!("{folder}/{n}"), bytes, Content::Noise);
        }
        self
    }

    /// /bin/busybox and some of its names: containers of it can run.
    pub(crate) fn busybox(mut self) -> Self {
        let bytes = fs::read("/bin/busybox").expect("/bin/busybox, a static one");
        self.files.insert("bin/busybox".to_owned(), File { mode: 0o755, bytes });
        for name in ["sh", "cat", "echo", "ls", "sleep", "true", "wc"] {
            self.links.insert(format!("bin/{name}"), "busybox".to_owned());
        }
        self
    }

    /// More names of /bin/busybox.
    pub(crate) fn applets(mut self, names: &[&str]) -> Self {
        self.links.extend(names.iter().map(|name| (format!("bin/{name}"), "busybox".to_owned())));
        self
    }

    /// A program of this machine, under several names.
    pub(crate) fn program(mut self, program: &Path, names: [&str; 4]) -> Self {
        let bytes = fs::read(program).unwrap();
        let (first, others) = names.split_first().unwrap();
        self.files.insert(format!("bin/{first}"), File { mode: 0o755, bytes });
        self.links.extend(others.iter().map(|name| (format!("bin/{name}"), (*first).to_owned())));
        self
    }

    /// A file of a lower layer that is deleted in this one.
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.gone.insert(path.to_owned());
        self
    }

    pub(crate) fn pack(&self) -> Packed {
        let mut tar = Vec::new();
        let mut folders = BTreeSet::new();
        let whiteouts = self.gone.iter().map(|path| {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let slash = if folder.is_empty() { "" } else { "/" };
            format!("{folder}{slash}.wh.{name}")
        });
        let whiteouts: Vec<String> = whiteouts.collect();
        let nothing = File { mode: 0o644, bytes: Vec::new() };
        let files = self.files.iter().map(|(path, file)| (path, file, None));
        let gone = whiteouts.iter().map(|path| (path, &nothing, None));
        let links = self.links.iter().map(|(path, to)| (path, &nothing, Some(to.as_str())));
        for (path, file, link) in files.chain(gone).chain(links) {
            let parents: Vec<&Path> = Path::new(path).ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()).collect();
            for parent in parents.into_iter().rev() {
                let parent = format!("{}/", parent.display());
                if folders.insert(parent.clone()) {
                    tar.extend_from_slice(&header(&parent, 0o755, 0, b'5', ""));
                }
            }
            let kind = if link.is_some() { b'2' } else { b'0' };
            tar.extend_from_slice(&header(path, file.mode, file.bytes.len(), kind, link.unwrap_or_default()));
            tar.extend_from_slice(&file.bytes);
            tar.resize(tar.len().next_multiple_of(512), 0);
        }
        tar.resize(tar.len() + 1024, 0);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&tar).unwrap();
        Packed { layer: self.clone(), blob: gzip.finish().unwrap(), tar }
    }
}

/// The head of a file in a tar archive, as POSIX's ustar has it.
fn header(path: &str, mode: u32, length: usize, kind: u8, link: &str) -> [u8; 512] {
    let mut head = [0; 512];
    let mut put = |at: usize, text: &str| head[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, path);
    put(100, &format!("{mode:07o}"));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{length:011o}"));
    put(136, "14716540000");
    put(148, "        ");
    put(157, link);
    put(257, "ustar");
    put(263, "00");
    head[156] = kind;
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    head
}

impl Packed {
    pub(crate) fn tar(&self) -> &[u8] {
        &self.tar
    }

    /// As it is downloaded.
    pub(crate) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Bytes of its files.
    pub(crate) fn bytes(&self) -> u64 {
        self.layer.files.values().map(|file| file.bytes.len() as u64).sum()
    }
}

/// The config of an image of these layers: its digest is the image's id.
pub(crate) fn config(layers: &[Packed], name: &str) -> Value {
    let diffs: Vec<String> = layers.iter().map(|layer| digest(&layer.tar)).collect();
    let history: Vec<Value> =
        (0..layers.len()).map(|n| json!({"created": "2026-11-01T00:00:00Z", "created_by": format!("layer {n} of {name}")})).collect();
    json!({
        "architecture": "amd64", "os": "linux", "created": "2026-11-01T00:00:00Z",
        "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"], "Labels": {"made-for": name}},
        "rootfs": {"type": "layers", "diff_ids": diffs}, "history": history,
    })
}

/// What an image of these layers takes, each file and folder rounded up to whole blocks of so many bytes; 1: files as they are.
pub(crate) fn room(layers: &[Packed], block: u64) -> Room {
    let folder = if block > 1 { block } else { 0 };
    let mut tree: BTreeMap<&Path, u64> = BTreeMap::new();
    let mut room = Room { tree: 0, layers: 0, copies: 0 };
    for Packed { layer, .. } in layers {
        for path in &layer.gone {
            tree.remove(Path::new(path));
        }
        let mut changes: BTreeMap<&Path, u64> = BTreeMap::new();
        for (path, file) in &layer.files {
            let path = Path::new(path);
            changes.insert(path, (file.bytes.len() as u64).next_multiple_of(block));
            changes.extend(path.ancestors().skip(1).map(|parent| (parent, folder)));
        }
        room.layers += changes.values().sum::<u64>();
        tree.extend(changes);
        room.copies += tree.values().sum::<u64>();
    }
    room.tree = tree.values().sum();
    room
}

/// Images that are unlike each other in what they take, with a name for each; the lowest layer of all is the same.
pub(crate) fn shapes() -> Vec<(&'static str, Vec<Layer>)> {
    const MB: u64 = 1_000_000;
    let base = || Layer::new().busybox().file("usr/lib/base", 6 * MB, Content::Half).many("etc", 40, 300);
    let step = |n: u32| Layer::new().file(&format!("opt/step{n}"), 3 * MB + u64::from(n) * 1000, Content::Half);
    let tiny = |n: u32| Layer::new().text(&format!("etc/tiny{n}"), "tiny");
    let many = |folder: &str| Layer::new().many(folder, 1200, 700).file(&format!("{folder}.pack"), 15 * MB, Content::Half);
    vec![
        // a build of many steps: on vfs many times what it is
        ("deep", [base()].into_iter().chain((1..8).map(step)).collect()),
        // what was deleted still is in the layers below
        ("deleted", vec![base(), Layer::new().file("tmp/wheel", 25 * MB, Content::Noise), tiny(1).without("tmp/wheel"), step(9)]),
        // as Python packages are
        ("small-files", vec![base(), many("usr/lib/one"), many("usr/lib/two")]),
        // a download that says nothing about the disk
        ("zeros", vec![base(), Layer::new().file("zeros", 40 * MB, Content::Zeros), tiny(2), tiny(3), tiny(4)]),
    ]
}

//! Names of images, as the engine reads them: `[registry/]repository[:tag][@digest]`.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use oci_spec::distribution::{ParseError, Reference};

use crate::text::clean;

/// A name that an image can be asked for by. It is shown as people write it: without what the engine adds by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageName(Reference);

/// Why a text is no name of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is no name of an image: {why}")]
pub struct BadName {
    /// The text, safe to be shown.
    name: String,
    why: &'static str,
}

const NO_CAPITALS: &str = "a repository has small letters only";

/// What the engine adds to a name that has neither registry nor owner.
#[derive(Debug)]
struct Added {
    registry: String,
    /// `library/`
    owner: String,
}

/// The parser knows both, and tells them of the shortest name there is.
fn added() -> Option<&'static Added> {
    static ADDED: OnceLock<Option<Added>> = OnceLock::new();
    let read = || {
        let shortest = Reference::from_str("a").ok()?;
        Some(Added { registry: shortest.registry().to_owned(), owner: shortest.repository().strip_suffix('a')?.to_owned() })
    };
    ADDED.get_or_init(read).as_ref()
}

impl ImageName {
    /// Reads a name. One without tag and digest means `latest`.
    pub fn parse(name: &str) -> Result<Self, BadName> {
        let bad = |why| BadName { name: clean::shown(name).into_owned(), why };
        let reference = Reference::from_str(name).map_err(|error| bad(why(name, &error)))?;
        let digits = |text: &str| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        // the engine takes such a name for an id
        if digits(name.split([':', '@']).next().unwrap_or_default()) {
            return Err(bad("64 digits alone are an id"));
        }
        // the parser lets an owner pass that looks like a host
        if reference.repository().bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(bad(NO_CAPITALS));
        }
        if reference.digest().is_some_and(|digest| digest.bytes().any(|byte| byte.is_ascii_uppercase())) {
            return Err(bad("a digest has small letters only"));
        }
        Ok(Self(reference))
    }

    /// `fromImage` of a pull: the name without tag and digest.
    pub fn from_image(&self) -> String {
        let name = format!("{}/{}", self.0.registry(), self.0.repository());
        self.short(&name).to_owned()
    }

    /// `tag` of a pull: the digest where there is one, for it says more than the tag.
    pub fn tag(&self) -> &str {
        self.0.digest().or_else(|| self.0.tag()).unwrap_or("latest")
    }

    /// The registry as people name it, with its port.
    pub fn registry(&self) -> &str {
        self.0.registry()
    }

    /// Where the registry is reached, with its port.
    pub fn host(&self) -> &str {
        self.0.resolve_registry()
    }

    /// The repository within the registry.
    pub fn repository(&self) -> &str {
        self.0.repository()
    }

    /// Digest of the manifest, where the name has one.
    pub fn digest(&self) -> Option<&str> {
        self.0.digest()
    }

    /// Whether the registry is the one that the engine means where a name has none. It tells a private repository and
    /// one that is not there by the same answer, and counts pulls.
    pub fn is_default_registry(&self) -> bool {
        added().is_some_and(|added| added.registry == self.0.registry())
    }

    /// What the docker config calls the registry: its host, and for the default one an address of old.
    pub fn server(&self) -> String {
        if self.is_default_registry() { format!("https://{}/v1/", self.host()) } else { self.host().to_owned() }
    }

    /// Whether an image of the engine has this name: `names` are its names with tags, and `digests` its
    /// `repository@digest`.
    pub fn is_among(&self, names: &[String], digests: &[String]) -> bool {
        let is_same = |other: &String| {
            Self::parse(other).is_ok_and(|other| match self.digest() {
                Some(digest) => other.digest() == Some(digest) && other.from_image() == self.from_image(),
                None => other.0 == self.0,
            })
        };
        names.iter().chain(digests).any(is_same)
    }

    fn short<'n>(&self, whole: &'n str) -> &'n str {
        let Some(added) = added().filter(|_| self.is_default_registry()) else { return whole };
        let name = whole.strip_prefix(&added.registry).and_then(|name| name.strip_prefix('/')).unwrap_or(whole);
        // `library/a/b` has an owner of that name
        name.strip_prefix(&added.owner).filter(|name| !name.contains('/')).unwrap_or(name)
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short(&self.0.whole()))
    }
}

/// The likeliest mistake in a text.
fn why(name: &str, error: &ParseError) -> &'static str {
    let path = name.split('@').next().unwrap_or_default();
    let repository = path.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(path, |(repository, _)| repository);
    if name.trim().is_empty() {
        "it is empty"
    } else if name.contains("://") {
        "leave out what stands up to ://"
    } else if name.contains(['{', '}']) {
        "a word in braces was not filled in"
    } else if name.contains(char::is_whitespace) {
        "it has a blank"
    } else if matches!(error, ParseError::NameTooLong) {
        "it is too long"
    } else if name.contains('@') && *error != ParseError::ReferenceInvalidFormat {
        "its digest is none (sha256: and 64 digits)"
    } else if repository.chars().any(char::is_uppercase) {
        NO_CAPITALS
    } else {
        "[registry/]repository[:tag] is meant, of letters, digits and . _ -"
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_as_the_engine_wants_it_and_shown_as_people_write_it() {
        let of = |name: &str| {
            let name = ImageName::parse(name).unwrap();
            (name.from_image(), name.tag().to_owned(), name.to_string())
        };
        let is = |from: &str, tag: &str, shown: &str| (from.to_owned(), tag.to_owned(), shown.to_owned());
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(of("busybox"), is("busybox", "latest", "busybox:latest"));
        assert_eq!(of("org/vllm-bench:0a1b"), is("org/vllm-bench", "0a1b", "org/vllm-bench:0a1b"));
        assert_eq!(of("127.0.0.1:5000/a/b:c"), is("127.0.0.1:5000/a/b", "c", "127.0.0.1:5000/a/b:c"));
        assert_eq!(of("localhost/a"), is("localhost/a", "latest", "localhost/a:latest"));
        assert_eq!(of(&format!("a/b:c@{digest}")), is("a/b", &digest, &format!("a/b:c@{digest}")));
        let shortest = ImageName::parse("busybox").unwrap();
        let whole = shortest.0.whole();
        assert_eq!(of(&whole), is("busybox", "latest", "busybox:latest"), "what the engine adds is taken away again");
        assert!(shortest.is_default_registry() && shortest.server().starts_with("https://"));
        assert_eq!(ImageName::parse("127.0.0.1:5000/a").unwrap().server(), "127.0.0.1:5000");
        let owned = whole.replace("busybox:latest", "a/b:c");
        assert_eq!(of(&owned).2, "library/a/b:c", "an owner of that name stays");
    }

    #[test]
    fn what_is_no_name_says_why() {
        let says = |name: &str| ImageName::parse(name).unwrap_err().to_string();
        assert_eq!(says("Org/a:b"), "'Org/a:b' is no name of an image: a repository has small letters only");
        assert!(says("").ends_with("it is empty"));
        assert!(says("a b").ends_with("it has a blank"));
        assert!(says("org/a:{human}").ends_with("a word in braces was not filled in"));
        assert!(says("http://127.0.0.1/a").ends_with("leave out what stands up to ://"));
        assert!(says("a@sha256:12").contains("[registry/]repository"), "{}", says("a@sha256:12"));
        assert!(says(&format!("a@sha256:{}", "1".repeat(40))).ends_with("its digest is none (sha256: and 64 digits)"));
        assert!(says(&format!("a@sha256:{}", "A".repeat(64))).ends_with("small letters only"));
        assert!(says(&"0a".repeat(32)).ends_with("64 digits alone are an id"));
        assert!(says("a\u{1b}[2J").starts_with("'a\\x1b[2J'"));
    }

    #[test]
    fn an_image_of_the_engine_is_known_by_any_of_its_names() {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let digest = format!("sha256:{}", "a".repeat(64));
        let by_digest = owned(&[&format!("org/a@{digest}")]);
        let is = |name: &str| ImageName::parse(name).unwrap().is_among(&owned(&["<none>:<none>", "org/a:b", "c:latest"]), &by_digest);
        assert!(is("org/a:b") && is("c") && is(&format!("org/a@{digest}")) && is(&format!("org/a:x@{digest}")));
        assert!(!is("org/a") && !is("a:b") && !is(&format!("b@{digest}")));
    }
}

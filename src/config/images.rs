//! `arms.images`: the names of the images that an item's arms need, with words that each item fills in.

use serde::{Deserialize, Serialize};

use super::{Config, Engine};
use crate::domain::{ItemId, PruneScope, Stage};

/// The words that stand in braces in a template.
const WORDS: [&str; 5] = ["human", "human8", "parent", "parent12", "item_id"];

/// What the clean stage removes from the Docker engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrunePolicy {
    /// What runs of ours pulled and no pending item needs.
    #[default]
    Run,
    /// Nothing.
    Never,
    /// Everything that no container uses and no pending item needs.
    All,
}

impl PrunePolicy {
    /// What may be removed; `None` where nothing may.
    pub const fn scope(self) -> Option<PruneScope> {
        match self {
            Self::Run => Some(PruneScope::Run),
            Self::Never => None,
            Self::All => Some(PruneScope::All),
        }
    }
}

/// The images that the arms need, as templates, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArmImages {
    engine: Engine,
    templates: Vec<String>,
    /// The settings that name them, in words.
    keys: &'static str,
}

impl Config {
    /// The images that the arms need: those of the containers in which they run, and `arms.images`.
    pub fn arm_images(&self) -> ArmImages {
        let of_arms = [Stage::Human, Stage::Baseline].map(|stage| self.docker.template(stage));
        let of_arms = of_arms.into_iter().filter(|_| self.arms.engine == Engine::Docker);
        let mut templates: Vec<String> = Vec::new();
        for template in of_arms.chain(self.arms.images.iter().cloned()) {
            if !templates.contains(&template) {
                templates.push(template);
            }
        }
        let keys = match (self.arms.engine, self.arms.images.is_empty()) {
            (Engine::Docker, true) => "docker.human and docker.baseline",
            (Engine::Docker, false) => "docker.human, docker.baseline and arms.images",
            _ => "arms.images",
        };
        ArmImages { engine: self.arms.engine, templates, keys }
    }

    /// The image in which the human's arm runs, where nothing else needs it.
    pub fn image_of_human_alone(&self, item: &ItemId, human: &str, parent: &str) -> Option<String> {
        let name = |template: &String| filled(template, item, human, parent);
        let image = name(&self.docker.template(Stage::Human)).filter(|_| self.arms.engine == Engine::Docker)?;
        let baseline = self.docker.template(Stage::Baseline);
        let mut others = self.arms.images.iter().chain([&baseline]).filter_map(name);
        (!others.any(|other| other == image)).then_some(image)
    }
}

impl ArmImages {
    /// The settings that name them: `docker.human and docker.baseline`.
    pub const fn keys(&self) -> &'static str {
        self.keys
    }

    /// Whether no arm needs one.
    pub const fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// Whether nothing can be measured without a Docker engine.
    pub fn needs_docker(&self) -> bool {
        !self.is_empty() || self.engine != Engine::Process
    }

    /// Those of an item, in the order in which they are needed, each once. A template that asks for a commit that is not known
    /// (an empty sha) names no image: such an item is blocked.
    pub fn of(&self, item: &ItemId, human: &str, parent: &str) -> Vec<String> {
        let mut images = Vec::new();
        for name in self.templates.iter().filter_map(|template| filled(template, item, human, parent)) {
            if !images.contains(&name) {
                images.push(name);
            }
        }
        images
    }
}

/// A template with the words of an item; `None` where it asks for a commit that is not known, or is no template.
pub(super) fn filled(template: &str, item: &ItemId, human: &str, parent: &str) -> Option<String> {
    let unknown = (human.is_empty() && template.contains("{human")) || (parent.is_empty() && template.contains("{parent"));
    let name = with_words(template, |word| value(word, item, human, parent));
    if unknown { None } else { name.ok() }
}

/// What is wrong with a template: the part of it that is, and why.
pub(super) fn unfit(template: &str) -> Option<(String, String)> {
    if template.trim().is_empty() {
        return Some((template.to_owned(), "a name of an image is empty: write one, or leave it out".to_owned()));
    }
    if let Some(odd) = template.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Some((template.to_owned(), format!("'{}': no image has {odd:?} in its name", template.escape_debug())));
    }
    let part = with_words(template, |word| WORDS.contains(&word).then(String::new)).err()?;
    let words = WORDS.map(|word| format!("{{{word}}}")).join(" ");
    Some((part.clone(), format!("{part} is no word of ours: there are {words}")))
}

fn value(word: &str, item: &ItemId, human: &str, parent: &str) -> Option<String> {
    let short = |sha: &str, digits: usize| sha.chars().take(digits).collect();
    Some(match word {
        "human" => human.to_owned(),
        "human8" => short(human, 8),
        "parent" => parent.to_owned(),
        "parent12" => short(parent, 12),
        "item_id" => item.0.clone(),
        _ => return None,
    })
}

/// A template with its words filled in; the first part in braces that is no word, or the rest from a brace alone.
fn with_words(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let (mut name, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let (word, behind) = after.split_once('}').ok_or_else(|| format!("{{{after}"))?;
        name.push_str(before);
        name.push_str(&value(word).ok_or_else(|| format!("{{{word}}}"))?);
        rest = behind;
    }
    name.push_str(rest);
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arms(images: &[&str]) -> ArmImages {
        let mut config = Config::default();
        config.arms.images = images.iter().map(|image| (*image).to_owned()).collect();
        config.arm_images()
    }

    #[test]
    fn the_words_are_filled_in_and_no_image_is_named_twice() {
        let arms =
            arms(&["org/a:{human}", "org/b:baseline-{parent12}", "r:5000/c/{item_id}:{human8}-{parent}", "org/a:{human}", "busybox"]);
        let (human, parent) = ("0123456789abcdef0123456789abcdef01234567", "fedcba9876543210fedcba9876543210fedcba98");
        let images = arms.of(&ItemId("vllm-0001".to_owned()), human, parent);
        let expected = [
            format!("org/a:{human}"),
            "org/b:baseline-fedcba987654".to_owned(),
            format!("r:5000/c/vllm-0001:01234567-{parent}"),
            "busybox".to_owned(),
        ];
        assert_eq!(images, expected);
    }

    #[test]
    fn a_commit_that_is_not_known_names_no_image() {
        let arms = arms(&["org/a:{human}", "org/b:{parent12}"]);
        assert_eq!(arms.of(&ItemId("i".to_owned()), "abc", ""), ["org/a:abc"]);
    }

    #[test]
    fn arms_in_containers_need_the_images_of_both_commits() {
        let mut config = Config::default();
        assert!(config.arm_images().is_empty() && !config.arm_images().needs_docker());
        config.arms.engine = Engine::Docker;
        config.docker.org = "r:5000/me".to_owned();
        config.arms.images = vec!["busybox".to_owned()];
        let images = config.arm_images().of(&ItemId("i".to_owned()), "abc", "fedcba9876543210");
        assert_eq!(images, ["r:5000/me/vllm-bench:abc", "r:5000/me/vllm-baseline:baseline-fedcba987654", "busybox"]);
        assert_eq!(config.arm_images().keys(), "docker.human, docker.baseline and arms.images");
        assert_eq!(arms(&["busybox"]).keys(), "arms.images", "a process knows no other");
        let alone = |config: &Config| config.image_of_human_alone(&ItemId("i".to_owned()), "abc", "fedcba9876543210");
        assert_eq!(alone(&config).as_deref(), Some("r:5000/me/vllm-bench:abc"));
        config.arms.images = vec!["r:5000/me/vllm-bench:{human}".to_owned()];
        assert_eq!(alone(&config), None, "somebody else wants it");
        config.arms.images = vec!["busybox".to_owned()];
        config.docker.human = config.docker.baseline.clone();
        assert_eq!(alone(&config), None, "the other arms want it");
        assert_eq!(config.arm_images().of(&ItemId("i".to_owned()), "abc", "").len(), 1, "only the one that is known");
    }

    #[test]
    fn what_is_no_template_is_named_with_its_part() {
        for (template, part, says) in [
            ("org/a:{sha}", "{sha}", "{sha} is no word of ours: there are {human} {human8} "),
            ("org/a:{human", "{human", "{human is no word"),
            ("a:{}", "{}", "{} is no word"),
            ("", "", "empty"),
            ("a b", "a b", "no image has ' '"),
        ] {
            let (found, why) = unfit(template).unwrap_or_default();
            assert_eq!(found, part);
            assert!(why.contains(says), "{why}");
        }
        assert_eq!(unfit("localhost:5000/org/a:{parent12}"), None);
    }
}

//! Which themes there are, which of them is shown, and when its file changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::host::files::{self, Links};
use crate::host::watch::{Changed, Heed, Watch};
use crate::theme::{EMBEDDED, Ground, Palette, ThemeError, embedded};

/// The variable that names the theme.
pub const VARIABLE: &str = "ISOBENCH_TUI_THEME";

/// A longer file is no theme, in bytes.
const LARGEST: u64 = 1 << 20;

/// Where a theme's text lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In this program.
    Embedded,
    /// In a file of the user's.
    File(PathBuf),
}

/// Which theme to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The one of this name.
    Named(String),
    /// One for the terminal's background.
    Fitting,
}

/// Why a theme can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum ThemesError {
    /// No theme has this name.
    #[error("{0}")]
    Unknown(ThemeError),
    /// Its file can't be read.
    #[error("can't read the theme {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its file is wrong.
    #[error("the theme {}, {source}", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: ThemeError,
    },
}

/// The embedded themes, and the user's beside or instead of them.
#[derive(Debug, Clone, Default)]
pub struct Themes {
    folder: Option<PathBuf>,
    remembered: Option<PathBuf>,
}

impl Themes {
    /// Where the environment says that they are: `$XDG_CONFIG_HOME/isobench-tui/themes`, else below `~/.config`; and the
    /// choice in `$XDG_STATE_HOME/isobench-tui/theme`, else below `~/.local/state`.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let absolute = |text: String| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
        let home = |below: &str| variable("HOME").and_then(absolute).map(|home| home.join(below));
        let config = variable("XDG_CONFIG_HOME").and_then(absolute).or_else(|| home(".config"));
        let state = variable("XDG_STATE_HOME").and_then(absolute).or_else(|| home(".local/state"));
        Self {
            folder: config.map(|config| config.join("isobench-tui/themes")),
            remembered: state.map(|state| state.join("isobench-tui/theme")),
        }
    }

    /// The folder of the user's themes, which need not exist.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The names of all: the embedded ones first, then the user's own by name.
    pub fn names(&self) -> Vec<String> {
        let mut own: Vec<String> = self.files().into_iter().map(|(name, _)| name).filter(|name| embedded(name).is_err()).collect();
        own.sort();
        EMBEDDED.into_iter().map(|(name, _)| name.to_owned()).chain(own).collect()
    }

    /// The user's files, with the names of their themes. A name that could steer a terminal is none.
    fn files(&self) -> Vec<(String, PathBuf)> {
        let entries = self.folder.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        let file = |entry: io::Result<fs::DirEntry>| {
            let path = entry.ok()?.path();
            let name = path.file_stem()?.to_str().filter(|name| !name.chars().any(char::is_control) && !name.starts_with('.'))?.to_owned();
            (path.extension()? == "toml").then_some((name, path))
        };
        entries.into_iter().flatten().filter_map(file).collect()
    }

    /// A theme's text, and where it lies.
    pub fn text(&self, name: &str) -> Result<(String, Origin), ThemesError> {
        if let Some((_, path)) = self.files().into_iter().find(|(found, _)| found == name) {
            return match files::read(&path, LARGEST, Links::Followed) {
                Ok(bytes) => Ok((String::from_utf8_lossy(&bytes).into_owned(), Origin::File(path))),
                Err(source) => Err(ThemesError::Io { path, source }),
            };
        }
        let unknown = |_: ThemeError| ThemesError::Unknown(ThemeError::Unknown { name: name.to_owned(), known: self.names().join(", ") });
        Ok((embedded(name).map_err(unknown)?.to_owned(), Origin::Embedded))
    }

    /// A theme's colours, and where they were read.
    pub fn palette(&self, name: &str) -> Result<(Palette, Origin), ThemesError> {
        let (text, origin) = self.text(name)?;
        match (Palette::parse(&text), &origin) {
            (Ok(palette), _) => Ok((palette, origin)),
            (Err(source), Origin::File(path)) => Err(ThemesError::Wrong { path: path.clone(), source }),
            (Err(source), Origin::Embedded) => Err(ThemesError::Unknown(source)),
        }
    }

    /// The theme to begin with: the one asked for by name, else the one chosen last, else one that fits.
    pub fn choice(&self, asked: Option<String>) -> Result<Choice, ThemesError> {
        if let Some(name) = asked {
            return match self.text(&name) {
                Err(error @ ThemesError::Unknown(_)) => Err(error),
                _ => Ok(Choice::Named(name)),
            };
        }
        let remembered = self.remembered.as_ref().and_then(|path| files::read(path, LARGEST, Links::Followed).ok());
        let remembered = remembered.and_then(|bytes| String::from_utf8(bytes).ok()).map(|text| text.trim_end().to_owned());
        Ok(remembered.filter(|name| self.names().contains(name)).map_or(Choice::Fitting, Choice::Named))
    }

    /// Remembers a choice for the next time. The error says what went wrong.
    pub fn remember(&self, name: &str) -> Result<(), String> {
        let Some(path) = &self.remembered else { return Ok(()) };
        files::replace(path, format!("{name}\n").as_bytes())
            .map_err(|error| format!("the theme is not remembered: {}: {error}", path.display()))
    }

    /// Tells when a file of the user's changes. A folder that does not exist yet is watched for from the next one above.
    pub fn watch(&self) -> (Watch, mpsc::Receiver<()>) {
        let (sender, changes) = mpsc::channel(1);
        let ours = self.folder.clone();
        let mut watch = Watch::new(Heed::Closed, move |changed| {
            let is_ours = |path: &PathBuf| ours.as_ref().is_some_and(|folder| path.starts_with(folder) || folder.starts_with(path));
            if matches!(changed, Changed::Anything) || matches!(changed, Changed::Paths(paths) if paths.iter().any(is_ours)) {
                // a full channel means that somebody is about to look anyway
                let _ = sender.try_send(());
            }
        });
        self.look_again(&mut watch);
        (watch, changes)
    }

    /// Watches the folder, or where it would appear.
    pub fn look_again(&self, watch: &mut Watch) {
        let nearest = || self.folder.iter().flat_map(|folder| folder.ancestors()).find(|folder| folder.is_dir()).map(Path::to_path_buf);
        let mut found = nearest();
        // what appeared below while we turned there told nobody
        for _ in 0..8 {
            watch.instead(found.as_slice());
            let now = nearest();
            if now == found {
                return;
            }
            found = now;
        }
    }
}

/// What `COLORFGBG` tells of the terminal's background: it holds the numbers of its colours, text first.
pub fn ground(colours: Option<&str>) -> Option<Ground> {
    match colours?.rsplit(';').next()?.parse::<u8>().ok()? {
        0..=6 | 8 => Some(Ground::Dark),
        7 | 9..=15 => Some(Ground::Light),
        _ => None,
    }
}

/// The embedded theme for a background.
pub const fn fitting(ground: Ground) -> &'static str {
    match ground {
        Ground::Dark => "dark",
        Ground::Light => "light",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join(".config/isobench-tui/themes")).unwrap();
            Self(folder)
        }

        fn themes(&self) -> Themes {
            Themes::of(|name| (name == "HOME").then(|| self.0.path().display().to_string()))
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.0.path().join(".config/isobench-tui/themes").join(name), text).unwrap();
        }
    }

    #[test]
    fn a_file_adds_a_theme_or_stands_for_an_embedded_one() {
        let home = Home::new();
        home.write("mine.toml", "base = 'light'");
        home.write("dark.toml", "[roles]\ngood = { fg = '#ffffff' }");
        home.write("notes.txt", "no theme");
        home.write("a\u{1b}[2J.toml", "");
        let themes = home.themes();
        assert_eq!(themes.names(), ["dark", "light", "high-contrast", "colour-blind", "mine"]);
        assert_eq!(themes.palette("mine").unwrap().0.background.to_string(), "#fbfbfa");
        let (dark, origin) = themes.palette("dark").unwrap();
        assert!(matches!(origin, Origin::File(_)));
        assert_eq!(dark.look(crate::theme::Role::Good).fg.unwrap().to_string(), "#ffffff");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_place() {
        let home = Home::new();
        home.write("mine.toml", "[roles]\ngoood = { fg = '#ffffff' }");
        let says = home.themes().palette("mine").unwrap_err().to_string();
        assert!(says.ends_with("themes/mine.toml, line 2, column 1: there is no role 'goood': did you mean 'good'?"), "{says}");
    }

    #[test]
    fn asked_for_then_remembered_then_fitting() {
        let home = Home::new();
        let themes = home.themes();
        assert_eq!(themes.choice(None).unwrap(), Choice::Fitting);
        let file = home.0.path().join(".local/state/isobench-tui/theme");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        // whoever opens a pipe to write waits for a reader
        rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        themes.remember("colour-blind").unwrap();
        assert_eq!(themes.choice(None).unwrap(), Choice::Named("colour-blind".to_owned()));
        assert_eq!(themes.choice(Some("light".to_owned())).unwrap(), Choice::Named("light".to_owned()));
        themes.remember("one that is gone").unwrap();
        assert_eq!(themes.choice(None).unwrap(), Choice::Fitting);
        let error = themes.choice(Some("drak".to_owned())).unwrap_err().to_string();
        assert_eq!(error, "there is no theme 'drak': known are dark, light, high-contrast, colour-blind");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(themes.remember("light").unwrap_err().contains("isobench-tui/theme: "));
    }

    #[test]
    fn terminals_tell_their_background_in_many_ways() {
        let told = |told: &[&str]| told.iter().map(|told| ground(Some(told))).collect::<Vec<_>>();
        assert_eq!(told(&["0;15", "0;default;7", "12;10", "15"]), [Some(Ground::Light); 4]);
        assert_eq!(told(&["15;0", "15;default;8"]), [Some(Ground::Dark); 2]);
        assert_eq!(told(&["7;default", "", "0;16"]), [None; 3]);
        assert_eq!(ground(None), None);
    }
}

//! Reading a theme file.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::{Depth, Ground, Role, ThemeError};

/// What a theme file says, with every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    /// The background that its colours are made for. It is the terminal's own where that is like it.
    pub background: Rgb,
    looks: [Look; Role::ALL.len()],
}

/// One role's entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Look {
    /// The colour of the text.
    pub fg: Option<Rgb>,
    /// The colour below it.
    pub bg: Option<Rgb>,
    /// The colour of the text on terminals of sixteen colours.
    pub ansi: Option<Ansi>,
    /// The colour below it on these.
    pub ansi_bg: Option<Ansi>,
    /// What always counts.
    pub mods: Vec<Mod>,
    /// What counts where the colour below is not to be had.
    pub mono: Vec<Mod>,
}

/// A 24-bit colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rgb(pub [u8; 3]);

/// One of the sixteen colours that a terminal's owner chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Ansi(Option<Color>);

/// A modifier, by its name in theme files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mod {
    /// Heavier, on some terminals also lighter.
    Bold,
    /// Less of its colour.
    Dim,
    /// Slanted.
    Italic,
    /// With a line below.
    Underline,
    /// Text and background change places.
    Reverse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    background: Option<Rgb>,
    base: Option<String>,
    #[serde(default)]
    roles: BTreeMap<Role, Look>,
}

impl Palette {
    /// From the text of a theme file. Roles that it leaves out are those of the embedded theme that it names as its base,
    /// and of dark where it names none.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let mut file: File = toml::from_str(text).map_err(|error| ThemeError::wrong(text, &error))?;
        let base = file.base.as_deref().unwrap_or("dark");
        let is_whole = file.base.is_none() && file.background.is_some() && Role::ALL.iter().all(|role| file.roles.contains_key(role));
        if is_whole && let Some(background) = file.background {
            return Ok(Self { background, looks: Role::ALL.map(|role| file.roles.remove(&role).unwrap_or_default()) });
        }
        let base_text = super::embedded(base)?;
        if base_text == text {
            return Err(ThemeError::Incomplete);
        }
        let below = Self::parse(base_text)?;
        let look = |role: Role| file.roles.remove(&role).unwrap_or_else(|| below.look(role).clone());
        Ok(Self { background: file.background.unwrap_or(below.background), looks: Role::ALL.map(look) })
    }

    /// What it says about a role.
    pub fn look(&self, role: Role) -> &Look {
        let [first, ..] = &self.looks;
        self.looks.get(role as usize).unwrap_or(first)
    }

    /// The style of a role on a terminal of this depth.
    pub fn style(&self, role: Role, depth: Depth) -> Style {
        self.look(role).style(depth)
    }
}

impl Look {
    fn style(&self, depth: Depth) -> Style {
        let (fg, bg) = match depth {
            Depth::Mono => (None, None),
            Depth::Sixteen => (self.ansi.and_then(|ansi| ansi.0), self.ansi_bg.and_then(|ansi| ansi.0)),
            Depth::TwoFiftySix | Depth::True => (self.fg.map(|fg| fg.at(depth)), self.bg.map(|bg| bg.at(depth))),
        };
        let mut mods: Vec<Mod> = self.mods.clone();
        // a background that the depth does not have must show in another way
        if depth == Depth::Mono || (self.bg.is_some() && bg.is_none()) {
            mods.extend(&self.mono);
        }
        // a reversed row is of one colour, whatever its words have
        let fg = if depth == Depth::Sixteen && self.fg.is_none() && bg.is_none() { Some(Color::Reset) } else { fg };
        let style = Style { fg, bg, ..Style::new() };
        mods.into_iter().fold(style, |style, found| style.add_modifier(found.modifier()))
    }
}

impl Mod {
    /// Its name in theme files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bold => "bold",
            Self::Dim => "dim",
            Self::Italic => "italic",
            Self::Underline => "underline",
            Self::Reverse => "reverse",
        }
    }

    const fn modifier(self) -> Modifier {
        match self {
            Self::Bold => Modifier::BOLD,
            Self::Dim => Modifier::DIM,
            Self::Italic => Modifier::ITALIC,
            Self::Underline => Modifier::UNDERLINED,
            Self::Reverse => Modifier::REVERSED,
        }
    }
}

impl Rgb {
    /// What it is like as a background.
    pub fn ground(self) -> Ground {
        let Self([red, green, blue]) = self;
        let [red, green, blue] = [red, green, blue].map(u32::from);
        // how bright eyes find it, in thousandths
        if (299 * red + 587 * green + 114 * blue) / 255 >= 500 { Ground::Light } else { Ground::Dark }
    }

    /// As a terminal of this depth gets it.
    pub fn at(self, depth: Depth) -> Color {
        let Self([red, green, blue]) = self;
        match depth {
            Depth::True => Color::Rgb(red, green, blue),
            _ => Color::Indexed(Depth::nearest_256(red, green, blue)),
        }
    }
}

impl std::fmt::Display for Rgb {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self([red, green, blue]) = self;
        write!(out, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl TryFrom<String> for Rgb {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number.ok_or_else(|| format!("'{text}' is no colour: write \"#rrggbb\""))?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl Ansi {
    /// Their names in theme files. `default` is what the terminal takes by itself.
    const ALL: [(&str, Option<Color>); 17] = [
        ("default", None),
        ("black", Some(Color::Black)),
        ("red", Some(Color::Red)),
        ("green", Some(Color::Green)),
        ("yellow", Some(Color::Yellow)),
        ("blue", Some(Color::Blue)),
        ("magenta", Some(Color::Magenta)),
        ("cyan", Some(Color::Cyan)),
        ("gray", Some(Color::Gray)),
        ("dark-gray", Some(Color::DarkGray)),
        ("light-red", Some(Color::LightRed)),
        ("light-green", Some(Color::LightGreen)),
        ("light-yellow", Some(Color::LightYellow)),
        ("light-blue", Some(Color::LightBlue)),
        ("light-magenta", Some(Color::LightMagenta)),
        ("light-cyan", Some(Color::LightCyan)),
        ("white", Some(Color::White)),
    ];

    /// Its name in theme files.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, colour)| *colour == self.0).map_or("default", |(name, _)| name)
    }
}

impl TryFrom<String> for Ansi {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = || Self::ALL.map(|(name, _)| name).join(", ");
        let found = Self::ALL.into_iter().find(|(name, _)| *name == text);
        found.map(|(_, colour)| Self(colour)).ok_or_else(|| format!("'{text}' is none of the sixteen colours: {}", known()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn wrong(text: &str) -> String {
        Palette::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert_eq!(wrong("[roles]\ntext = { fg = 'blue' }"), "line 2, column 15: 'blue' is no colour: write \"#rrggbb\"");
        assert!(
            wrong("[roles]\ntext = { ansi = 'mauve' }").starts_with("line 2, column 17: 'mauve' is none of the sixteen colours: default,")
        );
        assert_eq!(wrong("[roles]\n\ngoood = {}"), "line 3, column 1: there is no role 'goood': did you mean 'good'?");
        assert!(wrong("[roles]\ntext = { fgg = '' }").starts_with("line 2, column 10: unknown field `fgg`"));
        assert!(wrong("[roles\n").starts_with("line 1, column 7: "), "{}", wrong("[roles\n"));
        assert!(wrong("base = 'drak'").starts_with("there is no theme 'drak': known are dark, "));
    }

    #[test]
    fn what_a_file_leaves_out_is_its_base() {
        let base = Palette::parse(super::super::embedded("light").unwrap()).unwrap();
        let own = Palette::parse("base = 'light'\n[roles]\ngood = { fg = '#123456' }").unwrap();
        assert_eq!((own.background, own.look(Role::Bad)), (base.background, base.look(Role::Bad)));
        assert_eq!(own.look(Role::Good).fg, Some(Rgb([0x12, 0x34, 0x56])));
    }

    #[test]
    fn sixteen_colours_show_the_selection_by_reversing() {
        let palette = Palette::parse(super::super::embedded("dark").unwrap()).unwrap();
        assert!(palette.style(Role::Selected, Depth::Sixteen).add_modifier.contains(Modifier::REVERSED));
    }
}

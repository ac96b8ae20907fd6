//! Reading a theme file.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::{Depth, Role};

/// What can be wrong with a theme.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// No theme has this name.
    #[error("there is no theme '{name}': known are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file is not what it should be.
    #[error("the theme can't be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A role has no entry.
    #[error("the theme has no colour for '{0}'")]
    Missing(&'static str),
    /// A colour makes no sense.
    #[error("'{0}' is no colour: write \"#rrggbb\", or one of the sixteen names for ansi")]
    Colour(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    roles: BTreeMap<String, Look>,
}

/// One role's entry.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    ansi: Option<String>,
    ansi_bg: Option<String>,
    mods: Vec<Mod>,
    mono: Vec<Mod>,
}

/// A modifier, by its name in theme files.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Mod {
    Bold,
    Dim,
    Italic,
    Underline,
    Reverse,
}

/// A style for each role.
pub(super) fn styles(text: &str, depth: Depth) -> Result<[Style; Role::ALL.len()], ThemeError> {
    let file: File = toml::from_str(text)?;
    let mut styles = [Style::new(); Role::ALL.len()];
    for (role, style) in Role::ALL.into_iter().zip(&mut styles) {
        *style = file.roles.get(role.name()).ok_or(ThemeError::Missing(role.name()))?.style(depth)?;
    }
    Ok(styles)
}

impl Look {
    fn style(&self, depth: Depth) -> Result<Style, ThemeError> {
        let (fg, bg) = match depth {
            Depth::Mono => (None, None),
            Depth::Sixteen => (named(self.ansi.as_deref())?, named(self.ansi_bg.as_deref())?),
            Depth::TwoFiftySix | Depth::True => (hex(self.fg.as_deref(), depth)?, hex(self.bg.as_deref(), depth)?),
        };
        let mut mods: Vec<Mod> = self.mods.clone();
        // a background that the depth does not have must show in another way
        if depth == Depth::Mono || (self.bg.is_some() && bg.is_none()) {
            mods.extend(&self.mono);
        }
        // a reversed row is of one colour, whatever its words have
        let fg = if depth == Depth::Sixteen && self.fg.is_none() && bg.is_none() { Some(Color::Reset) } else { fg };
        let style = Style { fg, bg, ..Style::new() };
        Ok(mods.into_iter().fold(style, |style, found| style.add_modifier(found.modifier())))
    }
}

impl Mod {
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

fn hex(colour: Option<&str>, depth: Depth) -> Result<Option<Color>, ThemeError> {
    let Some(colour) = colour else { return Ok(None) };
    let wrong = || ThemeError::Colour(colour.to_owned());
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or_else(wrong)?;
    let bytes = u32::from_str_radix(digits, 16).ok().ok_or_else(wrong)?;
    let [_, red, green, blue] = bytes.to_be_bytes();
    Ok(Some(match depth {
        Depth::True => Color::Rgb(red, green, blue),
        _ => Color::Indexed(Depth::nearest_256(red, green, blue)),
    }))
}

fn named(colour: Option<&str>) -> Result<Option<Color>, ThemeError> {
    Ok(Some(match colour {
        None | Some("default") => return Ok(None),
        Some("black") => Color::Black,
        Some("red") => Color::Red,
        Some("green") => Color::Green,
        Some("yellow") => Color::Yellow,
        Some("blue") => Color::Blue,
        Some("magenta") => Color::Magenta,
        Some("cyan") => Color::Cyan,
        Some("gray") => Color::Gray,
        Some("dark-gray") => Color::DarkGray,
        Some("light-red") => Color::LightRed,
        Some("light-green") => Color::LightGreen,
        Some("light-yellow") => Color::LightYellow,
        Some("light-blue") => Color::LightBlue,
        Some("light-magenta") => Color::LightMagenta,
        Some("light-cyan") => Color::LightCyan,
        Some("white") => Color::White,
        Some(other) => return Err(ThemeError::Colour(other.to_owned())),
    }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(styles("[roles]", Depth::True).unwrap_err().to_string(), "the theme has no colour for 'text'");
        let odd = "[roles]\ntext = { fg = 'blue' }";
        assert!(styles(odd, Depth::True).unwrap_err().to_string().starts_with("'blue' is no colour"));
    }

    #[test]
    fn sixteen_colours_show_the_selection_by_reversing() {
        let text = super::super::EMBEDDED.first().unwrap().1;
        let selected = *styles(text, Depth::Sixteen).unwrap().get(Role::Selected as usize).unwrap();
        assert!(selected.add_modifier.contains(Modifier::REVERSED));
    }
}

//! How many colours a terminal has.

/// The colours of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None: bold, dim and reverse only.
    Mono,
    /// The sixteen that the user chose.
    Sixteen,
    /// The xterm palette.
    TwoFiftySix,
    /// 24 bits.
    True,
}

impl Depth {
    /// From the environment: `NO_COLOR`, then `COLORTERM`, then `TERM`.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || term == "dumb" {
            Self::Mono
        } else if variable("COLORTERM").is_some_and(|value| matches!(value.as_str(), "truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256") {
            Self::TwoFiftySix
        } else {
            Self::Sixteen
        }
    }

    /// The index in the xterm palette that is nearest to a 24-bit colour.
    pub fn nearest_256(red: u8, green: u8, blue: u8) -> u8 {
        const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
        let level =
            |value: u8| (0_u8..6).min_by_key(|at| STEPS.get(usize::from(*at)).map_or(255, |step| step.abs_diff(value))).unwrap_or(0);
        let levels = [level(red), level(green), level(blue)];
        let cube = levels.map(|at| STEPS.get(usize::from(at)).copied().unwrap_or_default());
        let mean = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
        let shade = u8::try_from(mean.saturating_sub(3) / 10).unwrap_or(23).min(23);
        let gray = 8 + 10 * shade;
        let distance = |of: [u8; 3]| -> u32 { of.iter().zip([red, green, blue]).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum() };
        if distance([gray; 3]) < distance(cube) {
            232 + shade
        } else {
            let [r, g, b] = levels;
            16 + 36 * r + 6 * g + b
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(pairs: &[(&str, &str)]) -> Depth {
        Depth::of(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")]), Depth::Mono);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "")]), Depth::True);
        assert_eq!(depth(&[("TERM", "screen-256color")]), Depth::TwoFiftySix);
        assert_eq!((depth(&[("TERM", "linux")]), depth(&[("TERM", "dumb")])), (Depth::Sixteen, Depth::Mono));
    }

    #[test]
    fn known_colours_have_known_numbers() {
        assert_eq!([Depth::nearest_256(255, 0, 0), Depth::nearest_256(255, 255, 255), Depth::nearest_256(128, 128, 128)], [196, 231, 244]);
    }
}

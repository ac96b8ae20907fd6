//! Who we are to the system.

use std::fs;

/// The login name of a user by `/etc/passwd`; `None` for one that does not stand there.
pub fn login_name(uid: u32) -> Option<String> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// The name of the user whose process we are; `uid 1000` for one that has none.
pub fn ours() -> String {
    let uid = rustix::process::geteuid().as_raw();
    login_name(uid).unwrap_or_else(|| format!("uid {uid}"))
}

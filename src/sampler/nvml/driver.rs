//! Opening NVIDIA's library, and what its errors say of the driver.

use std::ffi::OsStr;
use std::sync::Arc;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use crate::domain::Driver;

/// Loads the library and has it find its driver.
pub(super) fn open(library: &OsStr) -> Result<Arc<Nvml>, Driver> {
    Nvml::builder().lib_path(library).init().map(Arc::new).map_err(|error| state(&error, library))
}

/// What an error of the whole library says of the driver.
pub(super) fn state(error: &NvmlError, library: &OsStr) -> Driver {
    let says = error.to_string();
    match error {
        NvmlError::LibloadingError(error) => loading(&error.to_string(), &library.to_string_lossy()),
        NvmlError::NoPermission | NvmlError::OperatingSystem => Driver::Forbidden { says },
        NvmlError::LibRmVersionMismatch => {
            let module = std::fs::read_to_string("/proc/driver/nvidia/version").ok().and_then(|text| module(&text));
            Driver::Mismatch { says: module.map_or_else(|| says.clone(), |module| format!("{says} (the kernel module is {module})")) }
        }
        NvmlError::DriverNotLoaded => Driver::NotLoaded { says },
        NvmlError::Unknown => Driver::Broken { says: format!("{says} (NVML_ERROR_UNKNOWN)") },
        _ => Driver::Broken { says },
    }
}

/// The version in `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54.03  Tue Jun  6 …`.
fn module(text: &str) -> Option<String> {
    let is_version = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.');
    text.lines().next()?.split_whitespace().find(is_version).map(str::to_owned)
}

/// What the system's loader says: `NAME: cannot open shared object file: No such file or directory`. Another name at its
/// beginning is that of a library that NVIDIA's needs.
fn loading(says: &str, library: &str) -> Driver {
    match says.strip_prefix(library) {
        Some(rest) if rest.ends_with("No such file or directory") => Driver::Absent,
        Some(rest) if rest.ends_with("Permission denied") => Driver::Forbidden { says: says.to_owned() },
        _ => Driver::Broken { says: says.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_module_says_its_version() {
        let closed = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54.03  Tue Jun  6 22:20:39 UTC 2023\nGCC version:  gcc 12.2.0\n";
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs-builder@U16)\n";
        assert_eq!([closed, open, "GCC version"].map(module), [Some("535.54.03".to_owned()), Some("550.54.15".to_owned()), None]);
    }

    #[test]
    fn what_the_loader_says_is_told_apart() {
        const NAME: &str = "libnvidia-ml.so.1";
        let of = |says: &str| loading(says, NAME);
        assert_eq!(of("libnvidia-ml.so.1: cannot open shared object file: No such file or directory"), Driver::Absent);
        assert!(matches!(of("libnvidia-ml.so.1: cannot open shared object file: Permission denied"), Driver::Forbidden { .. }));
        assert!(matches!(of("libnvidia-ml.so.1: file too short"), Driver::Broken { .. }));
        assert!(matches!(of("libother.so.3: cannot open shared object file: No such file or directory"), Driver::Broken { .. }));
    }
}

//! Arguments in, exit code out: everything else is in the library.

use std::process::ExitCode;

use isobench_tui::exit::Exit;
use isobench_tui::text::clean;

fn main() -> ExitCode {
    match isobench_tui::cli::main() {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("isobench-tui: {}", clean::shown_lines(&format!("{error:#}")));
            Exit::Internal.into()
        }
    }
}

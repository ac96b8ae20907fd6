//! What Codex writes: its rollout, and what `codex exec --json` prints.

mod exec;
mod find;
mod rollout;
mod told;

pub use exec::Exec;
pub use find::find_rollout;
pub use rollout::Rollout;

//! Docker: the engine and its registry. Images are pulled with a forecast and a bar, the disk is watched, and what nobody
//! needs any more is removed.

pub mod arm;
pub mod auth;
pub mod containers;
mod digest;
pub mod disk;
pub mod endpoint;
mod engine;
mod error;
pub mod forecast;
mod history;
pub mod labels;
pub mod owners;
pub mod prune;
pub mod pull;
mod reference;
pub mod registry;
pub mod size;
pub mod store;
mod tunnel;
mod wait;

pub use engine::{About, Engine};
pub use error::DockerError;
pub use reference::{BadName, ImageName};
pub use registry::{ImageFacts, LayerFacts, Platform, Registry, RegistryError};
pub use wait::wait;

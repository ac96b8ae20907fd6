//! The engine, asked by code that can do nothing else meanwhile: a command, a look before a run.

use std::thread;

use super::DockerError;

/// Waits for an answer. It may be called anywhere, also within somebody else's runtime: the question goes on a thread of its
/// own. How long it takes is the question's own affair.
pub fn wait<T: Send>(question: impl Future<Output = Result<T, DockerError>> + Send) -> Result<T, DockerError> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| DockerError::Broken(error.to_string()))?.block_on(question)
    };
    thread::scope(|scope| scope.spawn(ask).join()).unwrap_or_else(|_panic| Err(DockerError::Broken("the question was cut off".to_owned())))
}

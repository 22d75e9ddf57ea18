//! The command `pushjob`: runs a batch job, records how it went and leaves the result where
//! Prometheus sees it.

#![expect(
    clippy::doc_markdown,
    reason = "the comments on the flags are the help text, which shows backticks as they are"
)]

mod cli;
mod commands;
mod exit;
mod input;
mod settings;
mod terminal;

use std::process::ExitCode;

/// Parses the command line, executes the command that it names, and exits with the code that says
/// how that went.
fn main() -> ExitCode {
    pushjob::supervise::ignore_file_size_limit();
    let exit = match cli::parse() {
        Ok(work) => work(),
        Err(exit) => exit,
    };
    exit.into()
}

//! The command `pushjob`: runs a batch job, records how it went and leaves the result where Prometheus sees it.

mod announce;
mod args;
mod check;
mod console;
mod delete;
mod destinations;
mod exit;
mod findings;
mod flush;
mod group;
mod input;
mod job_metrics;
mod listen;
mod metric;
mod progress;
mod push;
mod recipient;
mod record;
mod run;
mod samples;
mod settings;
mod spool;
mod textfile;

use std::process::ExitCode;

use crate::args::Command;

fn main() -> ExitCode {
    let exit = match args::parse() {
        Ok(Command::Run(args)) => run::run(&args),
        Ok(Command::Push(args)) => push::push(&args, push::Verb::Push),
        Ok(Command::Pushadd(args)) => push::push(&args, push::Verb::PushAdd),
        Ok(Command::Delete(args)) => delete::delete(&args),
        Ok(Command::Check(args)) => check::check(&args),
        Ok(Command::Flush(args)) => flush::flush(&args),
        Ok(Command::Metric(args)) => metric::metric(&args),
        Err(exit) => exit,
    };
    exit.into()
}

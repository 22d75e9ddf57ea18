//! `pushjob delete`.

use clap::Args;
use pushjob::push::{Change, Request};

use super::target::Target;
use crate::exit::{Exit, Failure};
use crate::settings::TargetArgs;
use crate::terminal::Console;

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 done; 1 refused or unreachable; 2 wrong usage.")]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) settings: TargetArgs,
}

pub(crate) fn delete(args: &DeleteArgs, console: Console) -> Result<Exit, Failure> {
    let target = Target::new(&args.settings)?;
    Ok(target.deliver(Request::new(target.key(), Change::Delete), console))
}

//! `pushjob delete`.

use clap::Args;
use pushjob::push::{Change, Request};

use super::target::Target;
use crate::exit::{CommandFailure, Exit};
use crate::settings::TargetArgs;
use crate::terminal::Console;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 success; 1 rejected or unreachable; 2 wrong usage.\n\n\
                        Examples:\n  \
                        pushjob delete --gateway http://gateway:9091 --job etl\n  \
                        pushjob delete --gateway http://gateway:9091 --job etl --label shard=3"
)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) settings: TargetArgs,
}

pub(crate) fn delete(args: &DeleteArgs, console: Console) -> Result<Exit, CommandFailure> {
    let target = Target::new(&args.settings.given)?;
    Ok(target.deliver(Request::new(target.key(), Change::Delete), console))
}

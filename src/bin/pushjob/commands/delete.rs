//! `pushjob delete`.

use clap::Args;
use pushjob::push::{Change, Request};

use super::target::Target;
use crate::exit::Exit;
use crate::settings::TargetArgs;
use crate::terminal::MessageArgs;

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 done; 1 refused or unreachable; 2 wrong usage.")]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) settings: TargetArgs,

    #[command(flatten)]
    pub(crate) messages: MessageArgs,
}

pub(crate) fn delete(args: &DeleteArgs) -> Exit {
    let console = args.messages.console();
    match Target::new(&args.settings) {
        Ok(target) => target.deliver(Request::new(target.key(), Change::Delete), console),
        Err(message) => {
            console.error(message);
            Exit::WrongUsage
        }
    }
}

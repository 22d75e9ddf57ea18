//! `pushjob delete`.

use pushjob::push::{Change, Request};

use crate::args::DeleteArgs;
use crate::exit::Exit;
use crate::group::Group;

pub(crate) fn delete(args: &DeleteArgs) -> Exit {
    let console = args.messages.console();
    match Group::named_by(&args.target, &args.spool) {
        Ok(group) => group.deliver(Request::new(group.key(), Change::Delete), console),
        Err(message) => {
            console.error(message);
            Exit::WrongUsage
        }
    }
}

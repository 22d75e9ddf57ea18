//! The spool of a run, and the messages about it.

use pushjob::spool::{Spool, SpoolNotice};

use crate::console::Console;

/// Where the end of a run is kept until it has arrived.
#[derive(Debug)]
pub(crate) struct RunSpool {
    pub(crate) spool: Spool,
    /// The names that are sent again later.
    pub(crate) persistent: Vec<String>,
}

/// Something to say.
#[derive(Debug)]
pub(crate) enum Notice {
    Warning(String),
    Note(String),
}

impl Notice {
    pub(crate) fn say(self, console: Console) {
        match self {
            Self::Warning(message) => console.warning(message),
            Self::Note(message) => console.note(message),
        }
    }
}

impl From<SpoolNotice> for Notice {
    fn from(notice: SpoolNotice) -> Self {
        let message = notice.to_string();
        if notice.is_warning() {
            Self::Warning(message)
        } else {
            Self::Note(message)
        }
    }
}

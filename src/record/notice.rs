//! Further things that there are to say of a delivery.

use std::fmt;

#[cfg(target_os = "linux")]
use crate::sink::Quarantined;
#[cfg(target_os = "linux")]
use crate::{
    chain::chain,
    spool::{SpoolError, SpoolNotice},
};

/// Something that there is to say of a delivery beside its result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A textfile was not in the text format, and was moved aside with all that it held.
    #[cfg(target_os = "linux")]
    Quarantined(Quarantined),
    /// The spool cannot be used.
    #[cfg(target_os = "linux")]
    NoSpool(SpoolError),
    /// What a spool has to say.
    #[cfg(target_os = "linux")]
    Spool(SpoolNotice),
}

/// Weight of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeLevel {
    /// Something that went as it should.
    Note,
    /// Something that a person should know.
    Warning,
}

impl Notice {
    /// Whether it says again what another has said: what is wrong with a spool is so for each update.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            #[cfg(target_os = "linux")]
            (
                Self::Spool(SpoolNotice::Trouble { .. }),
                Self::Spool(SpoolNotice::Trouble { .. }),
            )
            | (
                Self::Spool(SpoolNotice::EarlierUndelivered(_)),
                Self::Spool(SpoolNotice::EarlierUndelivered(_)),
            ) => true,
            _ => false,
        }
    }

    /// Its weight.
    #[must_use]
    pub fn level(&self) -> NoticeLevel {
        match *self {
            #[cfg(target_os = "linux")]
            Self::Spool(ref notice) if !notice.is_warning() => NoticeLevel::Note,
            #[cfg(target_os = "linux")]
            Self::Spool(_) | Self::Quarantined(_) | Self::NoSpool(_) => NoticeLevel::Warning,
        }
    }
}

/// The whole message, with the causes of an error.
impl fmt::Display for Notice {
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_variables, reason = "there are no notices on other systems")
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            #[cfg(target_os = "linux")]
            Self::Quarantined(ref file) => file.fmt(f),
            #[cfg(target_os = "linux")]
            Self::NoSpool(ref error) => {
                write!(f, "{}; what cannot be delivered is lost", chain(error))
            }
            #[cfg(target_os = "linux")]
            Self::Spool(ref notice) => notice.fmt(f),
        }
    }
}

//! Stands for the spool of a run where there is none: on other systems than Linux.

use crate::grouping::GroupingKey;
use crate::push::{GatewayAddress, Pushgateway};

use super::notice::Notice;
use super::parts::EndDelivery;
use super::progress::KeptIn;

/// A spool that nobody can make.
#[derive(Clone, Debug)]
pub(super) enum RunSpool {}

impl RunSpool {
    pub(super) fn remove_mark(&self, _: &GatewayAddress, _: &GroupingKey) {
        match *self {}
    }

    pub(super) fn keep(&self, _: &GatewayAddress, _: &EndDelivery<'_>) -> Option<SpooledEnd> {
        match *self {}
    }

    pub(super) fn deliver_earlier(&self, _: &Pushgateway, _: &GroupingKey) -> Vec<Notice> {
        match *self {}
    }

    pub(super) fn flush_others(&self, _: &Pushgateway, _: &EndDelivery<'_>) {
        match *self {}
    }
}

/// An end that nobody can keep.
pub(super) enum SpooledEnd {}

impl SpooledEnd {
    pub(super) fn place(&self) -> Option<String> {
        match *self {}
    }

    pub(super) fn leave(self) -> Option<KeptIn> {
        match self {}
    }

    pub(super) fn deliver(self, _: &Pushgateway, _: &EndDelivery<'_>) {
        match self {}
    }
}

//! The settings: what the flags and the environment say about gateways, the group and further
//! destinations, checked.

mod advice;
mod args;
mod gateways;
mod given;
mod key;
mod parse;
mod resolved;
mod secrets;
mod source;
mod table;

pub(crate) use self::advice::{advice, is_variable_name};
pub(crate) use self::args::{
    ConnectionFlags, FlushSettingArgs, MetricSettingArgs, RunSettingArgs, TargetArgs,
};
pub(crate) use self::gateways::{Gateway, Gateways};
pub(crate) use self::given::Given;
pub(crate) use self::parse::{any_duration, positive_duration};
pub(crate) use self::resolved::{
    EndpointSettings, NOT_SERVED, Settings, accepted_names, delivery, delivery_to,
};
pub(crate) use self::secrets::{credentials, secret_variable, secret_variables};
pub(crate) use self::source::{ConfigWarning, SettingSource};
pub(crate) use self::table::{METRICS_FILE, SPOOL, TEXTFILE};

//! What `pushjob metric` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::MessageArgs;

#[derive(Debug, Args)]
pub(crate) struct MetricArgs {
    /// The type of the metric
    #[arg(value_enum, value_name = "TYPE")]
    pub(crate) kind: Kind,

    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// The value that a gauge, a counter or an untyped metric has from now on
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: Option<String>,

    #[command(flatten)]
    pub(crate) options: MetricOptions,

    #[command(flatten)]
    pub(crate) messages: MessageArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Metric")]
pub(crate) struct MetricOptions {
    /// Add this to what a gauge or counter has had, or to 0
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) add: Option<String>,

    /// Count this in a histogram or summary
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub(crate) observe: Option<String>,

    /// The upper bounds of the buckets of a histogram, as in `0.1,1,10`; the same in every call
    #[arg(long, value_name = "BOUNDS", allow_hyphen_values = true)]
    pub(crate) buckets: Option<String>,

    /// A label of the series; may be repeated
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub(crate) label: Vec<String>,

    /// The help text of the metric
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) help_text: Option<String>,

    /// Take any text as a name, where `pushjob run --utf8-names` does [env: PUSHJOB_UTF8_NAMES=true]
    #[arg(long)]
    pub(crate) utf8_names: bool,

    /// The file to append to [env: PUSHJOB_METRICS_FILE, which `pushjob run` sets for its job]
    #[arg(long, value_name = "PATH")]
    pub(crate) metrics_file: Option<PathBuf>,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Gauge,
    Counter,
    Histogram,
    Summary,
    Untyped,
}

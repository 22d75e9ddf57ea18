//! Where Prometheus can scrape a run.

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Scrape")]
pub(crate) struct ListenArgs {
    /// Serve /metrics on this address while the job runs: when it was started, for how long it has been running, and the metrics that
    /// it has left so far. For example 127.0.0.1:9750, or :9750 for all addresses of this machine. Without --gateway or --textfile the
    /// result is delivered nowhere [env: PUSHJOB_LISTEN] [default: none]
    #[arg(long, value_name = "ADDR", allow_hyphen_values = true)]
    pub(crate) listen: Option<String>,
}

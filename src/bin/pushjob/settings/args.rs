//! What every command that talks to a gateway has: the gateways, TLS and the group.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Gateway")]
pub(crate) struct GatewayArgs {
    /// Base URL of the Pushgateway; `http://` may be left out. May be repeated: each gets every delivery
    /// [env: PUSHJOB_GATEWAY=a,b] [default: none]
    #[arg(long, value_name = "URL", allow_hyphen_values = true)]
    pub(crate) gateway: Vec<String>,

    /// What stands behind the URL: `pushgateway`, or `victoriametrics`, where nothing can be replaced or deleted
    /// [env: PUSHJOB_GATEWAY_KIND] [default: by the path of the URL]
    #[arg(long, value_name = "KIND")]
    pub(crate) gateway_kind: Option<String>,

    /// Time for one delivery in all: resolve, connect, TLS, send, receive, every retry and pause
    /// [env: PUSHJOB_PUSH_TIMEOUT] [default: 10s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) push_timeout: Option<String>,

    /// Further tries within that time, on what may pass [env: PUSHJOB_PUSH_RETRIES] [default: 3]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) push_retries: Option<String>,

    /// User name for Basic auth; one in the URL works too [env: PUSHJOB_USERNAME] [default: none]
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,

    /// File that holds the password for Basic auth [env: PUSHJOB_PASSWORD_FILE, or the password itself in
    /// PUSHJOB_PASSWORD] [default: none]
    #[arg(long, value_name = "PATH")]
    pub(crate) password_file: Option<PathBuf>,

    /// File that holds the token for Bearer auth [env: PUSHJOB_BEARER_TOKEN_FILE, or the token itself in
    /// PUSHJOB_BEARER_TOKEN] [default: none]
    #[arg(long, value_name = "PATH")]
    pub(crate) bearer_token_file: Option<PathBuf>,

    /// Further request header; may be repeated [env: PUSHJOB_HEADER=A: 1,B: 2] [default: none]
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,

    /// HTTP proxy, or `none` for a direct way [env: PUSHJOB_PROXY] [default: what http_proxy, https_proxy, all_proxy
    /// and no_proxy say]
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// Of request bodies, `gzip` or `none` [env: PUSHJOB_COMPRESSION] [default: none]
    #[arg(long, value_name = "HOW")]
    pub(crate) compression: Option<String>,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// A group on gateways.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,

    #[command(flatten)]
    pub(crate) group: GroupArgs,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// PEM file with the only authorities to trust [env: PUSHJOB_TLS_CA_FILE] [default: those of this system, or else
    /// the built-in public ones]
    #[arg(long = "tls-ca-file", value_name = "PATH")]
    pub(crate) ca_file: Option<PathBuf>,

    /// PEM file with our certificate chain [env: PUSHJOB_TLS_CERT_FILE] [default: none]
    #[arg(long = "tls-cert-file", value_name = "PATH")]
    pub(crate) cert_file: Option<PathBuf>,

    /// PEM file with the key to it [env: PUSHJOB_TLS_KEY_FILE] [default: none]
    #[arg(long = "tls-key-file", value_name = "PATH")]
    pub(crate) key_file: Option<PathBuf>,

    /// Take any certificate for the gateway's: anyone on the way can read all that is sent
    /// [env: PUSHJOB_TLS_INSECURE_SKIP_VERIFY=true]
    #[arg(long = "tls-insecure-skip-verify")]
    pub(crate) insecure_skip_verify: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Group")]
pub(crate) struct GroupArgs {
    /// Name of the job, the first grouping label; required [env: PUSHJOB_JOB]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) job: Option<String>,

    /// Further grouping label; may be repeated [env: PUSHJOB_LABEL=a=b,c=d] [default: none]
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub(crate) label: Vec<String>,

    /// Take any text as the name of a label or metric, as in `--label k8s.pod=p`. For a Pushgateway from 1.11 that was
    /// started with --push.enable-utf8-names; any other keeps such a label under another name
    /// [env: PUSHJOB_UTF8_NAMES=true]
    #[arg(long)]
    pub(crate) utf8_names: bool,

    /// Grouping label `instance` [env: PUSHJOB_INSTANCE] [default: none, a batch job is no machine]
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) instance: Option<String>,

    /// Grouping label `instance` with the name of this host [env: PUSHJOB_INSTANCE_HOSTNAME=true]
    #[arg(long, conflicts_with = "instance")]
    pub(crate) instance_hostname: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Textfile")]
pub(crate) struct TextfileArgs {
    /// File for the textfile collector of node exporter, beside gateways or in their place: one that ends in `.prom`, or a
    /// directory and then `JOB.prom` in it [env: PUSHJOB_TEXTFILE] [default: none]
    #[arg(long, value_name = "PATH")]
    pub(crate) textfile: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Spool")]
pub(crate) struct SpoolArgs {
    /// Folder in which is kept what could not be delivered, until the next run that uses it, or `pushjob flush`, has
    /// delivered it. It should outlive the container [env: PUSHJOB_SPOOL] [default: none]
    #[arg(long, value_name = "DIR")]
    pub(crate) spool: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Scrape")]
pub(crate) struct ListenArgs {
    /// Serve /metrics on this address while the job runs: when it was started, for how long it has been running, and the metrics that
    /// it has left so far. For example 127.0.0.1:9750, or :9750 for all addresses of this machine. Without --gateway or --textfile the
    /// result is delivered nowhere [env: PUSHJOB_LISTEN] [default: none]
    #[arg(long, value_name = "ADDR", allow_hyphen_values = true)]
    pub(crate) listen: Option<String>,
}

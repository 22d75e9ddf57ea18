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

    /// Maximum number of further attempts within that time, after a transient failure
    /// [env: PUSHJOB_PUSH_RETRIES] [default: as many as the time allows]
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

//! The table of settings: one row for each flag that an environment variable can stand for.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use pushjob::grouping::GroupingKey;
use pushjob::push::{Compression, GatewayKind, Proxy};
use pushjob::sink::Textfile;
use pushjob::sink::scrape::ListenAddress;

use super::parse::{
    compression, duration, gateway_kind, header, job, label, listen_address, number, path, proxy,
    switch, text, textfile,
};

/// A setting whose values are of type `T`.
pub(crate) struct Setting<T: 'static> {
    pub(super) row: Row,
    /// Parses one value. The reason why one is refused does not name its source.
    pub(super) parse: fn(&OsStr) -> Result<T, String>,
}

/// All of a setting but the type of its values.
#[derive(Debug)]
pub(super) struct Row {
    /// Name of the flag, without the dashes. The variable has the same name in upper case, behind
    /// `PUSHJOB_`.
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) heading: Heading,
    pub(super) help: &'static str,
    /// Text behind the name of the variable in the help.
    pub(super) variable_note: &'static str,
    /// Value where none is given, or a word for it; empty where the help has nothing to say of one.
    pub(super) default: &'static str,
    /// The flag takes values that begin with a dash.
    pub(super) dashed_values: bool,
    /// Name of the flag that this one cannot be used with.
    pub(super) conflicts_with: Option<&'static str>,
    pub(super) secrecy: Secrecy,
}

/// Form of the flag, with the name of its value in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text(&'static str),
    Path(&'static str),
    /// The flag may be repeated. The variable has commas between the values.
    List(&'static str),
    /// The flag has no value. The variable is true or false.
    Switch,
    /// There is no flag, only a variable.
    VariableOnly,
}

/// Part of the help, as a bit so that a command can offer several.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heading {
    Textfile = 1,
    Spool = 2,
    Scrape = 4,
    Gateway = 8,
    Tls = 16,
    Group = 32,
    Metric = 64,
}

impl Heading {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Textfile => "Textfile",
            Self::Spool => "Spool",
            Self::Scrape => "Scrape",
            Self::Gateway => "Gateway",
            Self::Tls => "TLS",
            Self::Group => "Group",
            Self::Metric => "Metric",
        }
    }
}

/// Secrets that a value may hold: the variables that do are taken out of the environment of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    Open,
    /// URLs, each of which may hold a password.
    Urls,
    /// A user name, behind which a password may stand.
    UserName,
    /// The name of a file with a secret.
    SecretFile,
    Secret,
}

impl Secrecy {
    /// Decides if the setting is a credential that every gateway gets.
    pub(super) fn is_credential(self) -> bool {
        matches!(self, Self::UserName | Self::SecretFile | Self::Secret)
    }
}

/// The fields that most rows have in common.
const ROW: Row = Row {
    name: "",
    form: Form::Switch,
    heading: Heading::Gateway,
    help: "",
    variable_note: "",
    default: "none",
    dashed_values: false,
    conflicts_with: None,
    secrecy: Secrecy::Open,
};

/// The fields that switches have in common.
const SWITCH: Row = Row {
    variable_note: "=true",
    default: "",
    ..ROW
};

macro_rules! settings {
    ($($setting:ident: $type:ty = $parse:path, $row:expr;)*) => {
        $(pub(crate) static $setting: Setting<$type> = Setting { row: $row, parse: $parse };)*

        /// All rows, in the order of the help.
        pub(super) static ROWS: &[&Row] = &[$(&$setting.row),*];
    };
}

settings! {
    TEXTFILE: Textfile = textfile, Row {
        name: "textfile", form: Form::Path("PATH"), heading: Heading::Textfile,
        help: "File for the textfile collector of node exporter, beside gateways or in their place: one that ends \
               in `.prom`, or a directory and then `JOB.prom` in it", ..ROW
    };
    SPOOL: PathBuf = path, Row {
        name: "spool", form: Form::Path("DIR"), heading: Heading::Spool,
        help: "Folder in which is kept what could not be delivered, until the next run that uses it, or `pushjob \
               flush`, has delivered it. It should outlive the container", ..ROW
    };
    LISTEN: ListenAddress = listen_address, Row {
        name: "listen", form: Form::Text("ADDR"), heading: Heading::Scrape, dashed_values: true,
        help: "Serve /metrics on this address while the job runs: when it was started, for how long it has been \
               running, and the metrics that it has left so far. For example 127.0.0.1:9750, or :9750 for all \
               addresses of this machine. Without --gateway or --textfile the result is delivered nowhere", ..ROW
    };
    GATEWAY: String = text, Row {
        name: "gateway", form: Form::List("URL"), dashed_values: true, secrecy: Secrecy::Urls, variable_note: "=a,b",
        help: "Base URL of the Pushgateway; `http://` may be left out. May be repeated: each gets every delivery", ..ROW
    };
    GATEWAY_KIND: GatewayKind = gateway_kind, Row {
        name: "gateway-kind", form: Form::Text("KIND"), default: "by the path of the URL",
        help: "What stands behind the URL: `pushgateway`, or `victoriametrics`, where nothing can be replaced or \
               deleted", ..ROW
    };
    PUSH_TIMEOUT: Duration = duration, Row {
        name: "push-timeout", form: Form::Text("DURATION"), dashed_values: true, default: "10s",
        help: "Time for one delivery in all: resolve, connect, TLS, send, receive, every retry and pause", ..ROW
    };
    PUSH_RETRIES: u32 = number, Row {
        name: "push-retries", form: Form::Text("N"), dashed_values: true,
        default: "as many as the time allows",
        help: "Maximum number of further attempts within that time, after a transient failure", ..ROW
    };
    USERNAME: String = text, Row {
        name: "username", form: Form::Text("NAME"), secrecy: Secrecy::UserName,
        help: "User name for Basic auth; one in the URL works too", ..ROW
    };
    PASSWORD: String = text, Row {
        name: "password", form: Form::VariableOnly, secrecy: Secrecy::Secret, ..ROW
    };
    PASSWORD_FILE: PathBuf = path, Row {
        name: "password-file", form: Form::Path("PATH"), secrecy: Secrecy::SecretFile,
        variable_note: ", or the password itself in PUSHJOB_PASSWORD",
        help: "File that holds the password for Basic auth", ..ROW
    };
    BEARER_TOKEN: String = text, Row {
        name: "bearer-token", form: Form::VariableOnly, secrecy: Secrecy::Secret, ..ROW
    };
    BEARER_TOKEN_FILE: PathBuf = path, Row {
        name: "bearer-token-file", form: Form::Path("PATH"), secrecy: Secrecy::SecretFile,
        variable_note: ", or the token itself in PUSHJOB_BEARER_TOKEN",
        help: "File that holds the token for Bearer auth", ..ROW
    };
    HEADER: (String, String) = header, Row {
        name: "header", form: Form::List("NAME: VALUE"), secrecy: Secrecy::Secret, variable_note: "=A: 1,B: 2",
        help: "Further request header; may be repeated", ..ROW
    };
    PROXY: Proxy = proxy, Row {
        name: "proxy", form: Form::Text("URL"), secrecy: Secrecy::Urls,
        default: "what http_proxy, https_proxy, all_proxy and no_proxy say",
        help: "HTTP proxy, or `none` for a direct way", ..ROW
    };
    COMPRESSION: Compression = compression, Row {
        name: "compression", form: Form::Text("HOW"),
        help: "Of request bodies, `gzip` or `none`", ..ROW
    };
    TLS_CA_FILE: PathBuf = path, Row {
        name: "tls-ca-file", form: Form::Path("PATH"), heading: Heading::Tls,
        default: "those of this system, or else the built-in public ones",
        help: "PEM file with the only authorities to trust", ..ROW
    };
    TLS_CERT_FILE: PathBuf = path, Row {
        name: "tls-cert-file", form: Form::Path("PATH"), heading: Heading::Tls,
        help: "PEM file with our certificate chain", ..ROW
    };
    TLS_KEY_FILE: PathBuf = path, Row {
        name: "tls-key-file", form: Form::Path("PATH"), heading: Heading::Tls, secrecy: Secrecy::SecretFile,
        help: "PEM file with the key to it", ..ROW
    };
    TLS_INSECURE_SKIP_VERIFY: bool = switch, Row {
        name: "tls-insecure-skip-verify", heading: Heading::Tls,
        help: "Take any certificate for the gateway's: anyone on the way can read all that is sent", ..SWITCH
    };
    JOB: GroupingKey = job, Row {
        name: "job", form: Form::Text("NAME"), heading: Heading::Group, dashed_values: true, default: "",
        help: "Name of the job, the first grouping label; required", ..ROW
    };
    LABEL: (String, String) = label, Row {
        name: "label", form: Form::List("NAME=VALUE"), heading: Heading::Group, dashed_values: true,
        variable_note: "=a=b,c=d",
        help: "Further grouping label; may be repeated", ..ROW
    };
    UTF8_NAMES: bool = switch, Row {
        name: "utf8-names", heading: Heading::Group,
        help: "Take any text as the name of a label or metric, as in `--label k8s.pod=p`. For a Pushgateway from \
               1.11 that was started with --push.enable-utf8-names; any other keeps such a label under another name", ..SWITCH
    };
    INSTANCE: String = text, Row {
        name: "instance", form: Form::Text("VALUE"), heading: Heading::Group, dashed_values: true,
        default: "none, a batch job is no machine",
        help: "Grouping label `instance`", ..ROW
    };
    INSTANCE_HOSTNAME: bool = switch, Row {
        name: "instance-hostname", heading: Heading::Group, conflicts_with: Some("instance"),
        help: "Grouping label `instance` with the name of this host", ..SWITCH
    };
    METRICS_FILE: PathBuf = path, Row {
        name: "metrics-file", form: Form::Path("PATH"), heading: Heading::Metric, default: "",
        variable_note: ", which `pushjob run` sets for its job",
        help: "The file to append to", ..ROW
    };
}

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
    /// Text of the help, of which `-h` shows the first sentence.
    pub(super) help: &'static str,
    /// Length of the help that shows the flag.
    pub(super) shown: Shown,
    /// Text behind the name of the variable in the help.
    pub(super) variable_note: &'static str,
    /// Value where none is given, or empty.
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

/// Help that shows a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// `-h` and `--help`.
    Always,
    /// `--help` only.
    InFull,
}

/// Part of the table, as a bit so that a command can offer several.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heading {
    Textfile = 1,
    Spool = 2,
    Scrape = 4,
    Gateway = 8,
    Tls = 16,
    Group = 32,
    Metric = 64,
    Connection = 128,
}

impl Heading {
    /// Title in the help.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Textfile | Self::Spool | Self::Scrape | Self::Gateway => "Destinations",
            Self::Connection => "Connection",
            Self::Tls => "TLS",
            Self::Group => "Job",
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
    heading: Heading::Connection,
    help: "",
    shown: Shown::InFull,
    variable_note: "",
    default: "",
    dashed_values: false,
    conflicts_with: None,
    secrecy: Secrecy::Open,
};

/// The fields that switches have in common.
const SWITCH: Row = Row {
    variable_note: "=true",
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
    JOB: GroupingKey = job, Row {
        name: "job", form: Form::Text("NAME"), heading: Heading::Group, shown: Shown::Always, dashed_values: true,
        help: "Name of the job, required. It becomes the grouping label `job`", ..ROW
    };
    LABEL: (String, String) = label, Row {
        name: "label", form: Form::List("NAME=VALUE"), heading: Heading::Group, shown: Shown::Always,
        dashed_values: true, variable_note: "=a=b,c=d",
        help: "Add a grouping label. May be repeated", ..ROW
    };
    INSTANCE: String = text, Row {
        name: "instance", form: Form::Text("VALUE"), heading: Heading::Group, dashed_values: true,
        help: "Add the grouping label `instance`. There is none by default: a batch job is not tied to a machine", ..ROW
    };
    INSTANCE_HOSTNAME: bool = switch, Row {
        name: "instance-hostname", heading: Heading::Group, conflicts_with: Some("instance"),
        help: "Add the grouping label `instance` with the name of this host", ..SWITCH
    };
    UTF8_NAMES: bool = switch, Row {
        name: "utf8-names", heading: Heading::Group,
        help: "Accept any UTF-8 text as the name of a label or metric, for example `--label k8s.pod=p`. Needs a \
               Pushgateway 1.11 or newer started with --push.enable-utf8-names; others store the label under a \
               different name", ..SWITCH
    };
    GATEWAY: String = text, Row {
        name: "gateway", form: Form::List("URL"), heading: Heading::Gateway, shown: Shown::Always, dashed_values: true,
        secrecy: Secrecy::Urls, variable_note: "=a,b",
        help: "Base URL of the Pushgateway. `http://` may be left out. May be repeated: every delivery goes to each", ..ROW
    };
    GATEWAY_KIND: GatewayKind = gateway_kind, Row {
        name: "gateway-kind", form: Form::Text("KIND"), heading: Heading::Gateway,
        help: "Server behind the URL: `pushgateway`, or `victoriametrics`, which cannot replace or delete a group. \
               Detected from the path of the URL unless given", ..ROW
    };
    TEXTFILE: Textfile = textfile, Row {
        name: "textfile", form: Form::Path("PATH"), heading: Heading::Textfile, shown: Shown::Always,
        help: "Write a file for the textfile collector of node exporter. Works with or without a gateway. PATH ends in \
               `.prom`, or is a directory, and the file is then `JOB.prom` in it", ..ROW
    };
    SPOOL: PathBuf = path, Row {
        name: "spool", form: Form::Path("DIR"), heading: Heading::Spool, shown: Shown::Always,
        help: "Directory for results that could not be delivered. The next run that uses it, or `pushjob flush`, \
               delivers them. It should outlive the container", ..ROW
    };
    LISTEN: ListenAddress = listen_address, Row {
        name: "listen", form: Form::Text("ADDR"), heading: Heading::Scrape, dashed_values: true,
        help: "Serve /metrics on this address while the job runs, for example on 127.0.0.1:9750, or on :9750 for all \
               addresses. The page has the start, the running time and the metrics of the job so far. Without \
               --gateway or --textfile the result is delivered nowhere", ..ROW
    };
    PUSH_TIMEOUT: Duration = duration, Row {
        name: "push-timeout", form: Form::Text("DURATION"), dashed_values: true, default: "10s",
        help: "Time limit for one delivery as a whole: name lookup, connection, TLS, sending, response, and all \
               retries", ..ROW
    };
    PUSH_RETRIES: u32 = number, Row {
        name: "push-retries", form: Form::Text("N"), dashed_values: true,
        help: "Maximum number of retries within that time, after a transient failure; without it, as many \
               as the time allows", ..ROW
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
        help: "Add a header to every request. May be repeated", ..ROW
    };
    PROXY: Proxy = proxy, Row {
        name: "proxy", form: Form::Text("URL"), secrecy: Secrecy::Urls,
        help: "HTTP proxy, or `none` to connect directly. Without it http_proxy, https_proxy, all_proxy and no_proxy \
               apply", ..ROW
    };
    COMPRESSION: Compression = compression, Row {
        name: "compression", form: Form::Text("HOW"), default: "none",
        help: "Compression of request bodies: `gzip` or `none`", ..ROW
    };
    TLS_CA_FILE: PathBuf = path, Row {
        name: "tls-ca-file", form: Form::Path("PATH"), heading: Heading::Tls,
        help: "PEM file with the CA certificates to trust. Without it those of the system are trusted, or the \
               built-in public ones where it has none", ..ROW
    };
    TLS_CERT_FILE: PathBuf = path, Row {
        name: "tls-cert-file", form: Form::Path("PATH"), heading: Heading::Tls,
        help: "PEM file with the client certificate", ..ROW
    };
    TLS_KEY_FILE: PathBuf = path, Row {
        name: "tls-key-file", form: Form::Path("PATH"), heading: Heading::Tls, secrecy: Secrecy::SecretFile,
        help: "PEM file with the key of the client certificate", ..ROW
    };
    TLS_INSECURE_SKIP_VERIFY: bool = switch, Row {
        name: "tls-insecure-skip-verify", heading: Heading::Tls,
        help: "Accept any certificate. Anyone between here and the gateway can then read all that is sent", ..SWITCH
    };
    METRICS_FILE: PathBuf = path, Row {
        name: "metrics-file", form: Form::Path("PATH"), heading: Heading::Metric,
        variable_note: ", which `pushjob run` sets for its job",
        help: "File to append to", ..ROW
    };
}

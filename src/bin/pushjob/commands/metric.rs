//! `pushjob metric`: a metric from inside a job.

use clap::{Args, ValueEnum};
use pushjob::exposition::{
    Bucket, HistogramValue, LabelName, Labels, MetricFamilies, MetricFamily, MetricName,
    MetricValue, NameValidation, SummaryValue, parse_float,
};
use pushjob::grouping::{GroupRules, UnpushableError};
use pushjob::metrics_file::{METRICS_FILE, Operation, append};

use crate::exit::{CommandFailure, Exit};
use crate::settings::{self, MetricSettingArgs, accepted_names};
use crate::terminal::{Console, chain};

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 success; 1 write error; 2 wrong usage.\n\n\
                        Examples, in a script that `pushjob run` runs:\n  \
                        pushjob metric gauge rows 1042\n  \
                        pushjob metric counter files_total --add 1 --label table=users\n  \
                        pushjob metric histogram step_seconds --observe 0.7 --buckets 0.1,1,10"
)]
pub(crate) struct MetricArgs {
    /// Type of the metric
    #[arg(value_enum, value_name = "TYPE")]
    pub(crate) kind: MetricKind,

    /// Name of the metric
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// New value of a gauge, a counter or an untyped metric
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: Option<String>,

    #[command(flatten)]
    pub(crate) options: MetricOptions,

    #[command(flatten)]
    pub(crate) settings: MetricSettingArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Metric")]
pub(crate) struct MetricOptions {
    /// Add this to a gauge or counter, which starts at 0
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) add: Option<String>,

    /// Count this observation in a histogram or summary
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub(crate) observe: Option<String>,

    /// Upper bounds of the buckets of a histogram, for example `0.1,1,10`; the same in every call
    #[arg(long, value_name = "BOUNDS", allow_hyphen_values = true)]
    pub(crate) buckets: Option<String>,

    /// Label of the series. May be repeated
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub(crate) label: Vec<String>,

    /// Help text of the metric
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) help_text: Option<String>,

    /// Accept any UTF-8 text as a name, as `pushjob run --utf8-names` does [env:
    /// PUSHJOB_UTF8_NAMES=true]
    #[arg(long)]
    pub(crate) utf8_names: bool,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricKind {
    Gauge,
    Counter,
    Histogram,
    Summary,
    Untyped,
}

pub(crate) fn metric(args: &MetricArgs, console: Console) -> Result<Exit, CommandFailure> {
    let path = args
        .settings
        .given
        .checked(&settings::METRICS_FILE)?
        .ok_or_else(|| {
            format!(
                "--metrics-file is missing: {METRICS_FILE} is set in a job that `pushjob run` runs"
            )
        })?;
    let (families, operation) = entry(args)?;
    append(&path, &families, operation).map_err(|error| {
        let reason = chain(&error);
        Exit::NotDone.because(format_args!("cannot record {}: {reason}", args.name))
    })?;
    console.note(format_args!("recorded {} in {}", args.name, path.display()));
    Ok(Exit::Done)
}

/// The metric as it is appended. The message of an error names the argument.
fn entry(args: &MetricArgs) -> Result<(MetricFamilies, Operation), String> {
    let names = accepted_names(args.options.utf8_names)?;
    let name = metric_name(&args.name, names)?;
    let labels = labels(&args.options.label, names)?;
    let (operation, value) = value(args)?;
    let mut family = MetricFamily::new(name, value.metric_type());
    if let Some(help) = &args.options.help_text {
        family.set_help(help);
    }
    family
        .insert(labels, value)
        .map_err(|error| format!("--label: {error}"))?;
    let mut families = MetricFamilies::new();
    families.insert(family).map_err(|error| error.to_string())?;
    // Of the group, only the label `job` is known here.
    let rules = GroupRules::default();
    rules.check(&families).map_err(|error| refusal(&error))?;
    Ok((families, operation))
}

fn metric_name(name: &str, names: NameValidation) -> Result<MetricName, String> {
    let checked = match names {
        NameValidation::Legacy => MetricName::new(name.to_owned()),
        NameValidation::Utf8 => MetricName::utf8(name.to_owned()),
    };
    checked.map_err(|error| error.to_string())
}

fn labels(given: &[String], names: NameValidation) -> Result<Labels, String> {
    let pair = |label: &String| {
        let (name, value) = label
            .split_once('=')
            .ok_or_else(|| format!("--label: {label:?} is not of the form NAME=VALUE"))?;
        let name = match names {
            NameValidation::Legacy => LabelName::new(name),
            NameValidation::Utf8 => LabelName::utf8(name),
        };
        let name = name.map_err(|error| format!("--label: {error}"))?;
        Ok((name, value.to_owned()))
    };
    let pairs: Result<_, String> = given.iter().map(pair).collect();
    Labels::from_pairs(pairs?).map_err(|error| format!("--label: {error}"))
}

/// Message that names the argument which broke a rule of the group.
fn refusal(error: &UnpushableError) -> String {
    match error {
        UnpushableError::GroupingLabel { label, .. } => {
            format!("--label: `{label}` is a label of the group, which the run sets")
        }
        UnpushableError::EmptyInstance { .. } => {
            "--label: an empty `instance` is added by the gateway itself".to_owned()
        }
        error => error.to_string(),
    }
}

impl MetricKind {
    /// With its article, for a message.
    fn described(self) -> &'static str {
        match self {
            Self::Gauge => "a gauge",
            Self::Counter => "a counter",
            Self::Histogram => "a histogram",
            Self::Summary => "a summary",
            Self::Untyped => "an untyped metric",
        }
    }

    /// The arguments of which one says the number.
    fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Gauge | Self::Counter => &["VALUE", "--add"],
            Self::Untyped => &["VALUE"],
            Self::Histogram | Self::Summary => &["--observe"],
        }
    }
}

/// The operation and its value.
fn value(args: &MetricArgs) -> Result<(Operation, MetricValue), String> {
    let kind = args.kind;
    if kind != MetricKind::Histogram && args.options.buckets.is_some() {
        return Err("--buckets: only a histogram has buckets".to_owned());
    }
    let (argument, number) = number(args)?;
    let operation = match argument {
        "VALUE" => Operation::Set,
        _ => Operation::Add,
    };
    let value = match kind {
        MetricKind::Counter if operation == Operation::Add && (number < 0.0 || number.is_nan()) => {
            let text = args.options.add.as_deref().unwrap_or_default();
            return Err(format!(
                "--add: {text} cannot be added to a counter, which only grows"
            ));
        }
        MetricKind::Counter => MetricValue::Counter(number),
        MetricKind::Gauge => MetricValue::Gauge(number),
        MetricKind::Untyped => MetricValue::Untyped(number),
        MetricKind::Histogram => MetricValue::Histogram(observed(number, args)?),
        MetricKind::Summary => {
            let summary = SummaryValue::new(Vec::new(), number, 1);
            MetricValue::Summary(summary.map_err(|error| format!("--observe: {error}"))?)
        }
    };
    Ok((operation, value))
}

/// The number, with the argument that says it.
fn number(args: &MetricArgs) -> Result<(&'static str, f64), String> {
    let takes = args.kind.takes();
    let given = [
        ("VALUE", &args.value),
        ("--add", &args.options.add),
        ("--observe", &args.options.observe),
    ];
    let given = given
        .into_iter()
        .filter_map(|(argument, text)| Some((argument, text.as_deref()?)));
    let mut fitting = None;
    for (argument, text) in given {
        if !takes.contains(&argument) {
            let kind = args.kind.described();
            return Err(format!("{argument}: {kind} takes {}", takes.join(" or ")));
        }
        if let Some((other, _)) = fitting.replace((argument, text)) {
            return Err(format!("{other} and {argument}: give one of the two"));
        }
    }
    let (argument, text) = fitting.ok_or_else(|| format!("{} is missing", takes.join(" or ")))?;
    let number =
        parse_float(text).ok_or_else(|| format!("{argument}: {text:?} is not a number"))?;
    Ok((argument, number))
}

/// A histogram of one observation.
fn observed(number: f64, args: &MetricArgs) -> Result<HistogramValue, String> {
    let Some(bounds) = &args.options.buckets else {
        let message = "--buckets is missing: the upper bounds, as in 0.1,1,10";
        return Err(message.to_owned());
    };
    let mut buckets = Vec::new();
    for text in bounds.split(',').map(str::trim) {
        let upper_bound =
            parse_float(text).ok_or_else(|| format!("--buckets: {text:?} is not a number"))?;
        // There always is one without a bound.
        if upper_bound != f64::INFINITY {
            buckets.push(Bucket {
                upper_bound,
                cumulative_count: u64::from(number <= upper_bound),
            });
        }
    }
    HistogramValue::new(buckets, number, 1).map_err(|error| format!("--buckets: {error}"))
}

//! Samples on the command line.

use clap::Args;
use pushjob::exposition::{
    CheckReport, FamilyError, MetricFamilies, MetricFamily, MetricName, MetricType, MetricValue,
    NameValidation, Series, encode, parse_float,
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Metrics")]
pub(crate) struct SampleArgs {
    /// Push this gauge, for example `rows{table="users"}=42`. May be repeated; stdin is then not read
    #[arg(long, value_name = "NAME[{LABELS}]=VALUE", allow_hyphen_values = true)]
    pub(crate) gauge: Vec<String>,

    /// Push this counter, in the same way
    #[arg(long, value_name = "NAME[{LABELS}]=VALUE", allow_hyphen_values = true)]
    pub(crate) counter: Vec<String>,

    /// Help text of such a gauge or counter
    #[arg(long, value_name = "NAME=TEXT", allow_hyphen_values = true)]
    pub(crate) help_text: Vec<String>,
}

impl SampleArgs {
    pub(crate) fn is_empty(&self) -> bool {
        self.gauge.is_empty() && self.counter.is_empty()
    }
}

/// The families of the samples. The message of an error names the flag.
pub(crate) fn samples(args: &SampleArgs, names: NameValidation) -> Result<MetricFamilies, String> {
    let gauges: (_, _, fn(f64) -> MetricValue) = ("--gauge", &args.gauge, MetricValue::Gauge);
    let counters = (
        "--counter",
        &args.counter,
        MetricValue::Counter as fn(f64) -> MetricValue,
    );
    let mut drafts: Vec<MetricFamily> = Vec::new();
    for (flag, texts, value) in [gauges, counters] {
        for text in texts {
            let (series, number) =
                sample(text, names).map_err(|reason| format!("{flag} {text:?}: {reason}"))?;
            let value = value(number);
            draft(&mut drafts, &series.name, value.metric_type())
                .insert(series.labels, value)
                .map_err(|error| format!("{flag}: {error}"))?;
        }
    }
    for text in &args.help_text {
        let (name, help) = text
            .split_once('=')
            .ok_or_else(|| format!("--help-text: {text:?} is not of the form NAME=TEXT"))?;
        let draft = drafts
            .iter_mut()
            .find(|draft| draft.name().as_str() == name)
            .ok_or_else(|| format!("--help-text: no --gauge and no --counter is named {name:?}"))?;
        draft.set_help(help);
    }
    let mut families = MetricFamilies::new();
    for draft in drafts {
        families.insert(draft).map_err(|error| error.to_string())?;
    }
    Ok(families)
}

/// The samples as text that can stand behind a text that has been checked, which may hold some of
/// the same families.
pub(crate) fn append_samples(
    checked: &CheckReport,
    given: &MetricFamilies,
) -> Result<String, String> {
    // The text before may have no newline at its end.
    let mut text = "\n".to_owned();
    for family in given.iter() {
        let name = family.name().as_str();
        let known = checked.families.iter().find(|known| known.name == name);
        let mut own = MetricFamilies::new();
        own.insert(family.clone())
            .map_err(|error| error.to_string())?;
        let Some(known) = known.filter(|known| known.samples > 0) else {
            text.push_str(&encode(&own));
            continue;
        };
        if known.metric_type != family.metric_type() {
            let wrong = FamilyError::WrongType {
                metric: name.to_owned(),
                declared: known.metric_type,
                found: family.metric_type(),
            };
            return Err(wrong.to_string());
        }
        if known.has_help && family.help().is_some() {
            return Err(format!("--help-text: {name} has a HELP line already"));
        }
        for line in encode(&own).lines() {
            if !line.starts_with("# TYPE") {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    Ok(text)
}

fn sample(text: &str, names: NameValidation) -> Result<(Series, f64), String> {
    let (series, rest) = Series::parse_prefix_names(text, names)
        .map_err(|error| format!("column {}: {}", error.column(), error.reason()))?;
    let number = rest
        .strip_prefix('=')
        .ok_or_else(|| format!("expected `=` and a value after {}", series.name))?;
    let number = parse_float(number).ok_or_else(|| format!("{number:?} is not a number"))?;
    Ok((series, number))
}

fn draft<'a>(
    drafts: &'a mut Vec<MetricFamily>,
    name: &MetricName,
    metric_type: MetricType,
) -> &'a mut MetricFamily {
    let index = drafts
        .iter()
        .position(|draft| draft.name() == name)
        .unwrap_or_else(|| {
            drafts.push(MetricFamily::new(name.clone(), metric_type));
            drafts.len() - 1
        });
    &mut drafts[index]
}

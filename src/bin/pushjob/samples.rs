//! Samples on the command line.

use pushjob::exposition::{
    MetricFamilies, MetricFamily, MetricName, MetricType, MetricValue, Series, parse_float,
};

use crate::args::SampleArgs;

/// A sample as it was given, with the flag.
struct Sample {
    flag: &'static str,
    series: Series,
    value: MetricValue,
}

impl SampleArgs {
    pub(crate) fn is_empty(&self) -> bool {
        self.gauge.is_empty() && self.counter.is_empty()
    }
}

/// The families of the samples, together with those that are there already. The message of an error names the flag.
pub(crate) fn add_samples(
    families: MetricFamilies,
    args: &SampleArgs,
) -> Result<MetricFamilies, String> {
    let mut drafts: Vec<MetricFamily> = families.into_iter().collect();
    let gauges = args
        .gauge
        .iter()
        .map(|text| sample("--gauge", text, MetricValue::Gauge));
    let counters = args
        .counter
        .iter()
        .map(|text| sample("--counter", text, MetricValue::Counter));
    let mut named: Vec<MetricName> = Vec::new();
    for sample in gauges.chain(counters) {
        let Sample {
            flag,
            series,
            value,
        } = sample?;
        let draft = draft(&mut drafts, &series.name, value.metric_type());
        draft
            .insert(series.labels, value)
            .map_err(|error| format!("{flag}: {error}"))?;
        named.push(series.name);
    }
    for text in &args.help_text {
        let (name, help) = text
            .split_once('=')
            .ok_or_else(|| format!("--help-text: {text:?} is not of the form NAME=TEXT"))?;
        if !named.iter().any(|known| known.as_str() == name) {
            return Err(format!(
                "--help-text: no --gauge and no --counter is named {name:?}"
            ));
        }
        for draft in &mut drafts {
            if draft.name().as_str() == name {
                *draft = draft.clone().with_help(help);
            }
        }
    }
    let mut families = MetricFamilies::new();
    for draft in drafts {
        families.insert(draft).map_err(|error| error.to_string())?;
    }
    Ok(families)
}

fn sample(flag: &'static str, text: &str, value: fn(f64) -> MetricValue) -> Result<Sample, String> {
    let (series, rest) = Series::parse_prefix(text).map_err(|error| {
        format!(
            "{flag} {text:?}: column {}: {}",
            error.column(),
            error.reason()
        )
    })?;
    let number = rest.strip_prefix('=').ok_or_else(|| {
        format!(
            "{flag} {text:?}: expected `=` and a value after {}",
            series.name
        )
    })?;
    let number = parse_float(number)
        .ok_or_else(|| format!("{flag} {text:?}: {number:?} is not a number"))?;
    Ok(Sample {
        flag,
        series,
        value: value(number),
    })
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

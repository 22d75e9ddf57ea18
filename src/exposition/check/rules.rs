//! Rules of a Pushgateway for single lines, as functions of a line and the family that it belongs
//! to.

use crate::exposition::model::{FamilyError, MetricType, SampleRole, to_count};
use crate::exposition::scan::{
    Declared, LineError, Name, SampleLine, SyntaxError, parse_float_bytes, unescape,
};

use super::error::RuleError;
use super::families::{FamilyCheck, PUSH_FAILURE_TIME};
use super::series_id::SeriesIds;

/// Treatment of timestamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Timestamps {
    /// As at a Pushgateway.
    #[default]
    Refused,
    /// They are removed before the text is sent.
    Removed,
}

/// Purpose of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It is read; labels are what they are.
    #[default]
    Reading,
    /// It goes to a group that is not known yet, which has a `job` of its own.
    AnyGroup,
    /// It goes to a group that the caller knows, who says what that does to labels and names.
    ThisGroup,
}

impl Purpose {
    /// Whether the samples of a family come to nothing, because a gateway puts its own in their
    /// place.
    pub(super) fn drops(self, family: &FamilyCheck) -> bool {
        self != Self::Reading && family.is_dropped()
    }
}

/// Refuses a second HELP line.
pub(super) fn check_help(family: &FamilyCheck, name: Name<'_>) -> Result<(), LineError> {
    if family.has_help {
        return Err(second_comment("HELP", family, name));
    }
    Ok(())
}

/// Refuses a second TYPE line, and one behind the first sample.
pub(super) fn check_type(family: &FamilyCheck, name: Name<'_>) -> Result<(), LineError> {
    if family.declared.is_some() {
        return Err(second_comment("TYPE", family, name));
    }
    if family.samples > 0 {
        let metric = family.name.clone();
        return Err(RuleError::TypeAfterSample { metric }.at(name.at));
    }
    Ok(())
}

fn second_comment(keyword: &'static str, family: &FamilyCheck, name: Name<'_>) -> LineError {
    let metric = family.name.clone();
    SyntaxError::SecondComment { keyword, metric }.at(name.at)
}

/// What a sample is in its family.
#[derive(Clone, Copy)]
pub(super) struct SampleKind {
    pub(super) metric_type: MetricType,
    /// The label that the type keeps for itself, and the number in it.
    pub(super) reserved: Option<(&'static str, Option<f64>)>,
}

/// Kind of a sample, unless it is wrong by itself.
pub(super) fn check_sample(
    sample: &SampleLine<'_>,
    family: &FamilyCheck,
    purpose: Purpose,
    timestamps: Timestamps,
) -> Result<SampleKind, LineError> {
    let metric_type = match family.declared {
        Some(Declared::GaugeHistogram) if !purpose.drops(family) => {
            return Err(RuleError::GaugeHistogram.at(sample.at));
        }
        Some(Declared::Type(metric_type)) => metric_type,
        _ => MetricType::Untyped,
    };
    let reserved = metric_type.reserved_label();
    if let Some(span) = sample.repeated {
        // A gateway takes a label twice where the type keeps it for itself.
        let label = String::from_utf8_lossy(span.of(sample.line));
        if reserved != Some(&*label) {
            let label = label.into_owned();
            return Err(LineError::new(
                span.start,
                FamilyError::DuplicateLabel { label },
            ));
        }
    }
    let reserved = match reserved {
        Some(label) => Some((label, bound(sample, label)?)),
        None => None,
    };
    if timestamps == Timestamps::Refused {
        if let Some(timestamp) = sample.timestamp {
            return Err(SyntaxError::Timestamp.at(timestamp.start - 1));
        }
    }
    if purpose == Purpose::AnyGroup && family.name == PUSH_FAILURE_TIME {
        return Err(RuleError::FailureTime.at(sample.at));
    }
    Ok(SampleKind {
        metric_type,
        reserved,
    })
}

/// The bound of a bucket or the quantile; the last counts.
fn bound(sample: &SampleLine<'_>, label: &'static str) -> Result<Option<f64>, LineError> {
    let mut bound = None;
    for span in &sample.labels {
        if span.name.of(sample.line) == label.as_bytes() {
            let raw = span.value.of(sample.line);
            let Some(number) = parse_float_bytes(raw) else {
                let found = unescape(raw).into_owned();
                return Err(RuleError::NotABound { label, found }.at(span.value.start));
            };
            bound = Some(number);
        }
    }
    Ok(bound)
}

/// Warning of a value that stands right behind a closing brace or name in quotation marks.
pub(super) fn missing_blank(sample: &SampleLine<'_>) -> Option<RuleError> {
    let name = sample.name();
    (sample.value.start == name.at + name.raw.len()).then(|| RuleError::NoBlank {
        name: String::from_utf8_lossy(name.raw).into_owned(),
        value: String::from_utf8_lossy(sample.value.of(sample.line)).into_owned(),
    })
}

/// Warning of a bucket or quantile without its bound, and of a count that is none.
pub(super) fn misfit(
    sample: &SampleLine<'_>,
    role: SampleRole,
    metric_type: MetricType,
    (label, bound): (&'static str, Option<f64>),
) -> Option<RuleError> {
    if role == SampleRole::Entry && bound.is_none_or(f64::is_nan) {
        return Some(RuleError::MissingBound {
            series: sample.series(),
            label,
            metric_type,
        });
    }
    let counts = match role {
        SampleRole::Entry => metric_type == MetricType::Histogram,
        SampleRole::Sum => false,
        SampleRole::Count => true,
    };
    let value = sample.number();
    #[expect(
        clippy::float_cmp,
        clippy::cast_precision_loss,
        reason = "whole or not"
    )]
    let is_count = to_count(value) as f64 == value;
    (counts && !is_count).then(|| RuleError::NotACount {
        found: String::from_utf8_lossy(sample.value.of(sample.line)).into_owned(),
    })
}

/// Error of a series that is there already, in the text or in its group.
pub(super) fn repetition(sample: &SampleLine<'_>, ids: SeriesIds) -> LineError {
    let series = sample.series();
    if ids.own == ids.page {
        LineError::new(sample.at, FamilyError::DuplicateSeries { series })
    } else {
        RuleError::SameInGroup { series }.at(sample.at)
    }
}

//! The record of a run: its recorder with the destinations that were asked for, and their messages.

use std::fmt::Arguments;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use pushjob::metrics_file::METRICS_FILE;
use pushjob::push::ConfigError;
use pushjob::record::{
    BegunRun, DeliveryFailure, DestinationReport, EndMethod, EndMethods, FileMetrics,
    GatewayDestination, InFlight, KeptIn, NoticeLevel, Recorder, RunSpool, SinkDestination,
    TextfileDestination, UpdateTrouble,
};
use pushjob::report::Verdict;
use pushjob::sink::EmbeddedGateway;
use pushjob::spool::{NotDelivered, Spool};
use pushjob::supervise::Outcome;

use super::plan::Plan;
use crate::settings::{Gateway, Gateways, Settings};
use crate::terminal::{Console, chain, delivered_message};

/// The record of a run.
pub(super) struct Recording {
    recorder: Recorder,
    /// The gateways, in the order of the first destinations.
    gateways: Vec<Gateway>,
    preview: Option<Preview>,
    methods: EndMethods,
    strict: Strictness,
    /// Metrics that the job leaves in its file, where it has one.
    metrics: Option<Arc<FileMetrics>>,
    /// Marks the run, where it has a spool and a gateway.
    spool: Option<(RunSpool, BegunRun)>,
}

/// A gateway in memory in the place of all destinations, with the line that says why.
struct Preview {
    gateway: Arc<EmbeddedGateway>,
    title: &'static str,
}

impl Preview {
    fn new(title: &'static str) -> Self {
        Self {
            gateway: Arc::default(),
            title,
        }
    }
}

impl Recording {
    /// None when a mistake in the environment leaves open where to deliver.
    pub(super) fn new(
        settings: Settings,
        plan: &Plan,
        metrics: Option<Arc<FileMetrics>>,
    ) -> Option<Self> {
        let (gateways, preview) = delivery_places(settings.gateways, plan)?;
        let key = settings.key?;
        let mut recorder = Recorder::new(key.clone(), plan.report.clone())
            .methods(plan.methods)
            .push_timeout(settings.push_timeout)
            .trim_memory();
        let spool = plan.spool.clone().map(RunSpool::new);
        for gateway in &gateways {
            let destination = match &gateway.unusable {
                Some(reason) => GatewayDestination::unusable(gateway.address.clone(), reason),
                None => GatewayDestination::from_builder(gateway.builder.clone()),
            };
            recorder = recorder.destination(match &spool {
                Some(spool) => destination.spool(spool.clone()),
                None => destination,
            });
        }
        if let Some(Preview { gateway, .. }) = &preview {
            recorder = recorder.destination(SinkDestination::new(Arc::clone(gateway)));
        } else if let Some(textfile) = &plan.textfile {
            recorder = recorder.destination(TextfileDestination::new(textfile.clone()));
        }
        if let Some(metrics) = &metrics {
            recorder = recorder.metrics(metrics.clone());
        }
        let begun = BegunRun {
            key,
            report: plan.report.clone(),
            on_failure: plan.methods.on_failure,
        };
        Some(Self {
            spool: spool
                .filter(|_| !gateways.is_empty())
                .map(|spool| (spool, begun)),
            recorder,
            gateways,
            preview,
            methods: plan.methods,
            strict: if plan.strict {
                Strictness::Strict
            } else {
                Strictness::Lenient
            },
            metrics,
        })
    }

    /// The places to which the end is under way.
    pub(super) fn in_flight(&self) -> InFlight {
        self.recorder.in_flight()
    }

    /// Marks the run, which has begun, in its spool.
    pub(super) fn begin(&mut self, started: SystemTime) {
        if let Some((spool, run)) = self.spool.take() {
            let addresses = self.gateways.iter().map(|it| it.address.clone());
            spool.begin(addresses.collect(), run, started);
        }
    }

    /// Tells that the job has started. Returns a warning.
    pub(super) fn start(&mut self, started: SystemTime) -> Option<String> {
        let error = self.recorder.start(started).err()?;
        Some(format!("cannot announce the start: {error}"))
    }

    /// Tells that the job runs. Returns a warning.
    pub(super) fn heartbeat(&mut self) -> Option<String> {
        let error = self.recorder.heartbeat().err()?;
        Some(format!("cannot push a heartbeat: {error}"))
    }

    /// Delivers the end, within the time of one delivery. Returns whether all was delivered everywhere.
    pub(super) fn end(mut self, (outcome, verdict): (&Outcome, Verdict), console: Console) -> bool {
        let delivered = Mutex::new(true);
        let (gateways, strict) = (self.gateways, self.strict);
        self.recorder.end_of_process(outcome, verdict, &|report| {
            if !report_delivery(report, &gateways, (strict, console)) {
                let delivered = delivered.lock();
                *delivered.unwrap_or_else(PoisonError::into_inner) = false;
            }
        });
        // Also where they could not be pushed.
        let adds = self.methods.after(verdict).adds_metrics() && verdict != Verdict::Skipped;
        let metrics = self.metrics.filter(|_| adds);
        let are_whole = metrics.is_none_or(|metrics| report_skipped_metrics(&metrics, console));
        if let Some(Preview { gateway, title }) = self.preview {
            console.page(title, &gateway.page());
        }
        are_whole && delivered.into_inner().is_ok_and(|delivered| delivered)
    }
}

/// The gateways to deliver to, or the gateway in memory in the place of all. None when a mistake in the
/// environment leaves open where to deliver.
fn delivery_places(gateways: Gateways, plan: &Plan) -> Option<(Vec<Gateway>, Option<Preview>)> {
    let preview = |title| Some((Vec::new(), Some(Preview::new(title))));
    match gateways {
        _ if plan.dry_run => preview("dry run, nothing was sent; Prometheus would scrape:"),
        Gateways::Given(gateways) => Some((gateways, None)),
        Gateways::NotGiven | Gateways::Unusable if plan.textfile.is_some() => {
            Some((Vec::new(), None))
        }
        Gateways::NotGiven => preview("no --gateway is given; from one, Prometheus would scrape:"),
        Gateways::Unusable => None,
    }
}

/// Prints the report of a destination. Returns whether all was delivered.
fn report_delivery(
    report: DestinationReport,
    gateways: &[Gateway],
    (strict, console): (Strictness, Console),
) -> bool {
    let is_delivered = report.is_delivered();
    let DestinationReport {
        index,
        method,
        name,
        run,
        metrics,
        updates,
        notices,
        ..
    } = report;
    for notice in notices {
        match notice.level() {
            NoticeLevel::Warning => console.warning(notice),
            NoticeLevel::Note => console.note(notice),
        }
    }
    let gateway = gateways.get(index);
    let is_unusable = gateway.is_some_and(|gateway| gateway.unusable.is_some());
    let (verb, done) = match method {
        EndMethod::Delete => ("delete", "deleted"),
        _ => ("push", "delivered to"),
    };
    match run {
        Ok(Some(delivered)) => console.note(delivered_message(done, &name, delivered)),
        Ok(None) => {}
        // The mistake was reported before the job.
        Err(failure) if failure.kept.is_some() && is_unusable => console.note(failure),
        Err(failure) => {
            let failure = explained(failure, gateway);
            report_failure(
                format_args!("cannot {verb}: {failure}"),
                &failure,
                (strict, console),
            );
        }
    }
    if let Some(trouble) = updates {
        console.warning(update_message(&trouble, &name));
    }
    match metrics {
        Ok(Some(delivered)) => {
            let done = "delivered the metrics of the job to";
            console.note(delivered_message(done, &name, delivered));
        }
        Ok(None) => {}
        Err(failure) => {
            let failure = explained(failure, gateway);
            let message = format_args!("cannot push the metrics of the job: {failure}");
            report_failure(message, &failure, (strict, console));
        }
    }
    is_delivered
}

/// Tells an error of the configuration as one of the setting that it comes from.
fn explained(failure: DeliveryFailure, gateway: Option<&Gateway>) -> DeliveryFailure {
    let config = failure.error.downcast_ref::<ConfigError>();
    match config.zip(gateway) {
        Some((error, gateway)) => DeliveryFailure {
            error: gateway.explain(error).into(),
            ..failure
        },
        None => failure,
    }
}

/// Message about updates that did not arrive at a destination of this name.
fn update_message(trouble: &UpdateTrouble, name: &str) -> String {
    match trouble {
        UpdateTrouble::StartCutOff(cut_off) => format!("{trouble}: {name}: {cut_off}"),
        UpdateTrouble::HeartbeatCutOff => format!("{name}: {trouble}"),
        _ => chain(trouble),
    }
}

/// Weight of what was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    /// It becomes an exit code.
    Strict,
    Lenient,
}

/// Time that results may wait in a spool before that is an error.
const LONG_WAIT: Duration = Duration::from_secs(60 * 60);

/// Prints the message of a failure: an error, unless the result is kept, nothing of its group has waited for
/// long and waiting may help. With --strict, which makes an exit code of it, it is one in any case.
fn report_failure(
    message: Arguments<'_>,
    failure: &DeliveryFailure,
    (strict, console): (Strictness, Console),
) {
    let is_recent =
        |path: &Path| Spool::waiting_in(path).is_some_and(|waiting| waiting.age() < LONG_WAIT);
    let is_other_server = matches!(
        failure.error.downcast_ref(),
        Some(NotDelivered::Push(error)) if error.is_other_server()
    );
    match &failure.kept {
        _ if is_other_server => console.error(message),
        Some(KeptIn::Spool(path)) if strict == Strictness::Lenient && is_recent(path) => {
            console.note(message);
        }
        _ => console.error(message),
    }
}

/// Prints which metrics of the job were skipped. Returns whether none was.
pub(super) fn report_skipped_metrics(metrics: &FileMetrics, console: Console) -> bool {
    let contents = match metrics.contents() {
        Ok(contents) => contents,
        Err(error) => {
            console.error(format_args!("cannot read {METRICS_FILE}: {error}"));
            return false;
        }
    };
    for line in &contents.bad_lines {
        console.warning(format_args!("{METRICS_FILE} {line}; left out"));
    }
    match contents.bad_line_count - contents.bad_lines.len() {
        0 => {}
        1 => console.warning(format_args!("{METRICS_FILE}: 1 more line was left out")),
        more => console.warning(format_args!(
            "{METRICS_FILE}: {more} more lines were left out"
        )),
    }
    contents.bad_line_count == 0
}

//! A textfile that a run is recorded in.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use pushjob::exposition::MetricFamilies;
use pushjob::grouping::GroupingKey;
use pushjob::push::{Change, Delivered};
use pushjob::report::Report;
use pushjob::sink::{Textfile, TextfileError, Written};
use pushjob::supervise::trim_memory;

use crate::announce::{Announced, News, Told};
use crate::args::Method;
use crate::console::chain;
use crate::job_metrics::JobMetrics;
use crate::recipient::{Conclusion, Delivery, End};
use crate::record::Pending;
use crate::spool::Notice;

/// How much longer than a delivery may take is waited for the thread that does it, which can say better what has kept it.
const GRACE: Duration = Duration::from_millis(250);

/// A textfile, and the thread that writes it, one thing after the other. A file system can hang, and nothing can be done
/// about a thread that hangs with it but to wait for it no longer.
pub(crate) struct TextfileRecipient {
    textfile: Textfile,
    report: Report,
    writer: Option<Writer>,
}

impl TextfileRecipient {
    pub(crate) fn new(textfile: Textfile, report: Report) -> Self {
        Self {
            textfile,
            report,
            writer: None,
        }
    }

    fn scribe(&self, key: &GroupingKey, push_timeout: Duration) -> Scribe {
        Scribe {
            textfile: self.textfile.clone(),
            report: self.report.clone(),
            key: key.clone(),
            push_timeout,
            told: Told::default(),
        }
    }

    /// Writes while the job runs, without waiting until that is done.
    pub(crate) fn tell(
        &mut self,
        key: &GroupingKey,
        news: News,
        push_timeout: Duration,
    ) -> Result<(), String> {
        if self.writer.is_none() {
            let scribe = self.scribe(key, push_timeout);
            self.writer = Some(Writer::begin(scribe).map_err(|error| chain(&error))?);
        }
        if let Some(writer) = &self.writer {
            writer.write(news);
        }
        Ok(())
    }

    /// Writes the end, within the time of one delivery. What was begun before is done before, in the same time.
    pub(crate) fn conclude(mut self, end: &End<'_>, pending: &Pending) -> Conclusion {
        let file = self.textfile.path().display().to_string();
        let begin = Instant::now();
        let left = || end.push_timeout.saturating_sub(begin.elapsed());
        let (run, of_run) = channel();
        let (job, of_job) = channel();
        let last = Last {
            method: end.method,
            families: end.families.clone(),
            job_metrics: end.job.cloned(),
            completed: end.completed,
            begin,
            run,
            job,
        };
        let late = || {
            let seconds = end.push_timeout.as_secs_f64();
            format!("{file} was not written within {seconds} s")
        };
        pending.begin(&file);
        let writer = self.writer.take();
        let scribe = || self.scribe(end.key, end.push_timeout);
        let writer = match writer {
            Some(writer) => Ok(writer),
            None => Writer::begin(scribe()),
        };
        match writer {
            Ok(writer) => writer.finish(last),
            // Without a thread it cannot be given up, but it is done.
            Err(_) => scribe().finish(&last),
        }
        let run = receive(&of_run, left());
        pending.end(&file);
        let Some((mut told, run)) = run else {
            return Conclusion {
                url: file.clone(),
                delivery: Delivery::of(Err(late())),
                announced: None,
            };
        };
        let place = format!("{file} (the metrics of the job)");
        pending.begin(&place);
        let job = receive(&of_job, left());
        pending.end(&place);
        let mut notices = std::mem::take(&mut told.notices);
        let mut said = |result: WriteResult| match result {
            Ok(written) => {
                notices.extend(written.as_ref().and_then(set_aside));
                Ok(written)
            }
            Err(error) => Err(chain(&error)),
        };
        let run = said(run);
        let job = job.map_or_else(|| Err(late()), said);
        // Which file it is in a folder is known when it is written.
        let written = run.as_ref().ok().and_then(Option::as_ref);
        let url = written.map_or(file, |written| written.path.display().to_string());
        let delivered =
            |written: Option<Written>| -> Option<Delivered> { written.map(|it| it.delivered) };
        Conclusion {
            url: match end.method {
                Method::Delete => format!("the group in {url}"),
                _ => url,
            },
            delivery: Delivery {
                result: run.map(delivered),
                job: job.map(delivered),
                notices,
            },
            announced: Some(Announced::Told(told)),
        }
    }
}

/// None when there was nothing to be written.
type WriteResult = Result<Option<Written>, TextfileError>;

/// What comes within the time, if anything does.
fn receive<T>(receiver: &Receiver<T>, left: Duration) -> Option<T> {
    receiver.recv_timeout(left.saturating_add(GRACE)).ok()
}

/// What there is to say of a file that stood there.
fn set_aside(written: &Written) -> Option<Notice> {
    let aside = written.set_aside.as_ref()?;
    Some(Notice::Warning(aside.to_string()))
}

/// What is to be written.
enum Task {
    News(News),
    Last(Last),
}

/// The end of a run, and where to say how it went.
struct Last {
    method: Method,
    families: MetricFamilies,
    job_metrics: Option<Arc<JobMetrics>>,
    completed: SystemTime,
    /// From when the time of the delivery counts.
    begin: Instant,
    /// With how it went before.
    run: Sender<(Told, WriteResult)>,
    /// Of the metrics of the job.
    job: Sender<WriteResult>,
}

/// The thread.
struct Writer {
    tasks: Sender<Task>,
    /// Whether it waits for something to write.
    is_free: Arc<AtomicBool>,
}

impl Writer {
    fn begin(mut scribe: Scribe) -> io::Result<Self> {
        let (tasks, waiting) = channel();
        let is_free = Arc::new(AtomicBool::new(true));
        let freed = Arc::clone(&is_free);
        thread::Builder::new().spawn(move || {
            for task in waiting {
                match task {
                    Task::News(news) => scribe.write(news),
                    Task::Last(last) => return scribe.finish(&last),
                }
                freed.store(true, Ordering::Release);
                // A job that runs for hours does so without what this has taken.
                trim_memory();
            }
        })?;
        Ok(Self { tasks, is_free })
    }

    /// Has this written too, unless what came before is still under way: nothing is ever queued.
    fn write(&self, news: News) {
        if self.is_free.swap(false, Ordering::Acquire) {
            // A thread that has ended has nobody who could tell.
            let _ = self.tasks.send(Task::News(news));
        }
    }

    fn finish(self, last: Last) {
        let _ = self.tasks.send(Task::Last(last));
    }
}

/// What the thread does.
struct Scribe {
    textfile: Textfile,
    report: Report,
    key: GroupingKey,
    push_timeout: Duration,
    told: Told,
}

impl Scribe {
    fn write(&mut self, News { families, job }: News) {
        let deliver = |families| {
            let change = Change::PushAdd(families);
            self.textfile
                .deliver_within(&self.key, change, self.push_timeout)
        };
        match deliver(&families) {
            Ok(written) => {
                self.told.delivered += 1;
                self.told.notices.extend(set_aside(&written));
                // By themselves, so that they can take nothing of ours along. The end writes them again, and says what is wrong
                // with them then.
                if let Some(families) = job.and_then(|job| job.so_far()) {
                    let _ = deliver(&families);
                }
            }
            Err(error) => {
                self.told.failed += 1;
                self.told.last_error = Some(chain(&error));
            }
        }
    }

    fn finish(self, last: &Last) {
        let end = End {
            method: last.method,
            key: &self.key,
            families: &last.families,
            job: last.job_metrics.as_ref(),
            beating: false,
            push_timeout: self.push_timeout,
            completed: last.completed,
            spool: None,
        };
        // A run that ended later may have been faster.
        let still_news = |held: &MetricFamilies| {
            self.report
                .still_news(&last.families, held, SystemTime::now())
        };
        let deliver = |change, instead: &dyn Fn(&MetricFamilies) -> Option<MetricFamilies>| {
            let left = self.push_timeout.saturating_sub(last.begin.elapsed());
            self.textfile
                .deliver_unless(&self.key, change, left, instead)
        };
        let run = end.change(end.method);
        let run = run.map(|change| deliver(change, &still_news)).transpose();
        // That it cannot be written is said once.
        let takes_more = match &run {
            Ok(_) => true,
            Err(error) => error.is_about_the_metrics(),
        };
        // Nobody may be left to receive it; then nobody wants it.
        let _ = last.run.send((self.told, run));
        let families = end.job_families(end.method).filter(|_| takes_more);
        let nothing = |held: &MetricFamilies| still_news(held).map(|_| MetricFamilies::new());
        let job = families.map(|families| deliver(Change::PushAdd(families), &nothing));
        let _ = last.job.send(job.transpose());
    }
}

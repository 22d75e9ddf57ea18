//! A command to run as a job, with its limits.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use super::signal::Signal;

/// A command to run, and the limits to run it within.
#[derive(Clone, Debug)]
#[must_use]
pub struct Job {
    program: OsString,
    arguments: Vec<OsString>,
    /// Names, each once, with the value to give it; without one it is taken out.
    environment: Vec<(OsString, Option<OsString>)>,
    pub(super) limits: Limits,
    pub(super) parent_death: ParentDeath,
}

/// What becomes of a job when this process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParentDeath {
    /// It goes on.
    GoesOn,
    /// The kernel kills it.
    Killed,
}

/// Things to happen while a job runs, by how long it has run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) start_due: Option<Duration>,
    pub(super) heartbeat: Option<Duration>,
    pub(super) trim_memory: Option<Duration>,
    pub(super) timeout: Option<Duration>,
    pub(super) stop_signal: Signal,
    pub(super) kill_after: Duration,
    pub(super) kill_after_signal: Option<Duration>,
}

impl Job {
    /// A command, looked for in `PATH` when its name has no slash, with its arguments.
    pub fn new(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
            limits: Limits {
                start_due: None,
                heartbeat: None,
                trim_memory: None,
                timeout: None,
                stop_signal: Signal::TERM,
                kill_after: Duration::from_secs(10),
                kill_after_signal: None,
            },
            parent_death: ParentDeath::GoesOn,
        }
    }

    /// A script for `/bin/sh -c`.
    pub fn shell(script: impl Into<OsString>) -> Self {
        Self::new("/bin/sh", [OsString::from("-c"), script.into()])
    }

    /// Keeps an environment variable from the job. Defaults to none: it gets the environment of
    /// this process.
    pub fn without_env(self, name: impl AsRef<OsStr>) -> Self {
        self.change_env(name.as_ref(), None)
    }

    /// Sets an environment variable for the job, in the place of one of that name that it would
    /// inherit. Defaults to none: it gets the environment of this process.
    pub fn env(self, name: impl AsRef<OsStr>, value: impl Into<OsString>) -> Self {
        self.change_env(name.as_ref(), Some(value.into()))
    }

    fn change_env(mut self, name: &OsStr, value: Option<OsString>) -> Self {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value));
        self
    }

    /// Time after which to say that the start is due to be announced; see
    /// [`JobEvent::StartDue`](super::JobEvent::StartDue). Defaults to never.
    pub fn announce_after(mut self, running: Duration) -> Self {
        self.limits.start_due = Some(running);
        self
    }

    /// Interval in which to say that a heartbeat is due; see
    /// [`JobEvent::HeartbeatDue`](super::JobEvent::HeartbeatDue). An interval of 0 disables it.
    /// Defaults to never.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.limits.heartbeat = Some(interval).filter(|interval| !interval.is_zero());
        self
    }

    /// Time after which to give back the memory of this process that starting needs and waiting
    /// does not, its program text above all, which is mapped again as it is needed. Worth it for a
    /// program that does nothing but wait for the job. Defaults to never.
    pub fn trim_memory_after(mut self, running: Duration) -> Self {
        self.limits.trim_memory = Some(running);
        self
    }

    /// Stops the job after this long. Defaults to no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = Some(timeout);
        self
    }

    /// The signal that stops it at its time limit. Defaults to TERM.
    pub fn stop_signal(mut self, signal: Signal) -> Self {
        self.limits.stop_signal = signal;
        self
    }

    /// Pause between the end of its time and a KILL. Defaults to 10 seconds.
    pub fn kill_after(mut self, pause: Duration) -> Self {
        self.limits.kill_after = pause;
        self
    }

    /// Pause between a TERM, or the stop signal, that was passed on to the job, and a KILL.
    /// Defaults to never: the job decides how long it cleans up.
    pub fn kill_after_signal(mut self, pause: Duration) -> Self {
        self.limits.kill_after_signal = Some(pause);
        self
    }

    /// Has the kernel kill the job when this process is killed. Defaults to letting it go on.
    ///
    /// Only the process of the job itself is killed (`PR_SET_PDEATHSIG`): not the processes that it has
    /// started, and not one that has changed its user by a set-user-ID program such as `sudo`. The
    /// kernel does so when the thread that started the job ends: the main thread, in which a
    /// [`Supervisor`](super::Supervisor) lives.
    pub fn kill_with_parent(mut self) -> Self {
        self.parent_death = ParentDeath::Killed;
        self
    }

    /// The program.
    pub(super) fn program(&self) -> &OsStr {
        &self.program
    }

    /// Program and arguments.
    pub(super) fn line(&self) -> impl Iterator<Item = &OsStr> {
        std::iter::once(self.program.as_os_str())
            .chain(self.arguments.iter().map(OsString::as_os_str))
    }

    /// How its environment differs from that of this process: variables to set, and those without a
    /// value to take out.
    pub(super) fn environment(&self) -> impl Iterator<Item = (&OsStr, Option<&OsStr>)> {
        let changes = self.environment.iter();
        changes.map(|(name, value)| (name.as_os_str(), value.as_deref()))
    }
}

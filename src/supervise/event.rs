//! Events that a supervisor reports to its caller.

use std::time::SystemTime;

use super::signal::Signal;

/// Event while a job runs, or while what is left to do after it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobEvent {
    /// The job has just been started, at this time. It is the first event of a run, and none of a
    /// job that could not be started.
    Started(SystemTime),
    /// The job was started at this time, and has run for as long as
    /// [`Job::announce_after`](super::Job::announce_after) says.
    StartDue(SystemTime),
    /// The job was started at this time and still runs, and another
    /// [`Job::heartbeat`](super::Job::heartbeat) has passed.
    HeartbeatDue(SystemTime),
    /// The time limit of the job has passed, and this signal was sent.
    Stopping(Signal),
    /// The job, or what it left in its group, did not end after that, or the job after a signal that was
    /// passed on, and KILL was sent.
    Killing,
    /// The system does not permit sending this signal to the job, which runs as another user.
    Refused(Signal),
    /// [`Supervisor::finish`](super::Supervisor::finish) goes on although this signal asked for an
    /// end, a tenth of a second ago; from now on another one ends it.
    InterruptDeferred(Signal),
}

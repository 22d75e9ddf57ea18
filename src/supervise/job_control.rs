//! Decisions about signals and stops while a job runs, as a function of what happens and of where
//! the job stands.

use super::signal::{ReceivedSignal, Signal, SignalSender, SignalTarget};

/// Event that concerns the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlEvent {
    /// A signal arrived.
    Signal(ReceivedSignal),
    /// A signal has stopped the job.
    Stopped(Signal),
    /// The job goes on after a stop.
    Continued,
}

/// Action to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlAction {
    /// Pass a signal on to the job.
    Forward(Signal),
    /// Stop as the job has, so that the shell which waits for us takes the terminal back.
    Suspend(Signal),
}

/// State of a job that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobState {
    /// The job runs, as far as we know.
    Running,
    /// It runs and has been asked to stop, by the terminal or by what we passed on.
    Asked,
    /// Somebody has stopped it with STOP, which is not our affair.
    Halted,
    /// It is stopped, and we with it.
    Suspended,
    /// It goes on and we did not do it: the CONT that comes to us now was for both.
    Resumed,
    /// We have passed a CONT on to it.
    Waking,
}

/// Place of the job and of this process among process groups, sessions and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// The group that we made for the job, or the job alone, which then has our terminal.
    pub(super) target: SignalTarget,
    /// Whether the job is in our group, where it begins when it has our terminal; programs with job
    /// control leave it.
    pub(super) shares_group: bool,
    /// Whether the job has left our group and taken the foreground of our terminal, as a
    /// shell does.
    pub(super) job_has_foreground: bool,
    /// Whether we are the first process of our session.
    pub(super) leads_session: bool,
}

/// Processes that a signal has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// It is ours to keep.
    Ours,
    /// The job has not had it.
    UsAlone,
    /// It was sent to the group that we share with the job.
    JobToo,
}

impl Placement {
    /// Finds out which processes a signal has reached.
    ///
    /// The kernel reports the end of children, which is ours. It sends the keys of a terminal, and
    /// what else a terminal has to say, to the whole group in its foreground; a hang-up, and the
    /// CONT behind it, to the leader of the session alone. What it sends beside that, such as the
    /// ALRM of an alarm that our caller had set, was for us.
    fn reach(self, received: ReceivedSignal) -> Reach {
        use SignalSender::{Kernel, Ourselves};
        match (received.sender, received.signal) {
            (Ourselves, _) | (Kernel, Signal::CHLD) => Reach::Ours,
            (Kernel, Signal::HUP | Signal::CONT) if self.leads_session => Reach::UsAlone,
            (
                Kernel,
                Signal::HUP
                | Signal::INT
                | Signal::QUIT
                | Signal::CONT
                | Signal::TSTP
                | Signal::TTIN
                | Signal::TTOU
                | Signal::WINCH,
            ) if self.shares_group => Reach::JobToo,
            _ => Reach::UsAlone,
        }
    }
}

impl JobState {
    /// The table: the state after an event, and the action to take.
    ///
    /// In a group of its own, without a terminal, the job gets every signal and stops and goes on
    /// without us.
    pub(super) fn on(
        self,
        event: ControlEvent,
        placement: Placement,
    ) -> (Self, Option<ControlAction>) {
        let apart = placement.target == SignalTarget::Group;
        match event {
            ControlEvent::Signal(received) => match placement.reach(received) {
                Reach::Ours => (self, None),
                Reach::UsAlone if apart => (self, Some(ControlAction::Forward(received.signal))),
                reach => self.on_signal(received.signal, reach),
            },
            ControlEvent::Stopped(_) | ControlEvent::Continued if apart => (self, None),
            ControlEvent::Stopped(signal) => self.on_stop(signal, placement.job_has_foreground),
            ControlEvent::Continued if self == Self::Waking => (Self::Running, None),
            // Also where we have not seen it stop: what stops the whole group stops us before we
            // look.
            ControlEvent::Continued => (Self::Resumed, None),
        }
    }

    /// Decides about a signal while the job has our terminal.
    fn on_signal(self, signal: Signal, reach: Reach) -> (Self, Option<ControlAction>) {
        let forward = (reach == Reach::UsAlone).then_some(ControlAction::Forward(signal));
        match (self, signal) {
            // What the job does about it is to stop by STOP, and it has been quicker than our own
            // signal.
            (Self::Halted, Signal::TSTP | Signal::TTIN | Signal::TTOU) => {
                (Self::Suspended, Some(ControlAction::Suspend(signal)))
            }
            (Self::Suspended, Signal::TSTP | Signal::TTIN | Signal::TTOU) => (self, None),
            (_, Signal::TSTP | Signal::TTIN | Signal::TTOU) => (Self::Asked, forward),
            (Self::Resumed, Signal::CONT) => (Self::Running, None),
            (Self::Suspended | Self::Halted, Signal::CONT) => (Self::Waking, forward),
            _ => (self, forward),
        }
    }

    /// Decides about a stop of the job, which has our terminal. Programs that restore the terminal
    /// before they stop for it do so by STOP, and so do shells that are told to; those have taken
    /// the foreground, which only the process that waits for us can take back.
    fn on_stop(self, by: Signal, job_has_foreground: bool) -> (Self, Option<ControlAction>) {
        let suspend = |signal| (Self::Suspended, Some(ControlAction::Suspend(signal)));
        match (self, by) {
            (_, Signal::TSTP | Signal::TTIN | Signal::TTOU) => suspend(by),
            (Self::Asked, Signal::STOP) => suspend(Signal::TSTP),
            _ if job_has_foreground => suspend(Signal::TSTP),
            _ => (Self::Halted, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JobState::{Asked, Halted, Resumed, Running, Suspended, Waking};
    use super::*;

    const APART: Placement = Placement {
        target: SignalTarget::Group,
        shares_group: false,
        job_has_foreground: false,
        leads_session: false,
    };
    const TOGETHER: Placement = Placement {
        target: SignalTarget::Process,
        shares_group: true,
        ..APART
    };
    const LEADER: Placement = Placement {
        leads_session: true,
        ..TOGETHER
    };
    /// The job has our terminal, and has left our group.
    const GONE: Placement = Placement {
        shares_group: false,
        ..TOGETHER
    };
    /// And has taken the foreground.
    const SHELL: Placement = Placement {
        job_has_foreground: true,
        ..GONE
    };

    fn from(sender: SignalSender) -> impl Fn(Signal) -> ControlEvent {
        move |signal| ControlEvent::Signal(ReceivedSignal { signal, sender })
    }

    /// Placement, state, event, next state and action.
    type Row = (
        Placement,
        JobState,
        ControlEvent,
        JobState,
        Option<ControlAction>,
    );

    #[track_caller]
    fn holds(rows: &[Row]) {
        for &(placement, state, event, next, action) in rows {
            let found = state.on(event, placement);
            assert_eq!(found, (next, action), "{placement:?} {state:?} {event:?}");
        }
    }

    #[test]
    fn signals_reach_the_job_once() {
        use SignalSender::{Kernel, Ourselves, Process};
        let numbered = Signal::from_number;
        let (alarm, realtime) = (numbered(14), numbered(40));
        let stops = [Signal::TSTP, Signal::TTIN, Signal::TTOU];
        let keys = [Signal::INT, Signal::QUIT, Signal::WINCH];
        let of_leaders = [Signal::HUP, Signal::CONT];
        let others = [Signal::TERM, Signal::CHLD, alarm, realtime];
        let all = [&keys[..], &of_leaders, &others].concat();
        for (sender, signals, placements, forwarded) in [
            (
                Process,
                &all[..],
                &[APART, TOGETHER, LEADER, GONE][..],
                true,
            ),
            (Process, &stops, &[APART], true),
            (Ourselves, &all, &[APART, TOGETHER], false),
            // From a terminal, where there is one.
            (Kernel, &keys, &[APART, GONE], true),
            (Kernel, &keys, &[TOGETHER, LEADER], false),
            (Kernel, &of_leaders, &[APART, LEADER, GONE], true),
            (Kernel, &of_leaders, &[TOGETHER], false),
            (Kernel, &[alarm], &[APART, TOGETHER], true),
            (Kernel, &[Signal::CHLD], &[APART, TOGETHER], false),
        ] {
            for signal in signals {
                let action = forwarded.then_some(ControlAction::Forward(*signal));
                for placement in placements {
                    let event = from(sender)(*signal);
                    holds(&[(*placement, Running, event, Running, action)]);
                }
            }
        }
    }

    #[test]
    fn apart_the_job_stops_and_goes_on_without_us() {
        for signal in [Signal::TSTP, Signal::TTIN, Signal::TTOU, Signal::STOP] {
            holds(&[(APART, Running, ControlEvent::Stopped(signal), Running, None)]);
        }
        holds(&[(APART, Running, ControlEvent::Continued, Running, None)]);
    }

    #[test]
    fn together_we_stop_as_the_job_does() {
        let (process, kernel) = (from(SignalSender::Process), from(SignalSender::Kernel));
        let stopped = ControlEvent::Stopped;
        for key in [Signal::TSTP, Signal::TTIN, Signal::TTOU] {
            let forward = Some(ControlAction::Forward(key));
            let suspend = Some(ControlAction::Suspend(key));
            for placement in [TOGETHER, LEADER] {
                holds(&[
                    // A key of the terminal, or a signal; the job may or may not stop.
                    (placement, Running, kernel(key), Asked, None),
                    (placement, Asked, kernel(key), Asked, None),
                    (placement, Resumed, kernel(key), Asked, None),
                    (placement, Running, process(key), Asked, forward),
                    // It stops, also for a reason of its own.
                    (placement, Asked, stopped(key), Suspended, suspend),
                    (placement, Running, stopped(key), Suspended, suspend),
                    (placement, Resumed, stopped(key), Suspended, suspend),
                    // It stopped before we saw the key.
                    (placement, Halted, kernel(key), Suspended, suspend),
                    (placement, Suspended, kernel(key), Suspended, None),
                ]);
            }
        }
        let suspend = Some(ControlAction::Suspend(Signal::TSTP));
        let halt = stopped(Signal::STOP);
        holds(&[
            // In answer to the terminal, or because somebody wants the job alone to stop.
            (TOGETHER, Asked, halt, Suspended, suspend),
            (TOGETHER, Running, halt, Halted, None),
            (TOGETHER, Resumed, halt, Halted, None),
            // A shell suspends itself, and the terminal is in its hands.
            (GONE, Running, halt, Halted, None),
            (SHELL, Running, halt, Suspended, suspend),
            (SHELL, Resumed, halt, Suspended, suspend),
        ]);
        // A job that has left our group hears of the keys from us.
        let key = kernel(Signal::TSTP);
        let forward = Some(ControlAction::Forward(Signal::TSTP));
        holds(&[(GONE, Running, key, Asked, forward)]);
    }

    #[test]
    fn together_we_go_on_as_the_job_does() {
        let process = from(SignalSender::Process);
        let kernel = from(SignalSender::Kernel);
        let (cont, term) = (Signal::CONT, Signal::TERM);
        let forward = |signal| Some(ControlAction::Forward(signal));
        holds(&[
            // The shell continues the whole group: the job goes on, and had the CONT that woke us.
            (TOGETHER, Suspended, ControlEvent::Continued, Resumed, None),
            (TOGETHER, Running, ControlEvent::Continued, Resumed, None),
            (TOGETHER, Asked, ControlEvent::Continued, Resumed, None),
            (TOGETHER, Halted, ControlEvent::Continued, Resumed, None),
            (TOGETHER, Resumed, ControlEvent::Continued, Resumed, None),
            (TOGETHER, Resumed, process(cont), Running, None),
            (TOGETHER, Resumed, kernel(cont), Running, None),
            // Somebody continues us alone.
            (TOGETHER, Suspended, process(cont), Waking, forward(cont)),
            (TOGETHER, Halted, process(cont), Waking, forward(cont)),
            (TOGETHER, Waking, ControlEvent::Continued, Running, None),
            (TOGETHER, Waking, process(cont), Waking, forward(cont)),
            // The kernel continues a whole group that nobody could continue any more, or the first
            // of a session alone.
            (TOGETHER, Suspended, kernel(cont), Waking, None),
            (LEADER, Suspended, kernel(cont), Waking, forward(cont)),
            // What stops a job does not keep other signals from it.
            (TOGETHER, Suspended, process(term), Suspended, forward(term)),
            (TOGETHER, Resumed, process(term), Resumed, forward(term)),
            (TOGETHER, Waking, process(term), Waking, forward(term)),
        ]);
    }
}

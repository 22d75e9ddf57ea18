//! What to do about what happens, as a function of it and of how things stand.

use super::signal::{ReceivedSignal, Signal, SignalSender, SignalTarget};

/// Something that happens while there is a job, or while its result is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlEvent {
    /// A signal arrived.
    Signal(ReceivedSignal),
    /// A signal has stopped the job.
    Stopped(Signal),
    /// The job goes on after a stop.
    Continued,
    /// So much time has passed since the first signal asked for an end that another is meant as one.
    Settled,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlAction {
    /// Pass a signal on to the job.
    Forward(Signal),
    /// Stop as the job has, so that the shell which waits for us takes the terminal back.
    Suspend(Signal),
    /// Say that the delivery goes on, and what would end it.
    WarnInterrupt(Signal),
    /// End without the delivery.
    GiveUp(Signal),
}

/// How things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlState {
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
    /// It has ended and its result is being delivered.
    Delivering,
    /// The same, and this signal has just asked for an end. Some senders send it twice, to us and to our group.
    Noted(Signal),
    /// The same, some time later.
    Urged,
}

/// Where we and the job stand when something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// The group that we made for the job, or the job alone, which then has our terminal.
    pub(super) target: SignalTarget,
    /// Whether the job is in our group, where it begins when it has our terminal; programs with job control leave it.
    pub(super) shares_group: bool,
    /// Whether the job has left our group and taken the foreground of our terminal, as a shell does.
    pub(super) job_has_foreground: bool,
    /// Whether we are the first process of our session.
    pub(super) leads_session: bool,
}

/// Whom a signal that arrived has reached.
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
    /// Whom a signal has reached.
    ///
    /// The kernel tells of the end of children, which is ours. It sends the keys of a terminal, and what else a
    /// terminal has to say, to the whole group in its foreground; a hang-up, and the CONT behind it, to the leader of
    /// the session alone. What it sends beside that, such as the ALRM of an alarm that our caller had set, was for us.
    fn reach(self, received: ReceivedSignal) -> Reach {
        match (received.sender, received.signal) {
            (SignalSender::Ourselves, _) | (SignalSender::Kernel, Signal::CHLD) => Reach::Ours,
            (SignalSender::Kernel, Signal::HUP | Signal::CONT) if self.leads_session => {
                Reach::UsAlone
            }
            (
                SignalSender::Kernel,
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

impl ControlState {
    /// The table: what to do about an event, and how things stand after it.
    ///
    /// In a group of its own, without a terminal, the job gets every signal and stops and goes on without us.
    pub(super) fn on(
        self,
        event: ControlEvent,
        placement: Placement,
    ) -> (Self, Option<ControlAction>) {
        let apart = placement.target == SignalTarget::Group;
        match event {
            ControlEvent::Signal(received) => match (placement.reach(received), self) {
                (Reach::Ours, _) => (self, None),
                (_, Self::Delivering | Self::Noted(_) | Self::Urged) => {
                    self.on_urge(received.signal)
                }
                (Reach::UsAlone, _) if apart => {
                    (self, Some(ControlAction::Forward(received.signal)))
                }
                (reach, _) => self.on_signal(received.signal, reach),
            },
            ControlEvent::Settled => match self {
                Self::Noted(signal) => (Self::Urged, Some(ControlAction::WarnInterrupt(signal))),
                _ => (self, None),
            },
            ControlEvent::Stopped(_) | ControlEvent::Continued if apart => (self, None),
            ControlEvent::Stopped(signal) => self.on_stop(signal, placement.job_has_foreground),
            ControlEvent::Continued if self == Self::Waking => (Self::Running, None),
            // Also where we have not seen it stop: what stops the whole group stops us before we look.
            ControlEvent::Continued => (Self::Resumed, None),
        }
    }

    /// A signal while the result is delivered, when there is no job any more to pass it on to. HUP does not count: a
    /// terminal that closes sends it more than once, and wants nothing.
    fn on_urge(self, signal: Signal) -> (Self, Option<ControlAction>) {
        match (self, signal) {
            (Self::Delivering, Signal::TERM | Signal::INT | Signal::QUIT) => {
                (Self::Noted(signal), None)
            }
            (Self::Urged, Signal::TERM | Signal::INT | Signal::QUIT) => {
                (self, Some(ControlAction::GiveUp(signal)))
            }
            _ => (self, None),
        }
    }

    /// A signal while the job has our terminal.
    fn on_signal(self, signal: Signal, reach: Reach) -> (Self, Option<ControlAction>) {
        let forward = (reach == Reach::UsAlone).then_some(ControlAction::Forward(signal));
        match (self, signal) {
            // What the job does about it is to stop by STOP, and it has been quicker than our own signal.
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

    /// The job, which has our terminal, has stopped. Programs that restore the terminal before they stop for it do so by
    /// STOP, and so do shells that are told to; those have taken the foreground, which only who waits for us can take back.
    fn on_stop(self, by: Signal, job_has_foreground: bool) -> (Self, Option<ControlAction>) {
        match (self, by) {
            (_, Signal::TSTP | Signal::TTIN | Signal::TTOU) => {
                (Self::Suspended, Some(ControlAction::Suspend(by)))
            }
            (Self::Asked, Signal::STOP) => {
                (Self::Suspended, Some(ControlAction::Suspend(Signal::TSTP)))
            }
            _ if job_has_foreground => {
                (Self::Suspended, Some(ControlAction::Suspend(Signal::TSTP)))
            }
            _ => (Self::Halted, None),
        }
    }
}

#[cfg(test)]
mod tests {
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

    /// Goes through rows of placement, state, event, next state and action.
    #[track_caller]
    fn holds(
        rows: &[(
            Placement,
            ControlState,
            ControlEvent,
            ControlState,
            Option<ControlAction>,
        )],
    ) {
        for &(placement, state, event, next, action) in rows {
            let found = state.on(event, placement);
            assert_eq!(found, (next, action), "{placement:?} {state:?} {event:?}");
        }
    }

    #[test]
    fn signals_reach_the_job_once() {
        let process = from(SignalSender::Process);
        let kernel = from(SignalSender::Kernel);
        let ourselves = from(SignalSender::Ourselves);
        let realtime = Signal::from_number(40);
        let alarm = Signal::from_number(14);
        let running = ControlState::Running;
        let forward = |signal| Some(ControlAction::Forward(signal));
        for signal in [
            Signal::TERM,
            Signal::INT,
            Signal::HUP,
            Signal::QUIT,
            Signal::WINCH,
            Signal::CONT,
            Signal::CHLD,
            alarm,
            realtime,
        ] {
            holds(&[
                (APART, running, process(signal), running, forward(signal)),
                (TOGETHER, running, process(signal), running, forward(signal)),
                (LEADER, running, process(signal), running, forward(signal)),
                (GONE, running, process(signal), running, forward(signal)),
                (APART, running, ourselves(signal), running, None),
                (TOGETHER, running, ourselves(signal), running, None),
            ]);
        }
        // From a terminal, where there is one.
        for signal in [Signal::INT, Signal::QUIT, Signal::WINCH] {
            holds(&[
                (APART, running, kernel(signal), running, forward(signal)),
                (TOGETHER, running, kernel(signal), running, None),
                (LEADER, running, kernel(signal), running, None),
                (GONE, running, kernel(signal), running, forward(signal)),
            ]);
        }
        for signal in [Signal::HUP, Signal::CONT] {
            holds(&[
                (APART, running, kernel(signal), running, forward(signal)),
                (TOGETHER, running, kernel(signal), running, None),
                (LEADER, running, kernel(signal), running, forward(signal)),
                (GONE, running, kernel(signal), running, forward(signal)),
            ]);
        }
        holds(&[
            (APART, running, kernel(alarm), running, forward(alarm)),
            (TOGETHER, running, kernel(alarm), running, forward(alarm)),
            (APART, running, kernel(Signal::CHLD), running, None),
            (TOGETHER, running, kernel(Signal::CHLD), running, None),
        ]);
    }

    #[test]
    fn apart_the_job_stops_and_goes_on_without_us() {
        let process = from(SignalSender::Process);
        let running = ControlState::Running;
        for signal in [Signal::TSTP, Signal::TTIN, Signal::TTOU, Signal::CONT] {
            let forward = Some(ControlAction::Forward(signal));
            holds(&[(APART, running, process(signal), running, forward)]);
        }
        for signal in [Signal::TSTP, Signal::TTIN, Signal::TTOU, Signal::STOP] {
            holds(&[(APART, running, ControlEvent::Stopped(signal), running, None)]);
        }
        holds(&[(APART, running, ControlEvent::Continued, running, None)]);
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
                    // A key of the terminal, or a signal; what the job does about it remains to be seen.
                    (
                        placement,
                        ControlState::Running,
                        kernel(key),
                        ControlState::Asked,
                        None,
                    ),
                    (
                        placement,
                        ControlState::Asked,
                        kernel(key),
                        ControlState::Asked,
                        None,
                    ),
                    (
                        placement,
                        ControlState::Resumed,
                        kernel(key),
                        ControlState::Asked,
                        None,
                    ),
                    (
                        placement,
                        ControlState::Running,
                        process(key),
                        ControlState::Asked,
                        forward,
                    ),
                    // It stops, also for a reason of its own.
                    (
                        placement,
                        ControlState::Asked,
                        stopped(key),
                        ControlState::Suspended,
                        suspend,
                    ),
                    (
                        placement,
                        ControlState::Running,
                        stopped(key),
                        ControlState::Suspended,
                        suspend,
                    ),
                    (
                        placement,
                        ControlState::Resumed,
                        stopped(key),
                        ControlState::Suspended,
                        suspend,
                    ),
                    // It stopped before we saw the key.
                    (
                        placement,
                        ControlState::Halted,
                        kernel(key),
                        ControlState::Suspended,
                        suspend,
                    ),
                    (
                        placement,
                        ControlState::Suspended,
                        kernel(key),
                        ControlState::Suspended,
                        None,
                    ),
                ]);
            }
        }
        let suspend = Some(ControlAction::Suspend(Signal::TSTP));
        let halt = stopped(Signal::STOP);
        holds(&[
            // In answer to the terminal, or because somebody wants the job alone to stop.
            (
                TOGETHER,
                ControlState::Asked,
                halt,
                ControlState::Suspended,
                suspend,
            ),
            (
                TOGETHER,
                ControlState::Running,
                halt,
                ControlState::Halted,
                None,
            ),
            (
                TOGETHER,
                ControlState::Resumed,
                halt,
                ControlState::Halted,
                None,
            ),
            // A shell suspends itself, and the terminal is in its hands.
            (
                GONE,
                ControlState::Running,
                halt,
                ControlState::Halted,
                None,
            ),
            (
                SHELL,
                ControlState::Running,
                halt,
                ControlState::Suspended,
                suspend,
            ),
            (
                SHELL,
                ControlState::Resumed,
                halt,
                ControlState::Suspended,
                suspend,
            ),
        ]);
        // A job that has left our group hears of the keys from us.
        let key = kernel(Signal::TSTP);
        let forward = Some(ControlAction::Forward(Signal::TSTP));
        holds(&[(
            GONE,
            ControlState::Running,
            key,
            ControlState::Asked,
            forward,
        )]);
    }

    #[test]
    fn together_we_go_on_as_the_job_does() {
        let process = from(SignalSender::Process);
        let kernel = from(SignalSender::Kernel);
        let (cont, term) = (Signal::CONT, Signal::TERM);
        let forward = |signal| Some(ControlAction::Forward(signal));
        let (running, halted) = (ControlState::Running, ControlState::Halted);
        let (suspended, resumed) = (ControlState::Suspended, ControlState::Resumed);
        let waking = ControlState::Waking;
        holds(&[
            // The shell continues the whole group: the job goes on, and the CONT that woke us has been its own.
            (TOGETHER, suspended, ControlEvent::Continued, resumed, None),
            (TOGETHER, running, ControlEvent::Continued, resumed, None),
            (
                TOGETHER,
                ControlState::Asked,
                ControlEvent::Continued,
                resumed,
                None,
            ),
            (TOGETHER, halted, ControlEvent::Continued, resumed, None),
            (TOGETHER, resumed, ControlEvent::Continued, resumed, None),
            (TOGETHER, resumed, process(cont), running, None),
            (TOGETHER, resumed, kernel(cont), running, None),
            // Somebody continues us alone.
            (TOGETHER, suspended, process(cont), waking, forward(cont)),
            (TOGETHER, halted, process(cont), waking, forward(cont)),
            (TOGETHER, waking, ControlEvent::Continued, running, None),
            (TOGETHER, waking, process(cont), waking, forward(cont)),
            // The kernel continues a whole group that nobody could continue any more, or the first of a session alone.
            (TOGETHER, suspended, kernel(cont), waking, None),
            (LEADER, suspended, kernel(cont), waking, forward(cont)),
            // What stops a job does not keep other signals from it.
            (TOGETHER, suspended, process(term), suspended, forward(term)),
            (TOGETHER, resumed, process(term), resumed, forward(term)),
            (TOGETHER, waking, process(term), waking, forward(term)),
        ]);
    }

    #[test]
    fn a_delivery_is_given_up_at_the_second_signal_that_wants_an_end() {
        let (delivering, urged) = (ControlState::Delivering, ControlState::Urged);
        for sender in [SignalSender::Process, SignalSender::Kernel] {
            let sent = from(sender);
            for placement in [APART, TOGETHER, LEADER] {
                for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
                    let noted = ControlState::Noted(signal);
                    let insist = Some(ControlAction::WarnInterrupt(signal));
                    let give_up = Some(ControlAction::GiveUp(signal));
                    holds(&[
                        (placement, delivering, sent(signal), noted, None),
                        (placement, noted, sent(signal), noted, None),
                        (placement, noted, sent(Signal::INT), noted, None),
                        (placement, noted, ControlEvent::Settled, urged, insist),
                        (placement, urged, sent(signal), urged, give_up),
                    ]);
                }
                for signal in [
                    Signal::HUP,
                    Signal::CONT,
                    Signal::CHLD,
                    Signal::TSTP,
                    Signal::WINCH,
                ] {
                    for state in [delivering, ControlState::Noted(Signal::TERM), urged] {
                        holds(&[(placement, state, sent(signal), state, None)]);
                    }
                }
            }
        }
        let ourselves = from(SignalSender::Ourselves);
        holds(&[
            (APART, urged, ourselves(Signal::CHLD), urged, None),
            (APART, urged, ControlEvent::Settled, urged, None),
            (APART, delivering, ControlEvent::Settled, delivering, None),
            (
                APART,
                ControlState::Running,
                ControlEvent::Settled,
                ControlState::Running,
                None,
            ),
        ]);
    }
}

use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    /// What this thread has logged; none where it does not listen.
    static LOGGED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps what is logged, for who listens.
struct Listener;

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        LOGGED.with_borrow(Option::is_some)
    }

    fn log(&self, record: &log::Record<'_>) {
        // What is logged may log while it is written.
        let line = format!("{} {}\n", record.target(), record.args());
        LOGGED.with_borrow_mut(|logged| {
            if let Some(logged) = logged {
                logged.push_str(&line);
            }
        });
    }

    fn flush(&self) {}
}

/// What this logs on this thread, a line each.
pub(crate) fn logged(work: impl FnOnce()) -> String {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        log::set_logger(&Listener).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    LOGGED.set(Some(String::new()));
    work();
    LOGGED.take().unwrap()
}

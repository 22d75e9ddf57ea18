//! The page that is served to all clients, made by one thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::exposition::Gather;
use crate::push::Compression;

use super::limits::PAGE_LIFE;
use super::page::{Page, PageSource};

/// The page, which one thread makes for all the others: collectors run in no thread that has other work,
/// and the memory for making a page is needed once.
#[derive(Default)]
pub(super) struct PageCache {
    state: Mutex<CacheState>,
    changed: Condvar,
}

#[derive(Default)]
struct CacheState {
    page: Option<Arc<Page>>,
    /// The page before, for as long as it is still being sent to a client.
    before: Weak<Page>,
    /// The compression that a client waits for.
    wanted: Option<Compression>,
    /// A client has been served since the cache was idle.
    was_used: bool,
    is_closing: bool,
}

impl CacheState {
    /// The page, if it is fresh for a client that asked at this moment. While there are two pages, it is
    /// served longer, so that there is never a third.
    fn fresh(&self, asked: Instant) -> Option<&Arc<Page>> {
        let page = self.page.as_ref()?;
        let is_fresh = page.is_fresh(asked) || self.before.strong_count() > 0;
        is_fresh.then_some(page)
    }

    /// Drops a page that is no longer fresh; clients that are being sent it still hold it.
    fn evict(&mut self) {
        if self.fresh(Instant::now()).is_none() {
            self.store(None);
        }
    }

    /// Replaces the page with another, or with none.
    fn store(&mut self, page: Option<Arc<Page>>) {
        if let Some(before) = std::mem::replace(&mut self.page, page) {
            self.before = Arc::downgrade(&before);
        }
    }
}

impl PageCache {
    /// Waits for a page with the bytes for this compression. None when there is none within the time that
    /// is left, or `left` returns none.
    pub(super) fn get(
        &self,
        compression: Compression,
        left: impl Fn() -> Option<Duration>,
    ) -> Option<Arc<Page>> {
        let asked = Instant::now();
        let mut state = self.lock();
        loop {
            let fresh = state
                .fresh(asked)
                .filter(|page| page.body(compression).is_some());
            if let Some(page) = fresh {
                return Some(Arc::clone(page));
            }
            let left = left()?;
            if state.is_closing {
                return None;
            }
            let is_known = state
                .wanted
                .is_some_and(|wanted| wanted == compression || wanted.encoding().is_some());
            // Other waiting clients wake, too, and must not wake this one in turn.
            if !is_known {
                state.wanted = Some(compression);
                self.changed.notify_all();
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes pages when clients want them, until the cache is closed.
    pub(super) fn run<G: Gather>(&self, source: &PageSource<G>) {
        let mut state = self.lock();
        while !state.is_closing {
            let Some(compression) = state.wanted.take() else {
                state = self.wait(state, source);
                continue;
            };
            let fresh = state.fresh(Instant::now()).map(Arc::clone);
            drop(state);
            let page = fresh.unwrap_or_else(|| Arc::new(Page::gather(source)));
            page.compress(compression);
            state = self.lock();
            let is_new = !state
                .page
                .as_ref()
                .is_some_and(|known| Arc::ptr_eq(known, &page));
            if is_new {
                state.store(Some(page));
            }
            self.changed.notify_all();
        }
    }

    /// Waits for work. When no client has connected for a while it drops the page and calls the idle callback.
    fn wait<'a, G>(
        &'a self,
        mut state: MutexGuard<'a, CacheState>,
        source: &PageSource<G>,
    ) -> MutexGuard<'a, CacheState> {
        state.evict();
        if state.page.is_none() && !state.was_used {
            let waited = self.changed.wait(state);
            return waited.unwrap_or_else(PoisonError::into_inner);
        }
        let waited = self.changed.wait_timeout(state, PAGE_LIFE);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        state.evict();
        // A page that took long is fresh for longer, and is looked at again.
        if !waited.timed_out() || state.page.is_some() {
            return state;
        }
        state.was_used = false;
        drop(state);
        if let Some(idle) = &source.idle {
            // A panic of the callback must not end this thread, which serves all clients.
            let _ = catch_unwind(AssertUnwindSafe(idle));
        }
        self.lock()
    }

    /// Notes that a client has left.
    pub(super) fn client_left(&self) {
        self.lock().was_used = true;
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        self.lock().is_closing = true;
        self.changed.notify_all();
    }

    /// Wakes waiting clients, which then see whether they have been cut off.
    pub(super) fn wake(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, CacheState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

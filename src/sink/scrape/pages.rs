use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use crate::exposition::Gather;
use crate::push::Compression;

use super::connection::Connection;
use super::limits::{LAST_WORDS, PAGE_LIFE};
use super::page::{Page, Source};

/// The page, which one thread makes for all the others: foreign code runs in no thread that has anything else to do, and what a
/// page needs while it is made is needed once.
#[derive(Default)]
pub(super) struct Pages {
    desk: Mutex<Desk>,
    changed: Condvar,
}

#[derive(Default)]
struct Desk {
    page: Option<Arc<Page>>,
    /// The one before, for as long as it is still being sent to somebody.
    before: Weak<Page>,
    /// What somebody waits for.
    wanted: Option<Compression>,
    /// Whether somebody has been there since nobody had come for a while.
    was_used: bool,
    is_closing: bool,
}

impl Desk {
    /// The page, if it is good for who asked at this moment. While there are two, a third would have to wait.
    fn good(&self, asked: Instant) -> Option<&Arc<Page>> {
        let page = self.page.as_ref()?;
        let is_good = page.is_good(asked) || self.before.strong_count() > 0;
        is_good.then_some(page)
    }

    /// Lets go of a page that nobody can be given any more; who is still being sent it has it.
    fn let_go(&mut self) {
        if self.good(Instant::now()).is_none() {
            self.shelve(None);
        }
    }

    /// Puts a page, or none, in the place of the one that there is.
    fn shelve(&mut self, page: Option<Arc<Page>>) {
        if let Some(before) = std::mem::replace(&mut self.page, page) {
            self.before = Arc::downgrade(&before);
        }
    }
}

impl Pages {
    /// A page for a client, with the bytes for this compression. None when there is none in time, or the client is cut off.
    pub(super) fn get(&self, compression: Compression, client: &Connection) -> Option<Arc<Page>> {
        let asked = Instant::now();
        let mut desk = self.lock();
        loop {
            let good = desk
                .good(asked)
                .filter(|page| page.body(compression).is_some());
            if let Some(page) = good {
                return Some(Arc::clone(page));
            }
            let left = client.left().checked_sub(LAST_WORDS)?;
            if client.is_cut_off() || desk.is_closing {
                return None;
            }
            let is_known = desk
                .wanted
                .is_some_and(|wanted| wanted == compression || wanted.encoding().is_some());
            // Others who wait wake, too, and must not wake this one for it in turn.
            if !is_known {
                desk.wanted = Some(compression);
                self.changed.notify_all();
            }
            let waited = self.changed.wait_timeout(desk, left);
            desk = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes pages when they are wanted, until it is closed.
    pub(super) fn make<G: Gather>(&self, source: &Source<G>) {
        let mut desk = self.lock();
        while !desk.is_closing {
            let Some(compression) = desk.wanted.take() else {
                desk = self.wait(desk, source);
                continue;
            };
            let good = desk.good(Instant::now()).map(Arc::clone);
            drop(desk);
            let page = good.unwrap_or_else(|| Arc::new(Page::gather(source)));
            page.compress(compression);
            desk = self.lock();
            let is_new = !desk
                .page
                .as_ref()
                .is_some_and(|known| Arc::ptr_eq(known, &page));
            if is_new {
                desk.shelve(Some(page));
            }
            self.changed.notify_all();
        }
    }

    /// Waits for something to do, and when nobody has come for a while lets go of the page and does what is to be done then.
    fn wait<'a, G>(
        &'a self,
        desk: MutexGuard<'a, Desk>,
        source: &Source<G>,
    ) -> MutexGuard<'a, Desk> {
        let mut desk = desk;
        desk.let_go();
        if desk.page.is_none() && !desk.was_used {
            let waited = self.changed.wait(desk);
            return waited.unwrap_or_else(PoisonError::into_inner);
        }
        let waited = self.changed.wait_timeout(desk, PAGE_LIFE);
        let (mut desk, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        desk.let_go();
        // A page that took long is good for longer: then it is looked at again.
        if !waited.timed_out() || desk.page.is_some() {
            return desk;
        }
        desk.was_used = false;
        drop(desk);
        if let Some(idle) = &source.idle {
            // It is foreign code, and others need this thread.
            let _ = catch_unwind(AssertUnwindSafe(idle));
        }
        self.lock()
    }

    /// A client has left.
    pub(super) fn left(&self) {
        self.lock().was_used = true;
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        self.lock().is_closing = true;
        self.changed.notify_all();
    }

    /// Has those who wait look whether they are cut off.
    pub(super) fn wake(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A real gateway to push a large group to, again and again.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use pushjob::grouping::GroupingKey;
use pushjob::push;

use crate::support::{Pushgateway, gauge, key};

/// The name of the job whose group is pushed.
pub(crate) const JOB: &str = "bench";

/// How long the gateway may take to get rid of a large group.
const PATIENCE: Duration = Duration::from_secs(300);

/// A gateway of this benchmark alone.
pub(crate) struct Target {
    gateway: Pushgateway,
    client: push::Pushgateway,
}

impl Target {
    pub(crate) fn start() -> Self {
        let gateway = Pushgateway::start();
        let client = push::Pushgateway::builder(gateway.address())
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self { gateway, client }
    }

    pub(crate) fn url(&self) -> String {
        self.gateway.url()
    }

    /// Deletes the group and waits until it is gone.
    ///
    /// The gateway answers a DELETE before it has carried it out. It does what it is asked in the order it is asked,
    /// and answers a PUT when that is done: one to a second group comes back when the first is gone. To ask for the
    /// groups while the large one is there would have it write down all of them.
    pub(crate) fn empty(&self) {
        self.client.delete(&GroupingKey::new(JOB).unwrap()).unwrap();
        self.client.push(&key(), &gauge("fence")).unwrap();
        self.gateway.waits_for_groups(1);
    }

    /// How many samples it holds of what was pushed, read line by line: a push that leaves something out is no rival.
    pub(crate) fn samples(&self) -> usize {
        let metrics = ureq::get(format!("{}/metrics", self.url())).call().unwrap();
        let lines = BufReader::new(metrics.into_body().into_reader()).lines();
        let job = format!("job=\"{JOB}\"");
        lines
            .map(Result::unwrap)
            // The gateway adds the times of the last push and of the last that failed.
            .filter(|line| line.contains(&job) && !line.starts_with("push_"))
            .count()
    }
}

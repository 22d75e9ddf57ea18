use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{needs, signal, within};

/// A Pushgateway from Debian, of this test alone, in memory, on a port that the system chose.
pub(crate) struct Pushgateway {
    process: Child,
    address: String,
}

/// One group as the gateway holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) labels: BTreeMap<String, String>,
    /// Names of the metrics, without the gateway's own.
    pub(crate) metrics: Vec<String>,
}

impl Pushgateway {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(args: &[&str]) -> Self {
        Self::listening("127.0.0.1:0", &[&["--persistence.file="], args].concat())
    }

    /// One in the place of another that has ended.
    pub(crate) fn start_at(address: &str) -> Self {
        Self::listening(address, &["--persistence.file="])
    }

    /// One that finds in a file what the last one at this place had, if that was stopped.
    pub(crate) fn start_again(address: &str, file: &Path) -> Self {
        Self::listening(address, &["--persistence.file", file.to_str().unwrap()])
    }

    fn listening(address: &str, args: &[&str]) -> Self {
        needs("prometheus-pushgateway");
        let mut process = Command::new("prometheus-pushgateway")
            .args(["--web.listen-address", address])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus-pushgateway is missing: tests/run installs it");
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let address = listening_address(&mut log);
        thread::spawn(move || log.lines().for_each(drop));
        Self { process, address }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Ends it at once, and says where it was: nobody answers there now.
    pub(crate) fn kill(self) -> String {
        self.address.clone()
    }

    /// Ends it as a system does, so that it writes its file, and says where it was.
    pub(crate) fn stop(mut self) -> String {
        signal("TERM", self.process.id());
        assert!(self.process.wait().unwrap().success());
        self.address.clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> String {
        let mut response = ureq::get(format!("{}{path}", self.url())).call().unwrap();
        let body = response.body_mut().with_config().limit(100 << 20);
        body.read_to_string().unwrap()
    }

    /// What Prometheus would scrape of these groups, without the gateway's own metrics.
    pub(crate) fn samples(&self) -> BTreeMap<String, String> {
        self.get("/metrics")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(series, _)| {
                let own = ["go_", "process_", "promhttp_", "pushgateway_"];
                !own.iter().any(|prefix| series.starts_with(prefix))
            })
            .map(|(series, value)| (series.to_owned(), value.to_owned()))
            .collect()
    }

    /// A metric of the report of a job without further labels, as the gateway spells its value.
    #[track_caller]
    pub(crate) fn reported(&self, job: &str, name: &str) -> String {
        let series = format!("batch_job_{name}{{instance=\"\",job=\"{job}\"}}");
        self.samples()[&series].clone()
    }

    pub(crate) fn groups(&self) -> Vec<Group> {
        let answer: Value = serde_json::from_str(&self.get("/api/v1/metrics")).unwrap();
        let groups = answer["data"].as_array().unwrap().iter();
        groups.map(group).collect()
    }

    /// Waits until it holds so many groups: it answers a DELETE before it has carried it out.
    #[track_caller]
    pub(crate) fn waits_for_groups(&self, count: usize) {
        let missing = format!("there are not {count} groups");
        within(Duration::from_secs(60), &missing, || {
            self.groups().len() == count
        });
    }

    /// The only group whose `job` is this.
    #[track_caller]
    pub(crate) fn group(&self, job: &str) -> Group {
        let mut groups = self.groups();
        groups.retain(|group| group.labels["job"] == job);
        assert_eq!(groups.len(), 1, "{groups:?}");
        groups.remove(0)
    }
}

impl Drop for Pushgateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) fn listening_address(log: &mut BufReader<ChildStderr>) -> String {
    let mut seen = String::new();
    loop {
        let begin = seen.len();
        let read = log.read_line(&mut seen).unwrap();
        assert!(read > 0, "it ended: {seen}");
        let line = &seen[begin..];
        if line.contains("Listening on") {
            return line.trim().rsplit_once("address=").unwrap().1.to_owned();
        }
    }
}

fn group(group: &Value) -> Group {
    let group = group.as_object().unwrap();
    let labels = group["labels"].as_object().unwrap().iter();
    let own = ["push_time_seconds", "push_failure_time_seconds"];
    let metrics = group
        .keys()
        .filter(|key| !["labels", "last_push_successful"].contains(&key.as_str()))
        .filter(|key| !own.contains(&key.as_str()))
        .cloned();
    Group {
        labels: labels
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
        metrics: metrics.collect(),
    }
}

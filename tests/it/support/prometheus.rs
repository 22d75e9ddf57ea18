use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::real::listening_address;
use super::within;

/// A Prometheus from Debian, of this test alone, that scrapes often.
pub(crate) struct Prometheus {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// One that scrapes `/metrics` at this address, host and port, as the job `batch`.
    pub(crate) fn scraping(target: &str) -> Self {
        super::needs("prometheus");
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "scrape_configs:\n- job_name: batch\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\n  static_configs:\n  \
             - targets: ['{target}']\n"
        );
        std::fs::write(&config, text).unwrap();
        let mut process = Command::new("prometheus")
            .arg("--config.file")
            .arg(&config)
            .arg("--storage.tsdb.path")
            .arg(folder.path().join("data"))
            .args(["--web.listen-address", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus is missing: tests/run installs it");
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let address = listening_address(&mut log);
        thread::spawn(move || log.lines().for_each(drop));
        Self {
            process,
            address,
            _folder: folder,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The series that a query yields now: labels as JSON, and the value as Prometheus spells it.
    pub(crate) fn query(&self, query: &str) -> Vec<(Value, String)> {
        let response = ureq::get(format!("http://{}/api/v1/query", self.address))
            .query("query", query)
            .call();
        // It answers only when it has read its own files.
        let Ok(mut response) = response else {
            return Vec::new();
        };
        let text = response.body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let series = answer["data"]["result"].as_array().unwrap().iter();
        series
            .map(|series| {
                let value = series["value"][1].as_str().unwrap();
                (series["metric"].clone(), value.to_owned())
            })
            .collect()
    }

    /// Waits until a query yields one series, and returns it.
    #[track_caller]
    pub(crate) fn waits_for(&self, query: &str) -> (Value, String) {
        let mut found = Vec::new();
        within(
            Duration::from_secs(60),
            &format!("there is no {query}"),
            || {
                found = self.query(query);
                found.len() == 1
            },
        );
        found.remove(0)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

/// A node exporter from Debian, of this test alone, that shows nothing but the textfiles of a folder.
pub(crate) struct NodeExporter {
    process: Child,
    address: String,
}

impl NodeExporter {
    pub(crate) fn start(folder: &Path) -> Self {
        super::needs("prometheus-node-exporter");
        let mut process = Command::new("prometheus-node-exporter")
            .args(["--collector.disable-defaults", "--collector.textfile"])
            .arg(format!(
                "--collector.textfile.directory={}",
                folder.display()
            ))
            .args(["--web.listen-address", "127.0.0.1:0"])
            .args(["--web.disable-exporter-metrics"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus-node-exporter is missing: tests/run installs it");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        let address = loop {
            let Some(line) = lines.next() else {
                panic!("the node exporter ended: {seen}");
            };
            let line = line.unwrap();
            if line.contains("Listening on") {
                break line.trim().rsplit_once("address=").unwrap().1.to_owned();
            }
            seen.push_str(&line);
        };
        thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { process, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What Prometheus would scrape.
    pub(crate) fn page(&self) -> String {
        let url = format!("{}/metrics", self.url());
        let mut response = ureq::get(url).call().unwrap();
        response.body_mut().read_to_string().unwrap()
    }

    /// The series of the page with their values, without the node exporter's own.
    pub(crate) fn samples(&self) -> BTreeMap<String, String> {
        self.page()
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(series, _)| {
                let own = ["node_", "promhttp_"];
                !own.iter().any(|prefix| series.starts_with(prefix))
            })
            .map(|(series, value)| (series.to_owned(), value.to_owned()))
            .collect()
    }

    /// Whether it has taken all files, and whatever was in them, each time that it was asked.
    pub(crate) fn is_content(&self) -> bool {
        // It counts what was wrong with a page when that is complete.
        self.page();
        let page = self.page();
        page.contains("\nnode_textfile_scrape_error 0\n")
            && page.contains("\npromhttp_metric_handler_errors_total{cause=\"gathering\"} 0\n")
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

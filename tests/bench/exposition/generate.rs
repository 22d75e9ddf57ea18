//! Text as exporters and batch jobs write it, as much as is asked for, the same every time.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// How many families there are.
pub(crate) const FAMILIES: u32 = 100;

/// What the families are about; each has all the measures.
const SUBJECTS: [&str; 10] = [
    "archive", "backup", "billing", "catalog", "etl", "export", "ledger", "mail", "search", "sync",
];

/// A measure: the end of the name, the help text and what its samples look like.
type Measure = (&'static str, &'static str, Kind);

/// The last one is of samples that stand alone, so that it can bring any number of samples to the end.
const MEASURES: [Measure; 10] = [
    ("rows_read_total", "Rows read.", Kind::Counter(whole)),
    (
        "written_bytes_total",
        "Bytes written to the \"target\", before compression.",
        Kind::Counter(large),
    ),
    ("failures_total", "Rows refused.", Kind::Counter(small)),
    (
        "cpu_seconds_total",
        "Processor time used.",
        Kind::Counter(decimal),
    ),
    (
        "request_seconds",
        "How long requests took.",
        Kind::Histogram,
    ),
    (
        "last_success_timestamp_seconds",
        "When it last succeeded, Unix time.",
        Kind::Gauge(timestamp),
    ),
    ("lag_seconds", "How far it is behind.", Kind::Summary),
    (
        "oldest_entry_timestamp_seconds",
        "When the oldest entry was made, Unix time.",
        Kind::Gauge(go_timestamp),
    ),
    (
        "commit_seconds",
        "How long transactions took.",
        Kind::Histogram,
    ),
    (
        "cache_hit_ratio",
        "Hits per request,\\nof the last hour.",
        Kind::Gauge(ratio),
    ),
];

const SITES: [&str; 6] = [
    "berlin",
    "frankfurt",
    "oslo",
    "São Paulo",
    "singapore",
    "virginia",
];

const TABLES: [&str; 16] = [
    "accounts",
    "addresses",
    "carts",
    "customers",
    "deliveries",
    "documents",
    "events",
    "invoices",
    "items",
    "orders",
    "payments",
    "prices",
    "products",
    "refunds",
    "sessions",
    "users",
];

const BOUNDS: [&str; 11] = [
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10",
];

const QUANTILES: [&str; 3] = ["0.5", "0.9", "0.99"];

#[derive(Clone, Copy)]
enum Kind {
    Counter(fn(&mut Random) -> String),
    Gauge(fn(&mut Random) -> String),
    Histogram,
    Summary,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Counter(_) => "counter",
            Self::Gauge(_) => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }

    /// How many samples belong together.
    fn samples(self) -> u32 {
        let parts = match self {
            Self::Counter(_) | Self::Gauge(_) => 1,
            Self::Histogram => BOUNDS.len() + 3,
            Self::Summary => QUANTILES.len() + 2,
        };
        u32::try_from(parts).unwrap()
    }
}

/// Numbers without a pattern that a program could profit from, the same every time: `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn small(random: &mut Random) -> String {
    random.below(20).to_string()
}

fn whole(random: &mut Random) -> String {
    random.below(10_000_000).to_string()
}

fn large(random: &mut Random) -> String {
    random.below(1 << 40).to_string()
}

fn decimal(random: &mut Random) -> String {
    format!("{}.{:02}", random.below(100_000), random.below(100))
}

/// With all the digits that a quotient has.
fn ratio(random: &mut Random) -> String {
    format!("0.{:016}", random.below(10_u64.pow(16)))
}

/// As scripts write them.
fn timestamp(random: &mut Random) -> String {
    let second = 1_750_000_000 + random.below(10_000_000);
    format!("{second}.{:03}", random.below(1000))
}

/// As the client for Go writes them.
fn go_timestamp(random: &mut Random) -> String {
    format!("1.75{:07}e+09", random.below(10_000_000))
}

/// Writes so many samples to a new file, holding no more than one series at a time: what this process holds would be
/// counted to the programs that it measures.
pub(crate) fn generate(path: &Path, samples: u32) {
    let mut random = Random(1);
    let mut out = BufWriter::new(File::create_new(path).unwrap());
    let mut text = String::new();
    let mut written = 0;
    for number in 0..FAMILIES {
        let subject = SUBJECTS[number as usize / MEASURES.len()];
        let (measure, help, kind) = MEASURES[number as usize % MEASURES.len()];
        let name = format!("{subject}_{measure}");
        let word = kind.word();
        writeln!(out, "# HELP {name} {help}\n# TYPE {name} {word}").unwrap();
        // What a family of whole histograms leaves over is for the next one.
        let due = u64::from(samples) * u64::from(number + 1) / u64::from(FAMILIES);
        let series = (u32::try_from(due).unwrap() - written) / kind.samples();
        for index in 0..series {
            text.clear();
            let labels = labels(number, place(number, index, series));
            write_series(&mut text, (&name, &labels), kind, &mut random);
            out.write_all(text.as_bytes()).unwrap();
        }
        written += series * kind.samples();
    }
    assert_eq!(written, samples);
    out.into_inner().unwrap().sync_all().unwrap();
}

/// Which of the series of a family is written at this index. Every other family is in the order of its labels, as
/// client libraries write them; the others are not, as scripts write them.
fn place(number: u32, index: u32, series: u32) -> u32 {
    if number % 2 == 0 {
        return index;
    }
    // Steps that have no divisor in common with the number of series come by all of them.
    let step = if series % 7919 == 0 { 7927 } else { 7919 };
    u32::try_from(u64::from(index) * step % u64::from(series)).unwrap()
}

/// Two labels or three.
fn labels(number: u32, place: u32) -> String {
    let table = TABLES[place as usize % TABLES.len()];
    let host = place as usize / TABLES.len();
    let mut labels = format!("host=\"db-{host:04}\"");
    if number % 3 == 0 {
        let site = SITES[host % SITES.len()];
        write!(labels, ",site=\"{site}\"").unwrap();
    }
    write!(labels, ",table=\"{table}\"").unwrap();
    labels
}

fn write_series(out: &mut String, (name, labels): (&str, &str), kind: Kind, random: &mut Random) {
    match kind {
        Kind::Counter(value) | Kind::Gauge(value) => {
            writeln!(out, "{name}{{{labels}}} {}", value(random)).unwrap();
        }
        Kind::Histogram => {
            let mut count = 0;
            for bound in BOUNDS {
                count += random.below(1000);
                writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}").unwrap();
            }
            count += random.below(10);
            writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}").unwrap();
            write_totals(out, (name, labels), count, random);
        }
        Kind::Summary => {
            let mut value = 0;
            for quantile in QUANTILES {
                value += random.below(2_000_000);
                let (whole, part) = (value / 1_000_000, value % 1_000_000);
                writeln!(
                    out,
                    "{name}{{{labels},quantile=\"{quantile}\"}} {whole}.{part:06}"
                )
                .unwrap();
            }
            let count = random.below(100_000);
            write_totals(out, (name, labels), count, random);
        }
    }
}

/// What histograms and summaries end with.
fn write_totals(out: &mut String, (name, labels): (&str, &str), count: u64, random: &mut Random) {
    let sum = decimal(random);
    writeln!(
        out,
        "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {count}"
    )
    .unwrap();
}

//! What instruments cost, side by side with those of the crates `prometheus` and `prometheus-client`; and how long a registry
//! takes to be gathered and written. Run by hand: `cargo bench --bench metrics`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends when something is wrong"
)]

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter as ClientCounter;
use prometheus_client::metrics::family::Family as ClientFamily;
use prometheus_client::metrics::gauge::Gauge as ClientGauge;
use prometheus_client::metrics::histogram::Histogram as ClientHistogram;
use prometheus_client::registry::Registry as ClientRegistry;
use pushjob::exposition::encode;
use pushjob::metrics::{Buckets, Registry};

/// How often everything is done, in turns. The best of all counts: what comes in between only ever adds.
const ROUNDS: usize = 15;

/// How many operations are measured at once.
const OPERATIONS: u32 = 2_000_000;

/// How many threads work on one instrument.
const THREADS: u32 = 8;

/// How many series the registries have, one sample each.
const SERIES: u32 = 100_000;

/// One thing to measure.
struct Contender<'a> {
    name: &'static str,
    operation: Box<dyn Fn(u32) + Sync + 'a>,
    best: Duration,
}

/// The operation as often as it is told to, so that the call of this closure does not count.
fn contender<'a>(name: &'static str, operation: impl Fn(u32) + Sync + 'a) -> Contender<'a> {
    Contender {
        name,
        operation: Box::new(operation),
        best: Duration::MAX,
    }
}

fn times(operation: impl Fn()) -> impl Fn(u32) {
    move |count| {
        for _ in 0..count {
            operation();
        }
    }
}

/// Measures them in turns, prints what one operation takes, and how that compares with the first of them.
fn compare(title: &str, threads: u32, mut contenders: Vec<Contender<'_>>) {
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            let taken = measure(threads, &*contender.operation);
            contender.best = contender.best.min(taken);
        }
    }
    println!(
        "{title}, {threads} thread{}",
        if threads == 1 { "" } else { "s" }
    );
    let first = contenders[0].best;
    for Contender { name, best, .. } in &contenders {
        println!(
            "  {name:<40} {:7.2} ns   pushjob takes {:.2} of it",
            best.as_secs_f64() * 1e9 / f64::from(OPERATIONS),
            first.as_secs_f64() / best.as_secs_f64()
        );
    }
}

fn measure(threads: u32, operation: &(dyn Fn(u32) + Sync)) -> Duration {
    let share = OPERATIONS / threads;
    if threads == 1 {
        let begin = Instant::now();
        operation(share);
        return begin.elapsed();
    }
    let barrier = Barrier::new(threads as usize + 1);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    operation(share);
                })
            })
            .collect();
        // None of them begins before this.
        let begin = Instant::now();
        barrier.wait();
        for worker in workers {
            worker.join().unwrap();
        }
        begin.elapsed()
    })
}

fn instruments(threads: u32) {
    let registry = Registry::new();

    let ours = registry.counter("n_total", "").unwrap();
    let float = prometheus::Counter::new("n", "n").unwrap();
    let whole = prometheus::IntCounter::new("n", "n").unwrap();
    let client = ClientCounter::<u64>::default();
    compare(
        "counter, one more",
        threads,
        vec![
            contender("pushjob", times(|| black_box(&ours).inc())),
            contender("prometheus Counter", times(|| black_box(&float).inc())),
            contender("prometheus IntCounter", times(|| black_box(&whole).inc())),
            contender(
                "prometheus-client Counter<u64>",
                times(|| {
                    black_box(&client).inc();
                }),
            ),
        ],
    );

    let ours = registry.gauge("g", "").unwrap();
    let float = prometheus::Gauge::new("n", "n").unwrap();
    let whole = prometheus::IntGauge::new("n", "n").unwrap();
    let client = ClientGauge::<i64>::default();
    let client_float = ClientGauge::<f64, std::sync::atomic::AtomicU64>::default();
    compare(
        "gauge, one more",
        threads,
        vec![
            contender("pushjob", times(|| black_box(&ours).inc())),
            contender("prometheus Gauge", times(|| black_box(&float).inc())),
            contender("prometheus IntGauge", times(|| black_box(&whole).inc())),
            contender(
                "prometheus-client Gauge<f64>",
                times(|| {
                    black_box(&client_float).inc();
                }),
            ),
            contender(
                "prometheus-client Gauge<i64>",
                times(|| {
                    black_box(&client).inc();
                }),
            ),
        ],
    );

    let ours = registry.histogram("h", "", Buckets::default()).unwrap();
    let theirs =
        prometheus::Histogram::with_opts(prometheus::HistogramOpts::new("n", "n")).unwrap();
    let client = ClientHistogram::new(Buckets::default().bounds().iter().copied());
    compare(
        "histogram of 11 buckets, an observation",
        threads,
        vec![
            contender("pushjob", times(|| black_box(&ours).observe(0.3))),
            contender(
                "prometheus Histogram",
                times(|| black_box(&theirs).observe(0.3)),
            ),
            contender(
                "prometheus-client Histogram",
                times(|| black_box(&client).observe(0.3)),
            ),
        ],
    );

    let ours = registry.counter_vec("v_total", "", &["a", "b"]).unwrap();
    let theirs = prometheus::CounterVec::new(prometheus::Opts::new("n", "n"), &["a", "b"]).unwrap();
    let client = ClientFamily::<Vec<(String, String)>, ClientCounter>::default();
    let labels = vec![
        ("a".to_owned(), "users".to_owned()),
        ("b".to_owned(), "x".to_owned()),
    ];
    compare(
        "counter looked up by two labels, one more",
        threads,
        vec![
            contender(
                "pushjob",
                times(|| {
                    black_box(&ours)
                        .with_label_values(&["users", "x"])
                        .unwrap()
                        .inc();
                }),
            ),
            contender(
                "prometheus CounterVec",
                times(|| {
                    black_box(&theirs).with_label_values(&["users", "x"]).inc();
                }),
            ),
            contender(
                "prometheus-client Family",
                times(|| {
                    client.get_or_create(black_box(&labels)).inc();
                }),
            ),
        ],
    );
}

/// Registries of as many series, gathered and written.
fn registries() {
    // Each is filled by itself, as in a program that has no other: series of one lie side by side in memory.
    let series = || (0..SERIES).map(|number| (number.to_string(), f64::from(number) * 1.5));
    let registry = Registry::new();
    let rows = registry
        .gauge_vec("rows", "Rows loaded.", &["table", "shard"])
        .unwrap();
    for (table, value) in series() {
        rows.with_label_values(&[&table, "users"])
            .unwrap()
            .set(value);
    }

    let theirs = prometheus::Registry::new();
    let their_rows = prometheus::GaugeVec::new(
        prometheus::Opts::new("rows", "Rows loaded."),
        &["table", "shard"],
    )
    .unwrap();
    theirs.register(Box::new(their_rows.clone())).unwrap();
    for (table, value) in series() {
        their_rows.with_label_values(&[&table, "users"]).set(value);
    }

    let client_rows = ClientFamily::<
        Vec<(String, String)>,
        ClientGauge<f64, std::sync::atomic::AtomicU64>,
    >::default();
    let mut client = ClientRegistry::default();
    client.register("rows", "Rows loaded", client_rows.clone());
    for (table, value) in series() {
        let labels = vec![
            ("table".to_owned(), table),
            ("shard".to_owned(), "users".to_owned()),
        ];
        client_rows.get_or_create(&labels).set(value);
    }

    let mut best = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let families = registry.gather().unwrap();
        best[3] = best[3].min(begin.elapsed());
        black_box(encode(&families));
        drop(families);
        best[0] = best[0].min(begin.elapsed());

        let begin = Instant::now();
        let text = prometheus::TextEncoder::new().encode_to_string(&theirs.gather());
        black_box(text.unwrap());
        best[1] = best[1].min(begin.elapsed());

        let begin = Instant::now();
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &client).unwrap();
        black_box(text);
        best[2] = best[2].min(begin.elapsed());
    }
    println!("{SERIES} series gathered and written");
    let names = [
        "pushjob",
        "prometheus",
        "prometheus-client",
        "pushjob, gathered alone",
    ];
    for (name, taken) in names.iter().zip(best) {
        println!(
            "  {name:<40} {:7.2} million samples a second   pushjob takes {:.2} of its time",
            f64::from(SERIES) / 1e6 / taken.as_secs_f64(),
            best[0].as_secs_f64() / taken.as_secs_f64()
        );
    }
}

fn main() {
    instruments(1);
    instruments(THREADS);
    registries();
}

//! The text format: what is written, what is read, and what is said about what cannot be.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};

use pushjob::exposition::{
    Bucket, HistogramValue, LabelName, Labels, MetricFamilies, MetricFamily, MetricName,
    MetricType, MetricValue, NameValidation, Quantile, SummaryValue, Text, encode, format_float,
    lines_of, parse, parse_float, parse_names,
};
use pushjob::grouping::GroupingKey;
use pushjob::push::Pushgateway as Client;

use crate::support::Pushgateway;

fn labels(pairs: &[(&'static str, &str)]) -> Labels {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (LabelName::new(*name).unwrap(), (*value).to_owned()));
    Labels::from_pairs(pairs.collect()).unwrap()
}

fn family(name: &'static str, values: Vec<(Labels, MetricValue)>) -> MetricFamily {
    let metric_type = values[0].1.metric_type();
    let mut family = MetricFamily::new(MetricName::new(name).unwrap(), metric_type);
    for (labels, value) in values {
        family.insert(labels, value).unwrap();
    }
    family
}

fn every_type() -> MetricFamilies {
    let bucket = |upper_bound, cumulative_count| Bucket {
        upper_bound,
        cumulative_count,
    };
    let quantile = |quantile, value| Quantile { quantile, value };
    let histogram = HistogramValue::new(vec![bucket(0.5, 2), bucket(0.1, 1)], 1.25, 3).unwrap();
    let summary =
        SummaryValue::new(vec![quantile(0.99, f64::NAN), quantile(0.5, 2.0)], 7.5, 4).unwrap();
    let text = "back\\slash \"quote\" new\nline, {brace} ünï🦀";
    let mut families = MetricFamilies::new();
    for family in [
        family(
            "c_total",
            vec![(Labels::none(), MetricValue::Counter(1e300))],
        )
        .with_help(text),
        family(
            "g",
            vec![
                (labels(&[("z", "1"), ("a", text)]), MetricValue::Gauge(-0.5)),
                (labels(&[("a", "")]), MetricValue::Gauge(f64::INFINITY)),
                (labels(&[("b", "1")]), MetricValue::Gauge(f64::NEG_INFINITY)),
            ],
        ),
        family(
            "h",
            vec![(labels(&[("a", "1")]), MetricValue::Histogram(histogram))],
        ),
        family("s", vec![(Labels::none(), MetricValue::Summary(summary))]).with_help("A summary."),
        family("u", vec![(Labels::none(), MetricValue::Untyped(f64::NAN))]),
        MetricFamily::new(MetricName::new("empty").unwrap(), MetricType::Gauge),
    ] {
        families.insert(family).unwrap();
    }
    families
}

const EVERY_TYPE: &str = "\
# HELP c_total back\\\\slash \"quote\" new\\nline, {brace} ünï🦀
# TYPE c_total counter
c_total 1e300
# TYPE g gauge
g{a=\"\"} +Inf
g{a=\"back\\\\slash \\\"quote\\\" new\\nline, {brace} ünï🦀\",z=\"1\"} -0.5
g{b=\"1\"} -Inf
# TYPE h histogram
h_bucket{a=\"1\",le=\"0.1\"} 1
h_bucket{a=\"1\",le=\"0.5\"} 2
h_bucket{a=\"1\",le=\"+Inf\"} 3
h_sum{a=\"1\"} 1.25
h_count{a=\"1\"} 3
# HELP s A summary.
# TYPE s summary
s{quantile=\"0.5\"} 2
s{quantile=\"0.99\"} NaN
s_sum 7.5
s_count 4
# TYPE u untyped
u NaN
";

#[test]
fn names_in_utf8_are_quoted_and_read_back_where_they_are_asked_for() {
    let text = "# HELP \"a.b\" Any \"text\".\n# TYPE \"a.b\" gauge\n\
                {\"a.b\"} 1\n{\"a.b\",l=\"1\",\"l.m\"=\"x\"} 2\n\
                # TYPE \"h \\\"i\" histogram\n{\"h \\\"i_bucket\",le=\"+Inf\"} 1\n\
                {\"h \\\"i_sum\"} 1\n{\"h \\\"i_count\"} 1\n\
                # TYPE plain gauge\nplain{\"a:b\"=\"1\",\"é\"=\"1\"} 1\n";
    let families = parse_names(text.as_bytes(), NameValidation::Utf8).unwrap();
    assert_eq!(encode(&families), text);
    // Neighbours whose names are alike but for an escape are told apart.
    let alike = "# TYPE m gauge\nm{\"a\\n\"=\"2\"} 2\nm{\"a\\\\n\"=\"1\"} 1\n\
                 # TYPE q gauge\nq{\"a\\n\"=\"2\",\"a\\\\n\"=\"3\"} 2\nq{\"a\\\\n\"=\"1\",b=\"x\"} 1\n";
    let families = parse_names(alike.as_bytes(), NameValidation::Utf8).unwrap();
    assert_eq!(encode(&families), alike);
    let reversed = "m{\"a\\\\n\"=\"1\"} 1\nm{\"a\\n\"=\"2\"} 2\n";
    let families = parse_names(reversed.as_bytes(), NameValidation::Utf8).unwrap();
    let written = encode(&families);
    assert_eq!(written.lines().nth(1), alike.lines().nth(1));
    // What needs no quotation marks may have them, and blanks stand where they may.
    let loose = "# TYPE \"a\" gauge\n{ \"a\" , \"b\"=\"1\" } 1\n";
    let families = parse_names(loose.as_bytes(), NameValidation::Utf8).unwrap();
    assert_eq!(encode(&families), "# TYPE a gauge\na{b=\"1\"} 1\n");
    for (bad, message) in [
        (
            "{\"a.b} 1\n",
            "line 1, column 2: the name has no closing `\"`",
        ),
        ("{\"\"} 1\n", "line 1, column 2: expected a metric name"),
        (
            "{\"a\" \"b\"=\"1\"} 1\n",
            "line 1, column 6: expected `,` or `}` after the metric name",
        ),
        ("{a=\"1\"} 1\n", "line 1, column 1: expected a metric name"),
        (
            "{\"a\",\"__b\"=\"1\"} 1\n",
            "line 1, column 6: label name `__b` is reserved",
        ),
        (
            "# TYPE \"a.b gauge\n",
            "line 1, column 8: the name has no closing `\"`",
        ),
    ] {
        let error = parse_names(bad.as_bytes(), NameValidation::Utf8).unwrap_err();
        assert_eq!(error.to_string(), message, "{bad}");
    }
    for (bad, column) in [
        ("{\"a.b\"} 1\n", 2),
        ("# TYPE \"a.b\" gauge\n", 8),
        ("a{\"b\"=\"1\"} 1\n", 3),
    ] {
        let error = parse(bad.as_bytes()).unwrap_err();
        assert_eq!(error.column(), column, "{bad}");
        assert!(error.reason().contains("UTF-8"), "{error}");
    }
}

#[test]
fn every_type_is_written_in_a_stable_order() {
    assert_eq!(encode(&every_type()), EVERY_TYPE);
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let families = parse(EVERY_TYPE.as_bytes()).unwrap();
    assert_eq!(encode(&families), EVERY_TYPE);
    assert_eq!(families.len(), 5);
}

#[test]
fn the_real_gateway_reads_what_is_written() {
    let gateway = Pushgateway::start();
    let client = Client::new(gateway.address()).unwrap();
    let key = GroupingKey::new("j").unwrap();
    client.push(&key, &every_type()).unwrap();
    assert_eq!(gateway.group("j").metrics, ["c_total", "g", "h", "s", "u"]);
    let samples = gateway.samples();
    let text = "back\\\\slash \\\"quote\\\" new\\nline, {brace} ünï🦀";
    for (series, value) in [
        ("c_total{instance=\"\",job=\"j\"}", "1e+300"),
        ("g{a=\"\",instance=\"\",job=\"j\"}", "+Inf"),
        (
            &format!("g{{a=\"{text}\",instance=\"\",job=\"j\",z=\"1\"}}"),
            "-0.5",
        ),
        ("h_bucket{a=\"1\",instance=\"\",job=\"j\",le=\"0.5\"}", "2"),
        ("h_bucket{a=\"1\",instance=\"\",job=\"j\",le=\"+Inf\"}", "3"),
        ("s{instance=\"\",job=\"j\",quantile=\"0.99\"}", "NaN"),
        ("s_count{instance=\"\",job=\"j\"}", "4"),
        ("u{instance=\"\",job=\"j\"}", "NaN"),
    ] {
        assert_eq!(samples[series], value, "{series}");
    }
}

#[test]
fn distributions_of_nothing_that_can_be_measured_are_refused() {
    let bound = Bucket {
        upper_bound: f64::NAN,
        cumulative_count: 0,
    };
    let error = HistogramValue::new(vec![bound], 0.0, 0).unwrap_err();
    assert_eq!(error.to_string(), "a bucket bound or quantile is NaN");
    let quantile = Quantile {
        quantile: f64::NAN,
        value: 0.0,
    };
    assert_eq!(SummaryValue::new(vec![quantile], 0.0, 0), Err(error));
}

#[test]
fn families_that_cannot_stand_together_are_refused() {
    let gauge = |name: &'static str| MetricFamily::gauge(MetricName::new(name).unwrap(), 1.0);
    let mut families = every_type();
    let errors = [
        families.insert(gauge("g")).unwrap_err().to_string(),
        families.insert(gauge("h_bucket")).unwrap_err().to_string(),
        families.insert(gauge("s_sum")).unwrap_err().to_string(),
        gauge("g")
            .insert(Labels::none(), MetricValue::Counter(1.0))
            .unwrap_err()
            .to_string(),
        gauge("g")
            .insert(Labels::none(), MetricValue::Gauge(1.0))
            .unwrap_err()
            .to_string(),
    ];
    assert_eq!(
        errors,
        [
            "metric family g occurs twice",
            "metric family h_bucket has the name of a series of h",
            "metric family s_sum has the name of a series of s",
            "g is of type gauge, not counter",
            "series g occurs twice",
        ]
    );
    assert!(families.insert(gauge("s_bucket")).is_ok());
    let mut histogram = MetricFamily::new(MetricName::new("x").unwrap(), MetricType::Histogram);
    let value = MetricValue::Histogram(HistogramValue::new(Vec::new(), 0.0, 0).unwrap());
    assert_eq!(
        histogram
            .insert(labels(&[("le", "1")]), value)
            .unwrap_err()
            .to_string(),
        "label `le` of histogram x belongs to the format"
    );
}

#[test]
fn metric_names_follow_the_data_model() {
    for good in ["a", "_", ":", "a:b", "A9_", "__x"] {
        assert!(MetricName::new(good).is_ok(), "{good}");
    }
    for bad in ["", "9a", "a-b", "a b", "a.b", "é", "a\n"] {
        assert!(MetricName::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn label_names_follow_the_data_model() {
    for good in ["a", "_", "_a", "A9_"] {
        assert!(LabelName::new(good).is_ok(), "{good}");
    }
    for bad in ["", "1a", "a-b", "a/b", "a:b", "__x", "__", "é"] {
        assert!(LabelName::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn fractions_of_any_size_read_back_the_same_and_are_no_longer_than_they_must_be() {
    let mut bits: u64 = 1;
    for _ in 0..100_000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // From 2^-13 to 2^51, around all that is written in this way.
        let exponent = 1023 - 13 + (bits >> 58);
        let number = f64::from_bits((exponent << 52) | (bits >> 6 & ((1 << 52) - 1)));
        for number in [number, -number] {
            let text = format_float(number);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
            // Where two are as short, each writer has its own.
            assert_eq!(text.len(), number.to_string().len(), "{text}");
        }
    }
}

#[test]
fn numbers_are_spelled_shortest_and_read_back_the_same() {
    for (number, text) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (42.0, "42"),
        (0.1, "0.1"),
        (-1.5, "-1.5"),
        (1_795_340_000.123_456, "1795340000.123456"),
        (1e16, "10000000000000000"),
        (1e17, "1e17"),
        (1e-5, "0.00001"),
        (1e-6, "1e-6"),
        (1.5e300, "1.5e300"),
        (f64::MAX, "1.7976931348623157e308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (5e-324, "5e-324"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(format_float(number), text);
        let back: f64 = text.parse().unwrap();
        assert!(
            back.to_bits() == number.to_bits() || number.is_nan(),
            "{text}"
        );
    }
}

#[test]
fn numbers_are_read_as_the_gateway_reads_them() {
    for (text, number) in [
        ("1", 1.0),
        ("+1", 1.0),
        ("-1.5e3", -1500.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1E5", 100_000.0),
        ("1e+5", 100_000.0),
        ("Inf", f64::INFINITY),
        ("+inf", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("1e-999", 0.0),
    ] {
        assert_eq!(parse_float(text), Some(number), "{text}");
    }
    assert!(parse_float("nan").is_some_and(f64::is_nan));
    for text in [
        "", "+", ".", "e5", "1e", "1e+", "+nan", "-NaN", "0x10", "0x1p3", "1_0", "1e999", "infin",
        "1 ", "--1", "1.2.3", "+.", "1e5.", "\u{0661}",
    ] {
        assert_eq!(parse_float(text), None, "{text}");
    }
    let long = "9".repeat(400);
    assert_eq!(parse_float(&long), None);
}

/// Text of which every other read is interrupted.
struct Interrupted<'a>(&'a [u8], AtomicUsize);

impl Text for Interrupted<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.1.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        self.0.read_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
}

#[test]
fn a_read_that_was_interrupted_is_tried_again() {
    let text = Interrupted(b"a 1\nb 2", AtomicUsize::new(0));
    let found = lines_of(&text, &BTreeSet::from([1, 2])).unwrap();
    let expected = [(1, b"a 1".to_vec()), (2, b"b 2".to_vec())];
    assert_eq!(found, BTreeMap::from(expected));
    assert!(text.1.into_inner() > 2);
}

#[test]
fn of_a_long_line_the_beginning_is_taken_out() {
    const KEPT: usize = 64 * 1024;
    let lines: Vec<Vec<u8>> = [KEPT - 1, KEPT, KEPT + 1, 6 * KEPT]
        .map(|length| vec![b'x'; length])
        .into();
    let text = lines.join(&b'\n');
    let found = lines_of(&text, &(1..=4).collect()).unwrap();
    let lengths: Vec<usize> = found.values().map(Vec::len).collect();
    assert_eq!(lengths, [KEPT - 1, KEPT, KEPT, KEPT]);
}

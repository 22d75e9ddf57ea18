//! The text format: what is written, what is read, and what is said about what cannot be.

use pushjob::exposition::{
    Bucket, Histogram, LabelName, Labels, MetricFamilies, MetricFamily, MetricName, MetricType,
    MetricValue, NameValidation, Quantile, Summary, encode, parse, parse_names,
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
    let histogram = Histogram::new(vec![bucket(0.5, 2), bucket(0.1, 1)], 1.25, 3).unwrap();
    let summary = Summary::new(vec![quantile(0.99, f64::NAN), quantile(0.5, 2.0)], 7.5, 4).unwrap();
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

/// Input that is no error, and what it means.
const GOOD: [(&str, &str); 14] = [
    ("", ""),
    ("\n\n  \t\n", ""),
    (
        "# a comment\n#\n# TYPE\n# TYPE x\n# HELP x\n#TYPE x gauge\n",
        "",
    ),
    ("x 1\n", "# TYPE x untyped\nx 1\n"),
    ("x\t1\n", "# TYPE x untyped\nx 1\n"),
    ("  x{}  1\n", "# TYPE x untyped\nx 1\n"),
    ("x{a=\"1\"}1\n", "# TYPE x untyped\nx{a=\"1\"} 1\n"),
    (
        "x { a = \"1\" , b=\"2\", } 1\n",
        "# TYPE x untyped\nx{a=\"1\",b=\"2\"} 1\n",
    ),
    ("# TYPE x GAUGE\nx -inf\n", "# TYPE x gauge\nx -Inf\n"),
    ("# TYPE x counter\n# HELP x \\\\ \\n\n", ""),
    (
        "x 1\n# HELP x late\n",
        "# HELP x late\n# TYPE x untyped\nx 1\n",
    ),
    (
        "x{a=\"1\"} 1\ny 2\nx{a=\"2\"} 3\n",
        "# TYPE x untyped\nx{a=\"1\"} 1\nx{a=\"2\"} 3\n# TYPE y untyped\ny 2\n",
    ),
    (
        "x_sum 1\nx_count 2\n",
        "# TYPE x_count untyped\nx_count 2\n# TYPE x_sum untyped\nx_sum 1\n",
    ),
    (
        "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\n",
        "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n",
    ),
];

#[test]
fn what_the_gateway_accepts_is_read() {
    let gateway = Pushgateway::start();
    for (input, canonical) in GOOD {
        assert_eq!(post(&gateway, input.as_bytes()), 200, "{input:?}");
        let families = parse(input.as_bytes()).unwrap_or_else(|error| panic!("{input:?}: {error}"));
        assert_eq!(encode(&families), canonical, "{input:?}");
    }
}

/// Input that the gateway refuses, and what is said about it.
const BAD: [(&[u8], &str); 40] = [
    (
        b"x 1",
        "line 1, column 4: the last line has no newline at its end",
    ),
    (
        b"x 1\n# end",
        "line 2, column 6: the last line has no newline at its end",
    ),
    (
        b"x 1\r\n",
        "line 1, column 4: the line ends with a carriage return: lines end with a bare newline",
    ),
    (b"x{a=\"\xff\"} 1\n", "line 1, column 6: not valid UTF-8"),
    (
        b"\xef\xbb\xbfx 1\n",
        "line 1, column 1: expected a metric name",
    ),
    (b"9 1\n", "line 1, column 1: expected a metric name"),
    (b"{a=\"1\"} 1\n", "line 1, column 1: expected a metric name"),
    (b"x\n", "line 1, column 2: expected a value after x"),
    (
        b"x{a=\"1\"} \n",
        "line 1, column 10: expected a value after x{a=\"1\"}",
    ),
    (b"x.y 1\n", "line 1, column 2: \".y\" is not a number"),
    (b"x one\n", "line 1, column 3: \"one\" is not a number"),
    (b"x 0x10\n", "line 1, column 3: \"0x10\" is not a number"),
    (b"x 1_000\n", "line 1, column 3: \"1_000\" is not a number"),
    (b"x 1e999\n", "line 1, column 3: \"1e999\" is not a number"),
    (b"x +nan\n", "line 1, column 3: \"+nan\" is not a number"),
    (
        b"x 1 1700000000000\n",
        "line 1, column 4: a timestamp, which a Pushgateway refuses",
    ),
    (
        b"x 1 \n",
        "line 1, column 4: the line goes on after the value: \" \"",
    ),
    (
        b"x 1 # {a=\"b\"} 1\n",
        "line 1, column 4: the line goes on after the value: \" # {a=\\\"b\\\"} 1\"",
    ),
    (
        b"x{a} 1\n",
        "line 1, column 4: expected `=` after label name `a`",
    ),
    (
        b"x{a=1} 1\n",
        "line 1, column 5: the value of label `a` does not begin with `\"`",
    ),
    (
        b"x{a=\"1} 1\n",
        "line 1, column 5: the value of label `a` has no closing `\"`",
    ),
    (
        b"x{a=\"1\" b=\"2\"} 1\n",
        "line 1, column 9: expected `,` or `}` after the value of label `a`",
    ),
    (
        b"x{a=\"1\"\n",
        "line 1, column 8: expected `,` or `}` after the value of label `a`",
    ),
    (
        b"x{,} 1\n",
        "line 1, column 3: expected a label name or `}`",
    ),
    (
        b"x{1a=\"1\"} 1\n",
        "line 1, column 3: expected a label name or `}`",
    ),
    (
        b"x{a=\"1\",a=\"2\"} 1\n",
        "line 1, column 9: label `a` occurs twice",
    ),
    (
        b"x{__name__=\"y\"} 1\n",
        "line 1, column 3: label name `__name__` is reserved",
    ),
    (
        b"x{__y=\"y\"} 1\n",
        "line 1, column 3: label name `__y` is reserved",
    ),
    (
        b"x{a=\"\\t\"} 1\n",
        "line 1, column 6: `\\t` is not an escape: only `\\\\`, `\\n` and `\\\"` are",
    ),
    (
        "x{ä=\"1\"} 1\n".as_bytes(),
        "line 1, column 3: expected a label name or `}`",
    ),
    (
        "x{a=\"ä\"} ß\n".as_bytes(),
        "line 1, column 10: \"ß\" is not a number",
    ),
    (
        b"# HELP x \\q\n",
        "line 1, column 10: `\\q` is not an escape: only `\\\\` and `\\n` are",
    ),
    (
        b"# HELP x.y z\n",
        "line 1, column 8: expected a metric name in the HELP line",
    ),
    (
        b"# TYPE 9 gauge\n",
        "line 1, column 8: expected a metric name in the TYPE line",
    ),
    (
        b"# TYPE x info\n",
        "line 1, column 10: \"info\" is not a metric type: counter, gauge, histogram, summary or untyped",
    ),
    (
        b"# TYPE x gauge \n",
        "line 1, column 10: \"gauge \" is not a metric type: counter, gauge, histogram, summary or untyped",
    ),
    (
        b"# TYPE x gauge\n# TYPE x gauge\n",
        "line 2, column 8: second TYPE line for x",
    ),
    (
        b"# HELP x a\n# HELP x a\n",
        "line 2, column 8: second HELP line for x",
    ),
    (
        b"x 1\n# TYPE x gauge\n",
        "line 2, column 8: the TYPE line of x comes after its first sample",
    ),
    (
        b"# TYPE h_count gauge\nh_count 1\n# TYPE h histogram\nh_sum 2\nh_bucket{le=\"+Inf\"} 1\n",
        "line 3, column 1: metric family h_count has the name of a series of h",
    ),
];

#[test]
fn what_the_gateway_refuses_is_refused_with_its_place() {
    let gateway = Pushgateway::start();
    for (input, message) in BAD {
        let text = String::from_utf8_lossy(input);
        assert_eq!(post(&gateway, input), 400, "{text:?}");
        let error = parse(input).unwrap_err();
        assert_eq!(error.to_string(), message, "{text:?}");
    }
}

/// Input that the gateway takes although it contradicts itself. It would show numbers that nobody measured.
const CONTRADICTORY: [(&str, &str); 13] = [
    ("x 1\nx 2\n", "line 2, column 1: series x occurs twice"),
    (
        "# TYPE x gauge\nx{a=\"1\",b=\"2\"} 1\nx{b=\"2\",a=\"1\"} 2\n",
        "line 3, column 1: series x{a=\"1\",b=\"2\"} occurs twice",
    ),
    (
        "# TYPE h histogram\nh 1\n",
        "line 2, column 1: histogram h has a sample that is none of _bucket, _sum and _count",
    ),
    (
        "# TYPE h histogram\nh_bucket 1\n",
        "line 2, column 1: h_bucket has no label `le`, which a histogram needs here",
    ),
    (
        "# TYPE h histogram\nh_sum 1\n",
        "line 2, column 1: h has no sample h_count",
    ),
    (
        "# TYPE h histogram\nh_count 1.5\n",
        "line 2, column 9: \"1.5\" is not a count: a whole number, not negative",
    ),
    (
        "# TYPE h histogram\nh_count -1\n",
        "line 2, column 9: \"-1\" is not a count: a whole number, not negative",
    ),
    (
        "# TYPE h histogram\nh_count 1\nh_count 1\n",
        "line 3, column 1: series h_count occurs twice",
    ),
    (
        "# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} 2\n",
        "line 2, column 1: h: bucket +Inf counts less than the one below it",
    ),
    (
        "# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_count 2\n",
        "line 2, column 1: h: bucket 1 does not fit the count 2",
    ),
    (
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\nh_count 2\n",
        "line 2, column 1: h: bucket or quantile 1 occurs twice",
    ),
    (
        "# TYPE s summary\ns 1\n",
        "line 2, column 1: s has no label `quantile`, which a summary needs here",
    ),
    (
        "# TYPE s summary\ns{quantile=\"0.5\"} 1\n",
        "line 2, column 1: s has no sample s_count",
    ),
];

#[test]
fn what_contradicts_itself_is_refused_with_its_place() {
    for (input, message) in CONTRADICTORY {
        let error = parse(input.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message, "{input:?}");
    }
}

#[test]
fn distributions_of_nothing_that_can_be_measured_are_refused() {
    let bound = Bucket {
        upper_bound: f64::NAN,
        cumulative_count: 0,
    };
    let error = Histogram::new(vec![bound], 0.0, 0).unwrap_err();
    assert_eq!(error.to_string(), "a bucket bound or quantile is NaN");
    let quantile = Quantile {
        quantile: f64::NAN,
        value: 0.0,
    };
    assert_eq!(Summary::new(vec![quantile], 0.0, 0), Err(error));
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
            "g is a gauge, not a counter",
            "series g occurs twice",
        ]
    );
    assert!(families.insert(gauge("s_bucket")).is_ok());
    let mut histogram = MetricFamily::new(MetricName::new("x").unwrap(), MetricType::Histogram);
    let value = MetricValue::Histogram(Histogram::new(Vec::new(), 0.0, 0).unwrap());
    assert_eq!(
        histogram
            .insert(labels(&[("le", "1")]), value)
            .unwrap_err()
            .to_string(),
        "label `le` of histogram x belongs to the format"
    );
}

/// Sends bytes as they are, to a group that is deleted again.
fn post(gateway: &Pushgateway, body: &[u8]) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let url = format!("{}/metrics/job/raw", gateway.url());
    let status = agent.post(&url).send(body).unwrap().status().as_u16();
    agent.delete(&url).call().unwrap();
    status
}

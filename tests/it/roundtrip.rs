//! What is written is read back the same, whatever it is.

use proptest::collection::{btree_map, vec};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof,
};
use proptest::proptest;
use pushjob::exposition::{
    Bucket, Check, HistogramValue, Inspector, LabelName, Labels, MetricFamilies, MetricFamily,
    MetricName, MetricType, MetricValue, NameValidation, Problem, Quantile, SummaryValue, encode,
    parse, parse_names,
};

/// Any number but NaN, which is not equal to itself; the ones that are hard to write among them.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("NaN", |number| !number.is_nan()),
        any::<i32>().prop_map(f64::from),
        Just(-0.0),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(f64::MIN_POSITIVE / 4.0),
        Just(9_007_199_254_740_993.0),
        Just(1e21),
    ]
}

/// Text as it may stand in a label or help text, with what has to be escaped.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z/.]{0,12}",
        "[\\\\\"\n\t\r {}=,#a-zé🦀]{0,12}",
        any::<String>()
    ]
}

fn labels() -> impl Strategy<Value = Labels> {
    // Not those that the format keeps for itself.
    let name =
        "[a-z][a-z0-9_]{0,6}".prop_filter("reserved", |name| name != "le" && name != "quantile");
    btree_map(name, text(), 0..4).prop_map(|pairs| {
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(name, value)| (LabelName::new(name).unwrap(), value));
        Labels::from_pairs(pairs.collect()).unwrap()
    })
}

/// Counts stay below the numbers that a sample cannot hold exactly.
fn histogram() -> impl Strategy<Value = MetricValue> {
    (
        vec((number(), 0..1_u64 << 40), 0..6),
        number(),
        0..1_u64 << 40,
    )
        .prop_map(|(mut parts, sum, more)| {
            parts.retain(|(bound, _)| *bound != f64::INFINITY);
            parts.sort_by(|a, b| a.0.total_cmp(&b.0));
            parts.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
            let mut counted = 0;
            let buckets = parts.into_iter().map(|(upper_bound, growth)| {
                counted += growth;
                Bucket {
                    upper_bound,
                    cumulative_count: counted,
                }
            });
            let buckets = buckets.collect();
            MetricValue::Histogram(HistogramValue::new(buckets, sum, counted + more).unwrap())
        })
}

fn summary() -> impl Strategy<Value = MetricValue> {
    (vec((number(), number()), 0..5), number(), 0..1_u64 << 50).prop_map(
        |(mut parts, sum, count)| {
            parts.sort_by(|a, b| a.0.total_cmp(&b.0));
            parts.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
            let quantiles = parts
                .into_iter()
                .map(|(quantile, value)| Quantile { quantile, value });
            MetricValue::Summary(SummaryValue::new(quantiles.collect(), sum, count).unwrap())
        },
    )
}

fn value(metric_type: MetricType) -> proptest::prelude::BoxedStrategy<MetricValue> {
    match metric_type {
        MetricType::Counter => number().prop_map(MetricValue::Counter).boxed(),
        MetricType::Gauge => number().prop_map(MetricValue::Gauge).boxed(),
        MetricType::Histogram => histogram().boxed(),
        MetricType::Summary => summary().boxed(),
        _ => number().prop_map(MetricValue::Untyped).boxed(),
    }
}

fn family(name: impl Strategy<Value = MetricName>) -> impl Strategy<Value = MetricFamily> {
    let types = prop_oneof![
        Just(MetricType::Counter),
        Just(MetricType::Gauge),
        Just(MetricType::Histogram),
        Just(MetricType::Summary),
        Just(MetricType::Untyped),
    ];
    // A HELP line without text says nothing.
    let help = text().prop_map(|text| text.trim_start_matches([' ', '\t']).to_owned());
    let help = help.prop_map(|text| Some(text).filter(|text| !text.is_empty()));
    (name, types, help).prop_flat_map(|(name, metric_type, help)| {
        let metrics = btree_map(labels(), value(metric_type), 1..4);
        metrics.prop_map(move |metrics| {
            let mut family = MetricFamily::new(name.clone(), metric_type);
            if let Some(help) = &help {
                family.set_help(help.clone());
            }
            for (labels, value) in metrics {
                family.insert(labels, value).unwrap();
            }
            family
        })
    })
}

/// Families of which some have names that are those of series of others; they are left out.
fn families(name: impl Strategy<Value = MetricName>) -> impl Strategy<Value = MetricFamilies> {
    vec(family(name), 0..5).prop_map(|drafts| {
        let mut families = MetricFamilies::new();
        for draft in drafts {
            let _ = families.insert(draft);
        }
        families
    })
}

fn legacy_name() -> impl Strategy<Value = MetricName> {
    "[a-z_:][a-z0-9_:]{0,6}(_sum|_count|_bucket|_total)?"
        .prop_map(|name| MetricName::new(name).unwrap())
}

fn utf8_name() -> impl Strategy<Value = MetricName> {
    any::<String>()
        .prop_filter("empty", |name| !name.is_empty())
        .prop_map(|name| MetricName::utf8(name).unwrap())
}

struct Nothing;

impl Inspector for Nothing {
    fn problem(&mut self, problem: Problem) -> std::ops::ControlFlow<()> {
        panic!("{}", problem.error());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn families_of_all_types_are_read_back_the_same(families in families(legacy_name())) {
        let text = encode(&families);
        let read = parse(text.as_bytes());
        prop_assert!(read.is_ok(), "{read:?} of {text}");
        prop_assert_eq!(read.unwrap(), families, "{}", text);
        // Nothing is said of it either.
        let bytes = text.as_bytes();
        let checked = Check::new().run(&bytes, &mut Nothing).unwrap();
        prop_assert_eq!(checked.errors, 0);
    }

    #[test]
    fn families_with_names_of_any_text_are_read_back_the_same(families in families(utf8_name())) {
        let text = encode(&families);
        let read = parse_names(text.as_bytes(), NameValidation::Utf8);
        prop_assert!(read.is_ok(), "{read:?} of {text}");
        prop_assert_eq!(read.unwrap(), families, "{}", text);
    }
}

//! `/api/v1/features`: what this server can do, by the names that Prometheus gave, so that clients need not guess by version.

use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::render;
use crate::settings::Settings;

/// What is always so, by category. A feature that is not there is listed as such, so that a client finds an answer.
const FIXED: &[(&str, &[(&str, bool)])] = &[
    (
        "api",
        &[
            ("exclude_alerts", true),
            ("label_values_match", true),
            ("lifecycle", true),
            ("openapi_3.1", true),
            ("openapi_3.2", false),
            ("otlp_write_receiver", false),
            ("query_stats", true),
            ("query_warnings", true),
            ("search", true),
            ("search_fuzz_alg_jarowinkler", true),
            ("search_fuzz_alg_subsequence", true),
            ("time_range_labels", true),
            ("time_range_series", true),
        ],
    ),
    ("otlp_receiver", &[("delta_conversion", false), ("native_delta_ingestion", false)]),
    (
        "prometheus",
        &[("agent_mode", false), ("auto_reload_config", false), ("server_mode", true), ("stringlabels", true)],
    ),
    (
        "promql",
        &[
            ("anchored", true),
            ("at_modifier", true),
            ("bool", true),
            ("by", true),
            ("duration_expr", true),
            ("fill", true),
            ("fill_left", true),
            ("fill_right", true),
            ("group_left", true),
            ("group_right", true),
            ("ignoring", true),
            ("negative_offset", true),
            ("offset", true),
            ("on", true),
            ("per_query_lookback_delta", true),
            ("per_step_stats", false),
            ("smoothed", true),
            ("subqueries", true),
            ("without", true),
        ],
    ),
    ("rules", &[("concurrent_rule_eval", true), ("keep_firing_for", true), ("query_offset", true)]),
    ("scrape", &[("extra_scrape_metrics", false), ("start_timestamp_zero_ingestion", false)]),
    (
        "tsdb",
        &[
            ("delayed_compaction", false),
            ("exemplar_storage", true),
            ("histograms_st_encoding", false),
            ("isolation", true),
            ("native_histograms", true),
            ("st_storage", true),
            ("use_uncached_io", false),
            ("xor2_encoding", false),
        ],
    ),
    ("ui", &[("ui_v2", false), ("ui_v3", false)]),
];

/// Everything of a category that is there.
const LISTS: &[(&str, &str)] = &[
    (
        "promql_functions",
        "abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max \
         clamp_min cos cosh count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv \
         double_exponential_smoothing end exp first_over_time floor histogram_avg histogram_count histogram_fraction \
         histogram_quantile histogram_quantiles histogram_stddev histogram_stdvar histogram_sum holt_winters hour idelta \
         increase info irate label_join label_replace last_over_time ln log10 log2 mad_over_time max_of max_over_time \
         min_of min_over_time minute month pi predict_linear present_over_time quantile_over_time rad range rate resets \
         round scalar sgn sin sinh sort sort_by_label sort_by_label_desc sort_desc sqrt start start_timestamp \
         stddev_over_time stdvar_over_time step sum_over_time tan tanh time timestamp ts_of_first_over_time \
         ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time vector year",
    ),
    (
        "promql_operators",
        "!= !~ % * + - / < </ <= == =~ > >/ >= @ ^ and atan2 avg bottomk count count_values group limit_ratio limitk max min \
         or quantile stddev stdvar sum topk unless",
    ),
    ("service_discovery_providers", "file static"),
    (
        "templating_functions",
        "args externalURL first graphLink humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp label \
         match now parseDuration pathPrefix query reReplaceAll safeHtml sortByLabel stripDomain stripPort strvalue tableLink \
         title toDuration toLower toTime toUpper urlQueryEscape value",
    ),
];

/// The list.
pub(crate) fn features(settings: &Settings) -> Response {
    let mut categories: Map<String, Value> = FIXED
        .iter()
        .map(|(category, features)| {
            let features: Map<String, Value> =
                features.iter().map(|(name, there)| ((*name).to_owned(), json!(there))).collect();
            ((*category).to_owned(), Value::Object(features))
        })
        .collect();
    for (category, names) in LISTS {
        let features: Map<String, Value> =
            names.split_whitespace().map(|name| (name.to_owned(), json!(true))).collect();
        categories.insert((*category).to_owned(), Value::Object(features));
    }
    for (category, name, there) in [
        ("api", "admin", settings.admin),
        ("api", "remote_write_receiver", settings.receive_writes),
        ("promql", "delayed_name_removal", settings.delayed_names),
        ("promql", "type_and_unit_labels", settings.type_and_unit_labels),
        ("scrape", "type_and_unit_labels", settings.type_and_unit_labels),
    ] {
        if let Some(features) = categories.get_mut(category).and_then(Value::as_object_mut) {
            features.insert(name.to_owned(), json!(there));
        }
    }
    render::success(&Value::Object(categories).to_string())
}

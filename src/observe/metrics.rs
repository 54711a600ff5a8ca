//! The metrics of one server, in the Prometheus text format.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/observability.html#metrics>.

use prometheus::core::Collector;
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// The metrics of one server. A registry per server, because tests run many in one process.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    pub schema_cache_loads: IntCounterVec,
    /// Seconds that the last load's catalogue queries took.
    pub schema_cache_query_time: Gauge,
    /// Requests that were read as their frontend meant them, by rule.
    pub frontend_faults: IntCounterVec,
    /// Attempts to deliver webhooks, by outcome.
    pub webhook_deliveries: IntCounterVec,
    pub webhook_queue_depth: IntGauge,
    pub webhook_queue_age: IntGauge,
    /// Answers under an old name, by name and by what became of the request (`served`, `gone`).
    pub legacy_requests: IntCounterVec,
    pub pool_timeouts: IntCounter,
    pub pool_available: IntGauge,
    pub pool_waiting: IntGauge,
    pub pool_max: IntGauge,
    pub jwt_cache_requests: IntCounter,
    pub jwt_cache_hits: IntCounter,
    pub jwt_cache_evictions: IntCounter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| register(&registry, IntCounter::new(name, help));
        let gauge = |name: &str, help: &str| register(&registry, IntGauge::new(name, help));
        let loads = Opts::new(
            "pgrst_schema_cache_loads_total",
            "Loads of the schema cache",
        );
        let faults = Opts::new(
            "crm_frontend_faults_total",
            "Requests that were read as their frontend meant them",
        );
        let webhooks = Opts::new(
            "crm_webhook_deliveries_total",
            "Attempts to deliver webhooks",
        );
        let legacy = Opts::new("crm_legacy_requests_total", "Requests under an old name");
        Self {
            schema_cache_loads: register(&registry, IntCounterVec::new(loads, &["status"])),
            schema_cache_query_time: register(
                &registry,
                Gauge::new(
                    "pgrst_schema_cache_query_time_seconds",
                    "Time of the last schema cache load's queries",
                ),
            ),
            frontend_faults: register(&registry, IntCounterVec::new(faults, &["rule"])),
            webhook_deliveries: register(&registry, IntCounterVec::new(webhooks, &["outcome"])),
            webhook_queue_depth: gauge(
                "crm_webhook_queue_depth",
                "Webhook deliveries that are still open",
            ),
            webhook_queue_age: gauge(
                "crm_webhook_queue_age_seconds",
                "Age of the oldest open webhook delivery",
            ),
            legacy_requests: register(&registry, IntCounterVec::new(legacy, &["name", "outcome"])),
            pool_timeouts: counter(
                "pgrst_db_pool_timeouts_total",
                "Requests that got no connection in time",
            ),
            pool_available: gauge("pgrst_db_pool_available", "Idle connections of the pool"),
            pool_waiting: gauge("pgrst_db_pool_waiting", "Requests waiting for a connection"),
            pool_max: gauge("pgrst_db_pool_max", "Most connections that the pool holds"),
            jwt_cache_requests: counter(
                "pgrst_jwt_cache_requests_total",
                "Tokens looked up in the JWT cache",
            ),
            jwt_cache_hits: counter(
                "pgrst_jwt_cache_hits_total",
                "Tokens found in the JWT cache",
            ),
            jwt_cache_evictions: counter(
                "pgrst_jwt_cache_evictions_total",
                "Tokens that the JWT cache gave up for others",
            ),
            registry,
        }
    }

    /// The Prometheus text format.
    pub fn render(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_default()
    }
}

fn register<M: Collector + Clone + 'static>(
    registry: &Registry,
    metric: Result<M, prometheus::Error>,
) -> M {
    let metric = metric.expect("a valid constant name");
    registry
        .register(Box::new(metric.clone()))
        .expect("each name is registered once");
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgrests_names_and_types_are_there_from_the_start() {
        let metrics = Metrics::new();
        metrics
            .schema_cache_loads
            .with_label_values(&["SUCCESS"])
            .inc();
        let text = metrics.render();
        for (name, kind) in [
            ("pgrst_schema_cache_query_time_seconds", "gauge"),
            ("pgrst_schema_cache_loads_total", "counter"),
            ("pgrst_db_pool_timeouts_total", "counter"),
            ("pgrst_db_pool_available", "gauge"),
            ("pgrst_db_pool_waiting", "gauge"),
            ("pgrst_db_pool_max", "gauge"),
            ("pgrst_jwt_cache_requests_total", "counter"),
            ("pgrst_jwt_cache_hits_total", "counter"),
            ("pgrst_jwt_cache_evictions_total", "counter"),
        ] {
            assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
        }
        assert!(text.contains("pgrst_schema_cache_loads_total{status=\"SUCCESS\"} 1\n"));
    }
}

//! What the server tells about itself: metrics under PostgREST's names where the meaning is the same.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/observability.html#metrics>.

use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// The metrics of one server. A registry per server, because tests run many in one process.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    pub schema_cache_loads: IntCounterVec,
    pub schema_cache_query_time: Histogram,
    /// Requests that were read as their frontend meant them, by rule.
    pub frontend_faults: IntCounterVec,
    pub pool_timeouts: IntGauge,
    pub pool_available: IntGauge,
    pub pool_waiting: IntGauge,
    pub pool_max: IntGauge,
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
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help).expect("a valid constant name");
            registry
                .register(Box::new(gauge.clone()))
                .expect("each name is registered once");
            gauge
        };
        let pool_timeouts = gauge("pgrst_db_pool_timeouts_total", "Pool acquisition timeouts");
        let pool_available = gauge("pgrst_db_pool_available", "Idle connections in the pool");
        let pool_waiting = gauge("pgrst_db_pool_waiting", "Requests waiting for a connection");
        let pool_max = gauge("pgrst_db_pool_max", "Maximum connections of the pool");
        let schema_cache_loads = IntCounterVec::new(
            Opts::new("pgrst_schema_cache_loads_total", "Schema cache loads"),
            &["status"],
        )
        .expect("a valid constant name");
        registry
            .register(Box::new(schema_cache_loads.clone()))
            .expect("registered once");
        let schema_cache_query_time = Histogram::with_opts(HistogramOpts::new(
            "pgrst_schema_cache_query_time_seconds",
            "Time of the catalogue queries of a schema cache load",
        ))
        .expect("a valid constant name");
        registry
            .register(Box::new(schema_cache_query_time.clone()))
            .expect("registered once");
        let frontend_faults = IntCounterVec::new(
            Opts::new(
                "crm_frontend_faults_total",
                "Requests that were read as their frontend meant them",
            ),
            &["rule"],
        )
        .expect("a valid constant name");
        registry
            .register(Box::new(frontend_faults.clone()))
            .expect("registered once");
        Self {
            registry,
            frontend_faults,
            schema_cache_loads,
            schema_cache_query_time,
            pool_timeouts,
            pool_available,
            pool_waiting,
            pool_max,
        }
    }

    /// The Prometheus text format.
    pub fn render(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_default()
    }
}

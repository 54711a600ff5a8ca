//! The private cluster of this test program: started by the first test that needs it, stopped and
//! removed when the program ends, however it ends (see `oppbase::pg::embedded`).

use std::sync::OnceLock;

use oppbase::pg::embedded::{Cluster, ClusterOptions, Durability, uri};

/// Roles every template expects; they belong to the cluster, not to a database.
const ROLES: &str = include_str!("roles.sql");

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// Connection URI of the superuser for one database of the cluster.
pub fn admin_uri(database: &str) -> String {
    cluster().uri(database)
}

/// Connection URI of the role that the server connects as.
pub fn authenticator_uri(database: &str) -> String {
    uri("authenticator", None, cluster().port(), database)
}

/// The cluster, started on first use. Other threads wait for it.
pub fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| {
        let dir = tempfile::Builder::new()
            .prefix("oppbase-test-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        // Root's private temporary folders are closed to PostgreSQL's user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&dir, open).expect("permissions of an own folder");
        let cluster = Cluster::start(ClusterOptions {
            dir,
            port: 0,
            password: None,
            durability: Durability::Throwaway,
            settings: Vec::new(),
        });
        let cluster = cluster.unwrap_or_else(|e| panic!("no test cluster: {e}; {:?}", e.hint()));
        super::db::block_on(super::db::execute(cluster.uri("postgres"), ROLES.into()));
        cluster
    })
}

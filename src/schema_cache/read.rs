//! The catalogue queries of `sql/`, for all there is or for some relations and functions.
//!
//! Comes in: a connection inside the load's transaction. Goes out: what [`super::known`] keeps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::decode;
use super::gather::{Gathered, Relation, Relations};
use super::known::{Facts, Patch, RoutineFacts};
use super::load::{LoadOptions, ROUTINES_SQL, load_error};
use super::representation::Representations;
use super::routine::Routine;
use super::view_keys::View;
use crate::error::Error;
use crate::pg::ident::quote_ident;

/// A parameter and its type.
pub(super) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// Runs queries in the load's transaction.
pub(super) struct Run<'a> {
    pub client: &'a Client,
    pub options: &'a LoadOptions,
}

impl Run<'_> {
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.client
            .batch_execute(sql)
            .await
            .map_err(|e| load_error("the transaction", &e))
    }

    pub(super) async fn query(
        &self,
        label: &'static str,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Error> {
        self.client
            .query_typed(sql, params)
            .await
            .map_err(|e| load_error(label, &e))
    }

    fn schemas(&self) -> Vec<String> {
        let schemas = self.options.schemas.iter();
        schemas.map(|schema| quote_ident(schema)).collect()
    }

    /// Everything.
    pub(super) async fn facts(&self) -> Result<Facts, Error> {
        Ok(Facts {
            relations: self.relations(None).await?,
            routines: self.routine_facts(None).await?,
            representations: self.representations().await?,
        })
    }

    /// Some relations and functions.
    pub(super) async fn patch(
        &self,
        relations: &BTreeSet<u32>,
        routines: &BTreeSet<u32>,
    ) -> Result<Patch, Error> {
        let found = match relations.is_empty() {
            true => Relations::new(),
            false => self.relations(Some(relations)).await?,
        };
        let routines = match routines.is_empty() {
            true => None,
            false => {
                let found = self.routine_facts(Some(routines)).await?;
                Some((routines.clone(), found))
            }
        };
        Ok(Patch {
            asked: relations.clone(),
            relations: found,
            routines,
            representations: self.representations().await?,
        })
    }

    async fn representations(&self) -> Result<Representations, Error> {
        let sql = include_str!("sql/representations.sql");
        decode::representations(&self.query("representations", sql, &[]).await?)
    }

    async fn relations(&self, only: Option<&BTreeSet<u32>>) -> Result<Relations, Error> {
        let schemas = self.schemas();
        let only: Option<Vec<u32>> = only.map(|oids| oids.iter().copied().collect());
        let params: [Param<'_>; 3] = [
            (&schemas as _, Type::TEXT_ARRAY),
            (&self.options.extra_search_path as _, Type::TEXT_ARRAY),
            (&only as _, Type::OID_ARRAY),
        ];
        let sql = include_str!("sql/relations.sql");
        let rows = self.query("relations", sql, &params).await?;
        let relations = decode::all(&rows, decode::relation)?;
        let mut gathered = self.parts(&relations).await?;
        gathered.views = self.views(&relations).await?;
        gathered.relations = relations;
        let (types, modifiers) = gathered.type_ids();
        let params: [Param<'_>; 2] = [
            (&types as _, Type::OID_ARRAY),
            (&modifiers as _, Type::INT4_ARRAY),
        ];
        let rows = self.query("types", include_str!("sql/types.sql"), &params);
        gathered.types = decode::all(&rows.await?, decode::column_type)?
            .into_iter()
            .collect();
        Ok(gathered.finish())
    }

    /// Columns, comments and keys of the relations.
    async fn parts(&self, relations: &[Relation]) -> Result<Gathered, Error> {
        let oids = oids(relations, |_| true);
        let shown = self::oids(relations, Relation::is_shown);
        let asked = self::oids(relations, Relation::may_be_updatable);
        let oids: [Param<'_>; 2] = [
            (&oids as _, Type::OID_ARRAY),
            (&shown as _, Type::OID_ARRAY),
        ];
        let asked: [Param<'_>; 1] = [(&asked as _, Type::OID_ARRAY)];
        let (columns, comments, keys, events) = futures_util::try_join!(
            self.query("columns", include_str!("sql/columns.sql"), &oids),
            self.query("comments", include_str!("sql/comments.sql"), &oids[..1]),
            self.query("keys", include_str!("sql/keys.sql"), &oids[..1]),
            self.query("updatable", include_str!("sql/updatable.sql"), &asked),
        )?;
        let mut gathered = Gathered::default();
        for (relation, column) in decode::all(&columns, decode::column)? {
            gathered.columns.entry(relation).or_default().push(column);
        }
        gathered.comments = decode::all(&comments, decode::comment)?
            .into_iter()
            .collect();
        gathered.keys = decode::all(&keys, decode::key)?;
        gathered.events = decode::all(&events, decode::events)?.into_iter().collect();
        Ok(gathered)
    }

    async fn views(&self, relations: &[Relation]) -> Result<HashMap<u32, View>, Error> {
        let by_oid: HashMap<u32, &Relation> = relations
            .iter()
            .filter(|relation| relation.is_view())
            .map(|relation| (relation.oid, relation))
            .collect();
        let oids = oids(relations, Relation::is_view);
        let params: [Param<'_>; 1] = [(&oids as _, Type::OID_ARRAY)];
        let rows = self.query("views", include_str!("sql/views.sql"), &params);
        let rows = decode::all(&rows.await?, decode::view)?;
        let views = rows.into_iter().filter_map(|(oid, columns, origins)| {
            let relation = by_oid.get(&oid)?;
            let view = View {
                oid,
                name: relation.name.clone(),
                is_exposed: relation.is_exposed,
                columns,
                origins,
            };
            Some((oid, view))
        });
        Ok(views.collect())
    }

    async fn routine_facts(&self, only: Option<&BTreeSet<u32>>) -> Result<RoutineFacts, Error> {
        let computed = include_str!("sql/computed_relationships.sql");
        let computed = self.query("computed relationships", computed, &[]).await?;
        let schemas = self.schemas();
        let schemas: [Param<'_>; 1] = [(&schemas as _, Type::TEXT_ARRAY)];
        let handlers = include_str!("sql/media_handlers.sql");
        let handlers = self.query("media handlers", handlers, &schemas).await?;
        Ok(RoutineFacts {
            routines: self.routines(only).await?,
            computed: decode::all(&computed, decode::computed_relationship)?,
            media_handlers: decode::media_handlers(&handlers)?,
        })
    }

    async fn routines(
        &self,
        only: Option<&BTreeSet<u32>>,
    ) -> Result<BTreeMap<u32, Routine>, Error> {
        let schemas = self.schemas();
        let only: Option<Vec<u32>> = only.map(|oids| oids.iter().copied().collect());
        let params: [Param<'_>; 2] = [
            (&schemas as _, Type::TEXT_ARRAY),
            (&only as _, Type::OID_ARRAY),
        ];
        let sql = include_str!("sql/routine_oids.sql");
        let rows = self.query("routines", sql, &params).await?;
        let oids: Vec<u32> = decode::all(&rows, |row| row.try_get("oid"))?;
        let params: [Param<'_>; 3] = [
            (&oids as _, Type::OID_ARRAY),
            (&self.options.hoisted_tx_settings as _, Type::TEXT_ARRAY),
            (&false as _, Type::BOOL),
        ];
        let sql = routines_by_oid_sql();
        let rows = self.query("routines", &sql, &params).await?;
        let routines = decode::all(&rows, |row| {
            Ok((row.try_get("oid")?, decode::routine(row)?))
        })?;
        Ok(routines.into_iter().collect())
    }
}

/// [`ROUTINES_SQL`] for functions given by OID (`oid[]`) instead of by schema.
fn routines_by_oid_sql() -> String {
    ROUTINES_SQL.replace(
        "p.pronamespace = ANY ($1::regnamespace[])",
        "p.oid = ANY ($1::oid[])",
    )
}

fn oids(relations: &[Relation], wanted: impl Fn(&Relation) -> bool) -> Vec<u32> {
    let relations = relations.iter().filter(|relation| wanted(relation));
    relations.map(|relation| relation.oid).collect()
}

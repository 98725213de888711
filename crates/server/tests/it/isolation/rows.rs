//! Everything that is an organization's, as text, to be held against itself later.

use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Every row of an organization, table by table.
pub async fn rows_of(connection: &mut PgConnection, organization_id: &str) -> BTreeMap<String, String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'organization_id'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let query = format!(
            "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {table} t WHERE organization_id = $1::uuid"
        );
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .bind(organization_id.parse::<Uuid>().unwrap())
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        rows.insert(table, text);
    }
    rows
}

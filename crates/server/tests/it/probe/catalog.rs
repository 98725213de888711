//! What the probe knows of the tables: their classes from ARCHITECTURE.md, the rest from the database's own catalog.

use super::world::Row;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Who may see a row, as the page of that name in ARCHITECTURE.md says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Organization,
    Person,
    Video,
    Parent,
    Owner,
    System,
    Shared,
}

/// A table with the rows the probe put into it.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    pub class: Class,
    pub rows: Vec<Row>,
    /// Makes the condition that finds a row `t` by its primary key.
    pub key_expression: String,
    /// The columns that can be written.
    pub columns: Vec<String>,
    /// A column without any constraint or index, which may be set on many rows at once.
    pub plain_column: String,
    /// Role and verb, of those that are granted.
    granted: BTreeSet<(String, String)>,
}

impl Table {
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known == column)
    }

    pub fn is_granted(&self, role: &str, verb: &str) -> bool {
        self.granted.contains(&(role.to_owned(), verb.to_owned()))
    }
}

/// The classes by table.
fn classes() -> BTreeMap<String, Class> {
    let page = include_str!("../../../../../ARCHITECTURE.md");
    let (_, page) = page.split_once("### Who may see a row").expect("ARCHITECTURE.md says who may see a row");
    let (page, _) = page.split_once("\n## ").unwrap();
    let mut classes = BTreeMap::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let class = match cells[0] {
            "organization" => Class::Organization,
            "person" => Class::Person,
            "video" => Class::Video,
            "parent" => Class::Parent,
            "owner" => Class::Owner,
            "system" => Class::System,
            "shared" => Class::Shared,
            _ => continue,
        };
        for table in cells[2].split(", ") {
            // What is in parentheses is for people.
            let name = table.split_once(" (").map_or(table, |(name, _)| name);
            assert!(classes.insert(name.to_owned(), class).is_none(), "ARCHITECTURE.md names {name} twice");
        }
    }
    classes
}

/// Every table of the product.
pub async fn tables(connection: &mut PgConnection) -> Vec<Table> {
    let mut classes = classes();
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
             AND NOT relispartition AND relname <> '_sqlx_migrations' ORDER BY 1",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut tables = Vec::new();
    for name in names {
        let class = classes.remove(&name).unwrap_or_else(|| {
            panic!("say in ARCHITECTURE.md, under \"Who may see a row\", of which class {name} is")
        });
        tables.push(describe(connection, name, class).await);
    }
    assert!(
        classes.is_empty(),
        "ARCHITECTURE.md says who may see rows of tables that are not there: {classes:?}"
    );
    tables
}

async fn describe(connection: &mut PgConnection, name: String, class: Class) -> Table {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
             AND attgenerated = '' AND attidentity = '' ORDER BY attnum",
    )
    .bind(&name)
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let key_columns: Vec<String> = sqlx::query_scalar(
        "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
         WHERE i.indrelid = $1::regclass AND i.indisprimary",
    )
    .bind(&name)
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let conditions: Vec<String> =
        key_columns.iter().map(|column| format!("format('{column} = %L', t.{column})")).collect();
    let plain_column: Option<String> = sqlx::query_scalar(
        "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attname = ANY($2)
             AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY(i.indkey))
             AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype <> 'n'
                 AND a.attnum = ANY(k.conkey))
         -- Best one that the serving role may change.
         ORDER BY NOT has_column_privilege('memoreel_app', a.attrelid, a.attnum, 'UPDATE'), a.attnum LIMIT 1",
    )
    .bind(&name)
    .bind(&columns)
    .fetch_optional(&mut *connection)
    .await
    .unwrap();
    let granted: Vec<(String, String)> = sqlx::query_as(
        "SELECT role, verb FROM unnest(ARRAY['memoreel_app', 'memoreel_system', 'memoreel_search', 'memoreel_owner']) AS role
         CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS verb
         WHERE has_table_privilege(role::name, $1, verb)
             OR (verb <> 'DELETE' AND has_any_column_privilege(role::name, $1, verb))",
    )
    .bind(&name)
    .fetch_all(connection)
    .await
    .unwrap();
    Table {
        key_expression: conditions.join(" || ' AND ' || "),
        plain_column: plain_column.unwrap_or_else(|| panic!("{name} has no column without a constraint")),
        name,
        class,
        rows: Vec::new(),
        columns,
        granted: granted.into_iter().collect(),
    }
}

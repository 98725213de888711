//! Sealed values of any table, to be sealed anew. Names of tables and columns are constants of `sealed.rs`.

use crate::{IdentityError, sealed::SealedColumn};
use memoreel_db::SystemTx;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Rows after `after` whose values were not sealed under the key with this id, held until the end of the transaction. Where there is no
/// value, as of an upload that is not fetched, nothing is sealed.
pub(crate) async fn hold_former(
    tx: &mut SystemTx,
    column: SealedColumn,
    key_id: &[u8],
    after: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, Vec<u8>)>, IdentityError> {
    let (table, value, key) = parts(column);
    // The audit log tells what people change; this changes nothing that anybody chose.
    sqlx::query("SELECT set_config('app.role', 'service', true)").execute(&mut **tx).await?;
    let query = format!(
        "SELECT {key}, {value} FROM {table}
         WHERE {key} > $1 AND substring({value} FROM 2 FOR octet_length($2)) <> $2
         ORDER BY {key} LIMIT $3 FOR UPDATE"
    );
    let rows = sqlx::query_as(AssertSqlSafe(query))
        .bind(after)
        .bind(key_id)
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows)
}

/// Puts a value into the place of the one that lies there.
pub(crate) async fn replace_sealed(
    tx: &mut SystemTx,
    column: SealedColumn,
    row: Uuid,
    sealed: &[u8],
) -> Result<(), IdentityError> {
    let (table, value, key) = parts(column);
    let query = format!("UPDATE {table} SET {value} = $2 WHERE {key} = $1");
    sqlx::query(AssertSqlSafe(query)).bind(row).bind(sealed).execute(&mut **tx).await?;
    Ok(())
}

/// Table, column and key.
fn parts(column: SealedColumn) -> (&'static str, &'static str, &'static str) {
    let (table, value) = column.name.split_once('.').unwrap_or((column.name, "secret"));
    (table, value, column.key)
}

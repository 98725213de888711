//! Users, their personal organizations, and what they may see of themselves.

use super::{NewOrganization, insert_organization_by_name, join, role, status};
use crate::{
    IdentityError,
    model::{Me, MyOrganization, User},
};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{OrganizationId, Role, Timestamp, UserId};
use sqlx::PgConnection;

/// A person to be, with checked fields.
pub(crate) struct Person<'a> {
    pub(crate) id: UserId,
    pub(crate) organization_id: OrganizationId,
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    /// Absent for those who sign in otherwise.
    pub(crate) password_hash: Option<&'a str>,
    /// Since when the address is known to be theirs.
    pub(crate) email_verified_at: Option<Timestamp>,
    /// Whether nobody signs in before the address is confirmed.
    pub(crate) confirm_first: bool,
    pub(crate) now: Timestamp,
}

/// Inserts the user, their personal organization, and that they own it.
///
/// # Errors
/// [`IdentityError::EmailTaken`].
pub(crate) async fn insert_person(tx: &mut SystemTx, person: &Person<'_>) -> Result<User, IdentityError> {
    let inserted = sqlx::query!(
        "INSERT INTO users (id, email, name, password_hash, email_verified_at, confirm_first, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (lower(email)) DO NOTHING
         RETURNING id",
        person.id.uuid(),
        person.email,
        person.name,
        person.password_hash,
        person.email_verified_at,
        person.confirm_first,
        person.now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    inserted.ok_or(IdentityError::EmailTaken)?;
    let personal = NewOrganization {
        id: person.organization_id,
        name: person.name,
        description: None,
        personal_owner_id: Some(person.id),
        now: person.now,
    };
    insert_organization_by_name(tx, &personal, person.email).await?;
    join(tx, person.organization_id, person.id, Role::Owner, person.now).await?;
    Ok(User {
        id: person.id,
        email: person.email.to_owned(),
        name: person.name.to_owned(),
        email_verified: person.email_verified_at.is_some(),
        has_totp: false,
        created_at: person.now,
    })
}

/// What a sign-in is checked against.
pub(crate) struct SignInRow {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) password_hash: Option<String>,
}

/// The active user with this address, whatever its case.
pub(crate) async fn find_sign_in(tx: &mut SystemTx, email: &str) -> Result<Option<SignInRow>, IdentityError> {
    let row = sqlx::query_as!(
        SignInRow,
        r#"SELECT id AS "id: _", email, password_hash FROM users WHERE lower(email) = lower($1) AND is_active"#,
        email,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// Notes the sign-in and holds the user's row until the end of the transaction, so that concurrent sign-ins count
/// each other's sessions. `renewed` replaces a hash made in an older way. False when the account was closed, waits for its
/// address to be confirmed, or its password changed since it was checked.
pub(crate) async fn record_sign_in(
    tx: &mut SystemTx,
    user_id: UserId,
    password_hash: &str,
    renewed: Option<&str>,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let updated = sqlx::query!(
        "UPDATE users SET last_login_at = $3, password_hash = coalesce($4, password_hash)
         WHERE id = $1 AND password_hash = $2 AND is_active AND (email_verified_at IS NOT NULL OR NOT confirm_first)",
        user_id.uuid(),
        password_hash,
        now,
        renewed,
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Whether the address has to be confirmed before anybody signs in.
pub(crate) async fn is_to_confirm(tx: &mut SystemTx, user_id: UserId) -> Result<bool, IdentityError> {
    let waits = sqlx::query_scalar!(
        r#"SELECT confirm_first AND email_verified_at IS NULL AS "waits!" FROM users WHERE id = $1"#,
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(waits)
}

/// Notes a sign-in without a password, and holds the user's row until the end of the transaction, so that concurrent sign-ins
/// count each other's sessions. False when the account is closed.
pub(crate) async fn record_entry(
    tx: &mut SystemTx,
    user_id: UserId,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let updated =
        sqlx::query!("UPDATE users SET last_login_at = $2 WHERE id = $1 AND is_active", user_id.uuid(), now,)
            .execute(&mut **tx)
            .await?;
    Ok(updated.rows_affected() == 1)
}

/// The user with this address, active or not.
pub(crate) async fn find_user(tx: &mut SystemTx, email: &str) -> Result<Option<User>, IdentityError> {
    let user = sqlx::query_as!(
        User,
        r#"SELECT id AS "id: _", email, coalesce(name, split_part(email, '@', 1)) AS "name!",
                  email_verified_at IS NOT NULL AS "email_verified!",
                  EXISTS (SELECT FROM user_totp t WHERE t.user_id = users.id AND t.confirmed_at IS NOT NULL) AS "has_totp!",
                  created_at
           FROM users WHERE lower(email) = lower($1)"#,
        email,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(user)
}

/// The user in one of their organizations.
pub(crate) struct MeRow {
    email: String,
    user_name: String,
    email_verified: bool,
    has_totp: bool,
    created_at: Timestamp,
    erased_after: Option<Timestamp>,
    organization_id: OrganizationId,
    name: String,
    slug: String,
    status: String,
    role: String,
    is_personal: bool,
}

/// The user and their organizations, the personal one first and then as they joined them. `here` is the one the
/// request is about, or else the first; `only_here` leaves the others out, for keys that open no other.
pub(crate) async fn find_me(
    connection: &mut PgConnection,
    user_id: UserId,
    here: Option<OrganizationId>,
    only_here: bool,
) -> Result<Option<Me>, IdentityError> {
    me(user_id, here, find_me_rows(connection, user_id, here, only_here).await?)
}

/// A row for each of the organizations that [`find_me`] tells of, from which [`me`] makes its answer.
pub(crate) async fn find_me_rows(
    connection: &mut PgConnection,
    user_id: UserId,
    here: Option<OrganizationId>,
    only_here: bool,
) -> Result<Vec<MeRow>, sqlx::Error> {
    sqlx::query_as!(
        MeRow,
        r#"SELECT u.email, coalesce(u.name, split_part(u.email, '@', 1)) AS "user_name!",
                  u.email_verified_at IS NOT NULL AS "email_verified!",
                  EXISTS (SELECT FROM user_totp t WHERE t.user_id = u.id AND t.confirmed_at IS NOT NULL) AS "has_totp!",
                  u.created_at, u.erased_after,
                  o.id AS "organization_id: OrganizationId", o.name, o.slug, o.status, m.role,
                  o.personal_owner_id IS NOT DISTINCT FROM u.id AS "is_personal!"
           FROM users u
           JOIN memberships m ON m.user_id = u.id
           JOIN organizations o ON o.id = m.organization_id
           WHERE u.id = $1 AND (o.id = $2 OR NOT $3)
           ORDER BY o.personal_owner_id IS NOT DISTINCT FROM u.id DESC, m.created_at, m.id"#,
        user_id.uuid(),
        here.map(OrganizationId::uuid),
        only_here,
    )
    .fetch_all(connection)
    .await
}

/// What [`find_me`] answers, from its rows.
pub(crate) fn me(
    user_id: UserId,
    here: Option<OrganizationId>,
    rows: Vec<MeRow>,
) -> Result<Option<Me>, IdentityError> {
    let Some(first) = rows.first() else { return Ok(None) };
    let user = User {
        id: user_id,
        email: first.email.clone(),
        name: first.user_name.clone(),
        email_verified: first.email_verified,
        has_totp: first.has_totp,
        created_at: first.created_at,
    };
    let erased_after = first.erased_after;
    let organizations: Vec<MyOrganization> = rows
        .into_iter()
        .map(|row| {
            Ok(MyOrganization {
                id: row.organization_id,
                name: row.name,
                slug: row.slug,
                status: status(&row.status)?,
                role: role(&row.role)?,
                is_personal: row.is_personal,
            })
        })
        .collect::<Result<_, IdentityError>>()?;
    let is_here = |organization: &&MyOrganization| here.is_none_or(|id| organization.id == id);
    let organization = organizations.iter().find(is_here).cloned();
    Ok(organization.map(|organization| Me {
        user,
        // A closed account can only be opened again.
        may: if erased_after.is_some() { Vec::new() } else { organization.may() },
        organization,
        organizations,
        erased_after,
    }))
}

/// Holds the caller's own row until the end of the transaction, so that changes made at once follow each other.
pub(crate) async fn lock_own_user(tx: &mut TenantTx, user_id: UserId) -> Result<(), IdentityError> {
    sqlx::query!("SELECT id FROM users WHERE id = $1 FOR UPDATE", user_id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(())
}

/// Gives the user another name. False when there is no such user.
pub(crate) async fn rename_user(
    tx: &mut TenantTx,
    user_id: UserId,
    name: &str,
) -> Result<bool, IdentityError> {
    let updated = sqlx::query!("UPDATE users SET name = $2 WHERE id = $1", user_id.uuid(), name)
        .execute(&mut **tx)
        .await?;
    Ok(updated.rows_affected() == 1)
}

//! What providers know a person as.

use crate::{IdentityError, authenticate::session_of, model::Identity, store};
use memoreel_db::SystemReason;
use memoreel_kernel::{Caller, IdentityId, UserId};
use memoreel_web::App;

/// The person's identities, oldest first.
///
/// # Errors
/// [`IdentityError::SessionRequired`].
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    user_id: UserId,
) -> Result<Vec<Identity>, IdentityError> {
    session_of(caller)?;
    let rows = store::identities(&mut app.db.tenant(caller).await?, user_id).await?;
    let identity = |row: store::IdentityRow| Identity {
        id: row.id,
        provider_name: app.sign_in.provider_name(&row.provider).to_owned(),
        provider: row.provider,
        email: row.email,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    };
    Ok(rows.into_iter().map(identity).collect())
}

/// Unlinks an identity, unless it is the last way into the account.
///
/// # Errors
/// [`IdentityError::SessionRequired`], [`IdentityError::NotFound`], [`IdentityError::LastWayIn`].
pub(crate) async fn unlink(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    id: IdentityId,
) -> Result<(), IdentityError> {
    session_of(caller)?;
    let mut tx = app.db.system(SystemReason::SignIn).await?;
    // Two that are unlinked at once see each other.
    store::lock_user(&mut tx, user_id).await?;
    let linked = store::identity_providers(&mut tx, user_id).await?;
    if !linked.iter().any(|(known, _)| *known == id) {
        return Err(IdentityError::NotFound("identity"));
    }
    let owner = store::find_owner(&mut tx, user_id).await?.ok_or(IdentityError::NotFound("user"))?;
    // Nobody gets in through a provider that is not configured any more.
    let leads_in =
        |(other, provider): &(IdentityId, String)| *other != id && app.sign_in.provider(provider).is_some();
    if owner.password_hash.is_none() && !linked.iter().any(leads_in) {
        return Err(IdentityError::LastWayIn);
    }
    store::delete_identity(&mut tx, user_id, id).await?;
    tx.commit().await?;
    Ok(())
}

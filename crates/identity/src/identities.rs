//! What providers know a person as.

use crate::{
    IdentityError,
    authenticate::session_of,
    model::Identity,
    notices::{self, Notice},
    passkeys, store,
};
use memoreel_db::{SystemReason, SystemTx};
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
    let unlinked = linked.iter().find(|(known, _)| *known == id);
    let (_, provider) = unlinked.ok_or(IdentityError::NotFound("identity"))?;
    store::delete_identity(&mut tx, user_id, id).await?;
    check_way_in(app, &mut tx, user_id).await?;
    let name = app.sign_in.provider_name(provider);
    notices::tell(&mut tx, user_id, Notice::IdentityUnlinked, Some(name), app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether a person from whom a way in was taken still has one: a password, a passkey, or a provider that is configured. Expects
/// their row to be held, so that two ways that are taken at once see each other.
///
/// # Errors
/// [`IdentityError::LastWayIn`].
pub(crate) async fn check_way_in(app: &App, tx: &mut SystemTx, user_id: UserId) -> Result<(), IdentityError> {
    let owner = store::find_owner(tx, user_id).await?.ok_or(IdentityError::NotFound("user"))?;
    if owner.password_hash.is_some() {
        return Ok(());
    }
    let linked = store::identity_providers(tx, user_id).await?;
    if linked.iter().any(|(_, provider)| app.sign_in.provider(provider).is_some()) {
        return Ok(());
    }
    let has_passkey =
        passkeys::are_available(&app.public_url) && !store::credential_ids(tx, user_id).await?.is_empty();
    if has_passkey { Ok(()) } else { Err(IdentityError::LastWayIn) }
}

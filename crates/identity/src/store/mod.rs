//! All SQL of this slice, by what it is about.

mod api_keys;
mod attempts;
mod closing;
mod consents;
mod credentials;
mod domain_checks;
mod domains;
mod email_tokens;
mod identities;
mod invitations;
mod members;
mod organizations;
mod passkeys;
mod passwords;
mod people;
mod preferences;
mod sealed;
mod second_factor;
mod sessions;

pub(crate) use api_keys::{api_keys, delete_api_key, insert_api_key};
pub(crate) use attempts::{Attempt, begin_attempt, delete_attempts, delete_old_attempts};
pub(crate) use closing::{
    close_account, close_unconfirmed, hold_organizations_of, overdue_people, person_of_account,
    reopen_account, sole_ownerships,
};
pub(crate) use consents::{KeptConsent, consents, insert_consent, insert_first_consents, standing_consents};
pub(crate) use credentials::{
    Bearer, Cookie, find_bearer, find_cookie, find_personal_place, find_place, mark_key_used, renew_session,
};
pub(crate) use domain_checks::{CheckedDomain, domains_to_check, note_domain_check, owners, unverify_domain};
pub(crate) use domains::{
    RequiredRow, count_domains, delete_domain, domains, find_domain, find_required, hold_domain,
    hold_requiring_domains, insert_domain, insert_verified_domain, is_owner, join_by_domain,
    requiring_organizations, update_domain, verify_domain,
};
pub(crate) use email_tokens::{
    EmailToken, NewEmailToken, change_links, count_email_tokens, delete_email_tokens,
    delete_expired_email_tokens, enqueue_mail, find_email_token, insert_email_token, is_change_waiting,
    use_email_token, withdraw_change,
};
pub(crate) use identities::{
    EndedTrip, IdentityRow, NewIdentity, delete_expired_trips, delete_identity, end_trip, end_verified,
    find_identity, find_verified, identities, identity_providers, insert_identity, insert_trip, use_identity,
};
pub(crate) use invitations::{
    HeldOffer, MailedInvitation, NewInvitation, close_invitation, count_mailed, count_pending,
    enqueue_invitation_mail, expire_invitations, find_invitation, find_mailed_invitation, hold_offer,
    insert_invitation, invitations, is_address_of, renew_invitation, revoke_invitation, revoke_pending,
};
pub(crate) use members::{
    delete_member, find_member, has_other_owner, is_member, join, members, update_role,
};
pub(crate) use organizations::{
    HeldOrganization, NewOrganization, OrganizationChanges, Place, count_owned, delete_organization,
    find_organization, hold_organization, insert_organization, insert_organization_by_name, organizations,
    overdue_organizations, restore_organization, switch_status, update_organization,
};
pub(crate) use passkeys::{
    CeremonyPurpose, NewCeremony, NewPasskey, credential_ids, delete_expired_ceremonies, delete_passkey,
    hold_passkey, insert_ceremony, insert_passkey, mark_passkey_used, passkey_owner, passkeys,
    rename_passkey, take_ceremony,
};
pub(crate) use passwords::{
    Owner, change_email, change_password, delete_other_ways_in, delete_sessions_except, find_owner,
    lock_user, lock_user_in_session, rotate_session, verify_email,
};
pub(crate) use people::{
    Person, find_me, find_me_rows, find_sign_in, find_user, insert_person, is_to_confirm, lock_own_user, me,
    record_entry, record_sign_in, rename_user,
};
pub(crate) use preferences::{keep_preferences, preferences};
pub(crate) use sealed::{hold_former, replace_sealed};
pub(crate) use second_factor::{
    Totp, begin_totp, confirm_totp, delete_totp, find_totp, replace_recovery_codes, use_recovery_code,
    use_totp_step,
};
pub(crate) use sessions::{
    NewSession, delete_expired_sessions, delete_old_idempotency_keys, delete_session,
    delete_session_of_token, delete_sessions_beside, find_session_start, open_session, session_lives,
    sessions, signed_in_beside,
};

use crate::IdentityError;
use memoreel_db::SystemTx;
use memoreel_kernel::{OrganizationStatus, Role, Timestamp, UserId};
use memoreel_web::Closed;

/// Says for the audit log who does what follows in this transaction, which it would not know otherwise.
pub(crate) async fn act_as(tx: &mut SystemTx, user_id: Option<UserId>) -> Result<(), IdentityError> {
    sqlx::query!(
        "SELECT set_config('app.user_id', $1, true)",
        user_id.map(|id| id.to_string()).unwrap_or_default(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

fn role(text: &str) -> Result<Role, IdentityError> {
    Role::parse(text).ok_or_else(|| IdentityError::RoleUnknown(text.to_owned()))
}

fn status(text: &str) -> Result<OrganizationStatus, IdentityError> {
    OrganizationStatus::parse(text).ok_or_else(|| IdentityError::StatusUnknown(text.to_owned()))
}

fn closed(status_text: &str, erased_after: Option<Timestamp>) -> Result<Option<Closed>, IdentityError> {
    match (status(status_text)?, erased_after) {
        (OrganizationStatus::Active, _) => Ok(None),
        (OrganizationStatus::Suspended, _) => Ok(Some(Closed::Suspended)),
        (OrganizationStatus::Deleted, Some(erased_after)) => Ok(Some(Closed::Deleted { erased_after })),
        (OrganizationStatus::Deleted, None) => Err(IdentityError::StatusUnknown(status_text.to_owned())),
    }
}

//! All SQL of this slice, by what it is about.

mod api_keys;
mod credentials;
mod people;
mod sessions;

pub(crate) use api_keys::{api_keys, delete_api_key, insert_api_key};
pub(crate) use credentials::{
    Bearer, Cookie, find_bearer, find_cookie, find_personal_place, mark_key_used, renew_session,
};
pub(crate) use people::{
    Person, find_me, find_sign_in, find_user, insert_person, record_sign_in, rename_user,
};
pub(crate) use sessions::{
    NewSession, delete_expired_sessions, delete_old_idempotency_keys, delete_session,
    delete_session_of_token, open_session, sessions,
};

use crate::IdentityError;
use memoreel_kernel::Role;

fn role(text: &str) -> Result<Role, IdentityError> {
    Role::parse(text).ok_or_else(|| IdentityError::RoleUnknown(text.to_owned()))
}

//! What people choose for themselves, and what they agreed to.

use crate::{
    IdentityError,
    preferences::{EmailRhythm, Preferences, Theme},
};
use memoreel_db::TenantTx;
use memoreel_kernel::{Timestamp, UserId};

/// What the person chose; the default where nothing was.
pub(crate) async fn preferences(tx: &mut TenantTx, user_id: UserId) -> Result<Preferences, IdentityError> {
    let row = sqlx::query!(
        r#"SELECT p.time_zone AS "time_zone?", p.locale AS "locale?", p.theme AS "theme?",
                  p.in_app_notifications AS "in_app_notifications?", p.email_notifications AS "email_notifications?",
                  e.marketing_consent AS "marketing_consent?", e.tos_accepted_at AS "tos_accepted_at?"
           FROM users u
           LEFT JOIN user_preferences p ON p.user_id = u.id
           LEFT JOIN user_extensions e ON e.user_id = u.id
           WHERE u.id = $1"#,
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.ok_or(IdentityError::NotFound("user"))?;
    let default = Preferences::default();
    Ok(Preferences {
        time_zone: row.time_zone,
        locale: row.locale,
        theme: row.theme.and_then(|text| Theme::parse(&text)).unwrap_or(default.theme),
        notify_in_app: row.in_app_notifications.unwrap_or(default.notify_in_app),
        notify_by_email: row
            .email_notifications
            .and_then(|text| EmailRhythm::parse(&text))
            .unwrap_or(default.notify_by_email),
        marketing_consent: row.marketing_consent.unwrap_or(default.marketing_consent),
        tos_accepted_at: row.tos_accepted_at,
    })
}

/// Keeps what the person chose. What they agreed to is kept by [`super::insert_consent`] alone.
pub(crate) async fn keep_preferences(
    tx: &mut TenantTx,
    user_id: UserId,
    preferences: &Preferences,
    now: Timestamp,
) -> Result<(), IdentityError> {
    sqlx::query!(
        "INSERT INTO user_preferences
             (user_id, time_zone, locale, theme, in_app_notifications, email_notifications, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (user_id) DO UPDATE SET time_zone = $2, locale = $3, theme = $4, in_app_notifications = $5,
             email_notifications = $6",
        user_id.uuid(),
        preferences.time_zone,
        preferences.locale,
        preferences.theme.as_str(),
        preferences.notify_in_app,
        preferences.notify_by_email.as_str(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

//! What people agree to. Each agreement and each withdrawal is kept with its version, time and place; the last one of a
//! document is how things stand.

use crate::{
    IdentityError,
    store::{self, KeptConsent},
};
use chrono::{DateTime, TimeDelta, Utc};
use memoreel_db::TenantTx;
use memoreel_kernel::UserId;
use memoreel_web::{App, Document};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What somebody says they agree to as they make an account: the versions they read, by document.
pub(crate) type Agreed = BTreeMap<Document, String>;

/// How many agreements and withdrawals are told, the newest first.
pub(crate) const HISTORY_MAX: i64 = 200;

/// How things stand with one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ConsentState {
    /// Which.
    document: Document,
    /// The version that holds now.
    current_version: String,
    /// Where it can be read.
    url: Option<String>,
    /// Whether an account can go on without it.
    is_optional: bool,
    /// Whether the person agrees, to whichever version.
    is_given: bool,
    /// Whether the person agrees to the version that holds now.
    is_current: bool,
    /// The version last agreed to or withdrawn.
    version: Option<String>,
    /// When that was.
    recorded_at: Option<DateTime<Utc>>,
}

/// An agreement, or the end of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Consent {
    /// To which document.
    document: Document,
    /// In which version.
    version: String,
    /// Whether it was given or withdrawn.
    is_given: bool,
    /// When.
    recorded_at: DateTime<Utc>,
    /// From which network address.
    address: Option<String>,
    /// With which browser or program.
    user_agent: Option<String>,
}

/// What a person agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Consents {
    /// How things stand, for each document.
    documents: Vec<ConsentState>,
    /// How they came to stand so, newest first; the last 200.
    history: Vec<Consent>,
}

/// Whether everything in it is the version that holds now.
///
/// # Errors
/// [`IdentityError::ConsentVersionStale`].
pub(crate) fn check_versions(app: &App, agreed: &Agreed) -> Result<(), IdentityError> {
    let is_current =
        |(document, version): (&Document, &String)| app.documents.of(*document).version == *version;
    if agreed.iter().all(is_current) { Ok(()) } else { Err(IdentityError::ConsentVersionStale) }
}

/// Whether it is enough to make an account.
///
/// # Errors
/// [`IdentityError::ConsentVersionStale`], [`IdentityError::ConsentRequired`].
pub(crate) fn check_sign_up(app: &App, agreed: &Agreed) -> Result<(), IdentityError> {
    check_versions(app, agreed)?;
    let is_given = |document: Document| agreed.contains_key(&document);
    if app.documents.asked_at_sign_up().all(|(document, _)| is_given(document)) {
        Ok(())
    } else {
        Err(IdentityError::ConsentRequired)
    }
}

/// How things stand, and how they came to.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn list(app: &App, tx: &mut TenantTx, user_id: UserId) -> Result<Consents, IdentityError> {
    let standing = store::standing_consents(tx, user_id).await?;
    let history = store::consents(tx, user_id, HISTORY_MAX).await?;
    let documents = Document::ALL.into_iter().map(|document| {
        let current = app.documents.of(document);
        let kept = standing.iter().find(|kept| kept.document == document.as_str());
        let is_given = kept.is_some_and(|kept| kept.is_given);
        ConsentState {
            document,
            current_version: current.version.clone(),
            url: current.url.clone(),
            is_optional: document.is_optional(),
            is_given,
            is_current: is_given && kept.is_some_and(|kept| kept.version == current.version),
            version: kept.map(|kept| kept.version.clone()),
            recorded_at: kept.map(|kept| kept.recorded_at),
        }
    });
    Ok(Consents {
        documents: documents.collect(),
        history: history.into_iter().filter_map(Consent::read).collect(),
    })
}

impl Consent {
    fn read(kept: KeptConsent) -> Option<Self> {
        Some(Self {
            document: Document::parse(&kept.document)?,
            version: kept.version,
            is_given: kept.is_given,
            recorded_at: kept.recorded_at,
            address: kept.address,
            user_agent: kept.user_agent,
        })
    }
}

/// Keeps that the person agrees to the version that holds now, or agrees no longer to the one they agreed to. What stands so
/// already is not kept again.
///
/// # Errors
/// [`IdentityError::ConsentNeeded`].
pub(crate) async fn record(
    app: &App,
    tx: &mut TenantTx,
    user_id: UserId,
    document: Document,
    is_given: bool,
) -> Result<(), IdentityError> {
    if !is_given && !document.is_optional() {
        return Err(IdentityError::ConsentNeeded);
    }
    let standing = store::standing_consents(tx, user_id).await?;
    let kept = standing.into_iter().find(|kept| kept.document == document.as_str());
    let current = &app.documents.of(document).version;
    let version = match &kept {
        Some(kept) if kept.is_given == is_given && (!is_given || kept.version == *current) => return Ok(()),
        None if !is_given => return Ok(()),
        Some(kept) if !is_given => &kept.version,
        _ => current,
    };
    // Whatever the clock says, the last one is how things stand.
    let after_kept = kept.as_ref().map(|kept| kept.recorded_at + TimeDelta::microseconds(1));
    let now = app.clock.now();
    let recorded_at = after_kept.map_or(now, |after_kept| after_kept.max(now));
    store::insert_consent(tx, user_id, document, version, is_given, recorded_at).await
}

//! Looking at verified domains again: whose one was when it was verified need not be whose it is.
//!
//! A domain that was verified by its record is looked up once a day. That the record is missing is told to the owners of the
//! organization the first time; when it has been missing for a week, and every time it was looked for, the domain is verified no
//! more, and what was said of its people means nothing until it is again. Name servers that do not answer say nothing about the
//! record. What the operator verified is not looked at.

use crate::{
    IdentityError, dns,
    notices::{self, Notice},
    store::{self, CheckedDomain},
};
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use memoreel_db::SystemReason;
use memoreel_kernel::Timestamp;
use memoreel_web::App;

/// How often a domain is looked up.
pub const DOMAIN_CHECKED_EVERY: TimeDelta = TimeDelta::days(1);
/// How long its record may be missing.
pub const DOMAIN_RECORD_MISSING_MAX: TimeDelta = TimeDelta::days(7);
/// How often it has to have been missed, however long that took.
const FAILED_CHECKS_MIN: i32 = 3;
/// How many are looked up in one go; the others an hour later.
const CHECKED_AT_ONCE: i64 = 500;
/// How many name servers are asked at the same time.
const ASKED_AT_ONCE: usize = 8;

/// Looks up the domains whose turn it is. Processes may do so at the same time: each look counts once.
///
/// # Errors
/// When the database refuses.
pub async fn check_domains(app: &App) -> Result<(), IdentityError> {
    let due_before = app.clock.now() - DOMAIN_CHECKED_EVERY;
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let due = store::domains_to_check(&mut tx, due_before, CHECKED_AT_ONCE).await?;
    drop(tx);
    // No transaction is held while name servers are asked.
    let checks = stream::iter(due).map(|domain| check(app, domain)).buffer_unordered(ASKED_AT_ONCE);
    let checks: Vec<Result<(), IdentityError>> = checks.collect().await;
    checks.into_iter().collect()
}

async fn check(app: &App, domain: CheckedDomain) -> Result<(), IdentityError> {
    let is_there = match domain.has_record(app).await {
        Ok(is_there) => Some(is_there),
        Err(IdentityError::DnsUnavailable) => None,
        Err(error) => return Err(error),
    };
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let Some(after) = store::note_domain_check(&mut tx, &domain, is_there, now).await? else {
        // Somebody else looked meanwhile, or it is gone.
        return Ok(());
    };
    let notice = match (is_there, after.failing_since) {
        (Some(false), Some(_)) if after.failed_checks == 1 => Some(Notice::DomainFailing),
        (Some(false), Some(since)) if is_over(since, after.failed_checks, now) => {
            store::unverify_domain(&mut tx, &domain).await?;
            tracing::info!(domain = domain.domain, "a domain is verified no more: its record is gone");
            Some(Notice::DomainLost)
        }
        _ => None,
    };
    if let Some(notice) = notice {
        for owner in store::owners(&mut tx, domain.organization_id).await? {
            notices::tell(&mut tx, owner, notice, Some(&domain.domain), now).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

fn is_over(failing_since: Timestamp, failed_checks: i32, now: Timestamp) -> bool {
    now - failing_since >= DOMAIN_RECORD_MISSING_MAX && failed_checks >= FAILED_CHECKS_MIN
}

impl CheckedDomain {
    async fn has_record(&self, app: &App) -> Result<bool, IdentityError> {
        dns::has_text(app.sign_in.dns_server, &self.record_name, &self.record_value).await
    }
}

//! All SQL of webhooks.

mod deliveries;
mod dispatch;
mod endpoints;

pub(crate) use deliveries::{
    DeliveryFilter, Replayed, delete_old_deliveries, deliveries, fail_inactive, find_delivery, find_details,
    insert_test_delivery, replay_deliveries, replay_delivery,
};
pub(crate) use dispatch::{
    Claimed, Ended, NoticeRow, claim, enqueue_notices, find_notice, finish, is_sent, lease_holders, release,
    release_holders,
};
pub(crate) use endpoints::{
    EndpointChanges, count_endpoints, delete_endpoint, delete_expired_secrets, endpoints, expire_secrets,
    find_endpoint, hold_endpoint, insert_endpoint, insert_secret, note_replay, update_endpoint,
};

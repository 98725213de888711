//! All SQL of this slice, by what it is about.

mod contents;
mod erasures;
mod exports;
mod organization_exports;

pub(crate) use contents::{
    ExportedVideo, account, api_keys, audit_entries, consents, images, media_bytes, places, preferences,
    sessions, spoken, system_facts, uploads, videos,
};
pub(crate) use erasures::{
    OpenErasure, begin_erasure, contents_of_these_alone, delete_organization_now, erase_organization_rows,
    erase_person_rows, erased_after, erasures, find_open_erasure, finish_erasure, hold_organization,
    hold_person, holdings, is_withdrawn, keep_report, leave_uploads, open_erasures, running_tasks,
    stop_tasks, uploads_of_organization,
};
pub(crate) use exports::{
    count_kept_exports, delete_export_row, exports, exports_over, find_export_task, finish_export,
    insert_export, is_export_waiting, lock_person, mark_export_deleted,
};
pub(crate) use organization_exports::{
    channels, count_kept_organization_exports, delete_organization_export_row, domains, erase_exports_naming,
    exports_of, find_organization_export_task, finish_organization_export, folders, image_presets,
    insert_organization_export, invitations, mark_organization_export_deleted, members, organization,
    organization_exports, organization_exports_over, organizations_naming, shared_media_bytes,
};

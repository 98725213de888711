//! The paging parameters of lists.

use crate::Problem;
use memoreel_kernel::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, PageRequest};
use serde::Deserialize;

/// `?cursor=&limit=`; a list with parameters of its own has both among them.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageParams {
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{48}$")]
    pub cursor: Option<String>,
    /// Rows wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

impl PageParams {
    /// Checks both.
    ///
    /// # Errors
    /// 422 with the field that is wrong.
    pub fn page_request(&self) -> Result<PageRequest, Problem> {
        let after = self.cursor.as_deref().map(str::parse).transpose();
        let after = after.map_err(|_| {
            Problem::invalid_field("cursor", "cursor_invalid", "The cursor is not one this list returned.")
        })?;
        let limit = self.limit.unwrap_or(PAGE_LIMIT_DEFAULT);
        if !(1..=PAGE_LIMIT_MAX).contains(&limit) {
            return Err(Problem::invalid_field(
                "limit",
                "limit_invalid",
                format!("The limit must be 1 to {PAGE_LIMIT_MAX}."),
            ));
        }
        Ok(PageRequest { after, limit })
    }
}

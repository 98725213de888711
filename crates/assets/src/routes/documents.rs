//! Documents, and what is on their pages.

use super::asset_view::AssetKind;
use crate::{
    AssetsError,
    documents::page_image_url,
    model::DocumentFacts,
    store::{self, PageRow},
};
use axum::extract::State;
use memoreel_kernel::{AssetId, OrganizationId, Page};
use memoreel_web::{App, Json, May, Params, Problem, ProblemBody, ResourceId, action::ReadContent};
use serde::{Deserialize, Serialize};

/// Pages of a document in one answer, where nothing else is said, and at most.
const PAGES_DEFAULT: u32 = 20;
const PAGES_MAX: u32 = 100;

/// What is known of a document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DocumentDetail {
    /// `pdf`, `docx`, `pptx`, `odt`, `odp`, `html`, `markdown` or `text`.
    format: String,
    /// How many pages or slides it has; 1 for what has none.
    page_count: i32,
    /// What it calls itself.
    title: Option<String>,
    /// Who it says wrote it.
    author: Option<String>,
    /// The language it is in, as ISO 639-1, where that can be told.
    language: Option<String>,
    /// Whether the file itself has text. Otherwise it was looked for in pictures of the pages.
    has_text_layer: bool,
}

impl DocumentDetail {
    pub(super) fn new(facts: DocumentFacts, page_count: Option<i32>) -> Self {
        let DocumentFacts { format, title, author, language, has_text_layer } = facts;
        Self { format, page_count: page_count.unwrap_or(1), title, author, language, has_text_layer }
    }
}

/// Which pages are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListPages {
    /// The `next_cursor` of the pages before: the number of the last of them.
    #[param(pattern = "^[0-9]{1,9}$")]
    cursor: Option<String>,
    /// Pages wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A page of a document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DocumentPage {
    /// From 1.
    page_number: i32,
    /// What is written on it: paragraphs with an empty line between them, or lines.
    text: String,
    /// `text_layer` where the file has the text, `ocr` where it was recognised in a picture of the page.
    source: String,
    /// The headings in the text, in order.
    headings: Vec<PageHeading>,
    /// A signed address of what the page looks like; of PDF, and of other documents where the server can lay them out.
    image_url: Option<String>,
    /// Pixels across of that.
    width: Option<i32>,
    /// Pixels down of that.
    height: Option<i32>,
}

/// A heading of a page.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct PageHeading {
    /// 1 is the highest, 6 the lowest.
    level: u8,
    /// What it says.
    text: String,
    /// Where it begins in the text, in Unicode code points.
    char_start: usize,
}

/// List the pages of a document
///
/// None while it is not ready. The addresses need no session and work for half a day at least.
#[utoipa::path(get, path = "/assets/{id}/pages", operation_id = "list_document_pages", tag = "assets",
    params(("id" = AssetId, Path), ListPages),
    responses((status = 200, body = Page<DocumentPage>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn list_document_pages(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<AssetId>,
    Params(wanted): Params<ListPages>,
) -> Result<Json<Page<DocumentPage>>, Problem> {
    let limit = wanted.limit.unwrap_or(PAGES_DEFAULT);
    if !(1..=PAGES_MAX).contains(&limit) {
        let detail = format!("There are 1 to {PAGES_MAX} pages in one answer.");
        return Err(Problem::invalid_field("limit", "limit_invalid", detail));
    }
    let after = match wanted.cursor.as_deref() {
        None => 0,
        Some(cursor) => {
            cursor.parse::<u32>().ok().and_then(|number| i32::try_from(number).ok()).ok_or_else(|| {
                Problem::invalid_field("cursor", "cursor_invalid", "This is no cursor of this list.")
            })?
        }
    };
    let mut tx = app.db.tenant(&caller).await?;
    let asset = super::assets::find(&mut tx, id).await?;
    if asset.kind.as_deref() != Some(AssetKind::Document.as_str()) {
        return Err(AssetsError::AssetNotFound.into());
    }
    let mut rows = store::list_pages(&mut tx, id, after, i64::from(limit) + 1).await?;
    drop(tx);
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.page_number.to_string());
    let items = rows.into_iter().map(|row| page(&app, caller.organization_id, row)).collect();
    Ok(Json(Page { items, next_cursor }))
}

fn page(app: &App, organization_id: OrganizationId, row: PageRow) -> DocumentPage {
    let url = |key: &str| page_image_url(organization_id, key, &app.signer, app.clock.now());
    DocumentPage {
        page_number: row.page_number,
        text: row.text,
        source: row.source,
        headings: serde_json::from_value(row.headings).unwrap_or_default(),
        image_url: row.image_key.as_deref().and_then(url),
        width: row.width,
        height: row.height,
    }
}

//! What is on the pages of a document, and what they look like.

use super::{ReadDocument, Reading, document_failure, laid_out, stopped, unless_stopped};
use crate::{
    jobs::{
        StepFolder, blob_failure,
        text_reader::{NOBODY_READS, nobody_reads, reading_broke_off},
    },
    keys,
    store::ReadPage,
};
use memoreel_documents::{Described, Document, Format, PageImage, PageText};
use memoreel_images::{FormatWish, ImageError, OutputFormat, Transform, geometry::Size};
use memoreel_ocr::OcrError;
use memoreel_office::{OfficeError, OfficeFormat};
use memoreel_tasks::{TaskFailure, TaskRun, apart};
use std::{path::Path, sync::Arc};

/// Of longer documents, later pages have no picture and are not looked for text in.
const PICTURES_MAX: u32 = 1_000;
/// The longer side of a page's picture, in pixels.
const PICTURE_SIDE: u32 = 1_600;
/// The longer side of a picture in which text is looked for: A4 at 200 to the inch, which tesseract reads well.
const OCR_SIDE: u32 = 2_400;
/// Lines of which tesseract is less sure are mostly specks and drawings.
const CONFIDENCE_MIN: f32 = 0.4;

impl ReadDocument {
    /// What is known of a document, and its pages, whose pictures are stored.
    pub(super) async fn read(
        &self,
        run: &TaskRun,
        reading: &Reading,
        path: &Path,
        filename: &str,
    ) -> Result<(Described, Vec<ReadPage>), TaskFailure> {
        let bytes = tokio::fs::read(path).await?;
        let mut document = self.open(run, &bytes, filename).await?;
        let described = document.described().clone();
        let texts = self.texts(run, &mut document).await?;
        if described.format.has_page_images() {
            drop(bytes);
            let pages = self.pictured(run, reading, &mut document, texts).await?;
            document.close().await.map_err(document_failure)?;
            return Ok((described, pages));
        }
        // Its worker is free for the PDF that is made of it.
        document.close().await.map_err(document_failure)?;
        let texts = Arc::new(texts);
        let pages = self.laid_out(run, reading, described.format, bytes, &texts).await?;
        if pages.is_none() && reading.is_again {
            return Err(no_pictures());
        }
        let unseen = || Arc::unwrap_or_clone(texts).into_iter().map(without_picture).collect();
        Ok((described, pages.unwrap_or_else(unseen)))
    }

    async fn open(&self, run: &TaskRun, bytes: &[u8], filename: &str) -> Result<Document<'_>, TaskFailure> {
        unless_stopped(run, self.documents.open(bytes, filename)).await?.map_err(document_failure)
    }

    /// The pages of a document as they are laid out, with their pictures. There are none where the format has no such pages, or nothing
    /// can lay them out: a document is ready without them. What may be otherwise in a while is tried again.
    async fn laid_out(
        &self,
        run: &TaskRun,
        reading: &Reading,
        format: Format,
        bytes: Vec<u8>,
        own: &Arc<Vec<PageText>>,
    ) -> Result<Option<Vec<ReadPage>>, TaskFailure> {
        let parts = Arc::clone(own);
        let source = apart(move || laid_out::source(format, bytes, &parts)).await?;
        let Some((kind, source)) = source else { return Ok(None) };
        let pdf = match self.to_pdf(run, kind, &source).await {
            Ok(pdf) => pdf,
            Err(OfficeError::Stopped) => return Err(stopped()),
            Err(error @ OfficeError::Failed { .. }) => return Err(TaskFailure::internal(error)),
            Err(error) => {
                tracing::warn!(%error, format = format.as_str(), "a document has no pictures of its pages");
                return Ok(None);
            }
        };
        match self.pages_of_pdf(run, reading, format, &pdf, own).await {
            // Whoever has it read again is told what is missing.
            Err(failure) if failure.code == NOBODY_READS => Err(failure),
            Err(failure) if failure.permanent => {
                tracing::warn!(?failure, format = format.as_str(), "a document has no pictures of its pages");
                Ok(None)
            }
            pages => pages,
        }
    }

    async fn to_pdf(&self, run: &TaskRun, kind: OfficeFormat, bytes: &[u8]) -> Result<Vec<u8>, OfficeError> {
        let work = async |folder: &Path| self.office.to_pdf(bytes, kind, folder, run.cancelled()).await;
        StepFolder::lend(&self.scratch, work).await
    }

    async fn pages_of_pdf(
        &self,
        run: &TaskRun,
        reading: &Reading,
        format: Format,
        pdf: &[u8],
        own: &Arc<Vec<PageText>>,
    ) -> Result<Option<Vec<ReadPage>>, TaskFailure> {
        let mut document = self.open(run, pdf, "document.pdf").await?;
        let texts = self.texts(run, &mut document).await?;
        let parts = Arc::clone(own);
        let pages = match apart(move || laid_out::pages(format, &parts, texts)).await? {
            Some(texts) => Some(self.pictured(run, reading, &mut document, texts).await?),
            None => {
                tracing::warn!(format = format.as_str(), "what was laid out is not what is in the document");
                None
            }
        };
        document.close().await.map_err(document_failure)?;
        Ok(pages)
    }

    /// What is written on the pages.
    async fn texts(&self, run: &TaskRun, document: &mut Document<'_>) -> Result<Vec<PageText>, TaskFailure> {
        let (mut texts, mut room) = (Vec::new(), self.room_for_text());
        for page in 0..document.described().page_count {
            let text = unless_stopped(run, document.text(page)).await?.map_err(document_failure)?;
            room.take(&text.text)?;
            texts.push(text);
        }
        Ok(texts)
    }

    /// The pages of a document whose pages look like something, with what is written on them.
    async fn pictured(
        &self,
        run: &TaskRun,
        reading: &Reading,
        document: &mut Document<'_>,
        texts: Vec<PageText>,
    ) -> Result<Vec<ReadPage>, TaskFailure> {
        let count = texts.len();
        let (mut pages, mut room) = (Vec::with_capacity(count), self.room_for_text());
        for (page, text) in (0..).zip(texts) {
            let has_layer = text.has_layer;
            let mut one = without_picture(text);
            if page < PICTURES_MAX {
                let work = self.picture(reading, document, page, has_layer, &mut one);
                let (webp, size) = unless_stopped(run, work).await??;
                let key = keys::page(&reading.folder, page + 1);
                one.image_bytes = webp.len() as u64;
                self.blobs.put_bytes(&key, webp).await.map_err(blob_failure)?;
                one.image = Some((key, size.width, size.height));
            }
            // With what was recognised.
            room.take(&one.text)?;
            pages.push(one);
            run.progress((page + 1) as f32 / count as f32 * 0.95);
        }
        Ok(pages)
    }

    /// The picture of a page, in which text is looked for if the page has next to none.
    async fn picture(
        &self,
        reading: &Reading,
        document: &mut Document<'_>,
        page: u32,
        has_layer: bool,
        one: &mut ReadPage,
    ) -> Result<(Vec<u8>, Size), TaskFailure> {
        let side = if has_layer { PICTURE_SIDE } else { OCR_SIDE };
        let picture = document.image(page, side).await.map_err(document_failure)?;
        if !has_layer {
            self.look_for_text(reading, &picture, one).await?;
        }
        self.smaller(&picture).await
    }

    /// Takes what is recognised, where that is more than the file has. A page that cannot be read is a page without text: the others
    /// are worth no less.
    async fn look_for_text(
        &self,
        reading: &Reading,
        picture: &PageImage,
        page: &mut ReadPage,
    ) -> Result<(), TaskFailure> {
        match self.ocr.read(&picture.png, &self.languages).await {
            Ok(recognised) => {
                let text = recognised.text(CONFIDENCE_MIN);
                if text.len() > page.text.len() {
                    page.text = text;
                    page.source = "ocr";
                }
            }
            Err(OcrError::Unavailable { reason }) => {
                tracing::error!(reason, "no text is looked for in pictures");
                if reading.is_again {
                    return Err(nobody_reads());
                }
            }
            Err(error @ OcrError::TooCostly { .. }) if reading.is_again => {
                return Err(reading_broke_off(error));
            }
            Err(error) => tracing::warn!(?error, "no text could be looked for in the picture of a page"),
        }
        Ok(())
    }

    async fn smaller(&self, picture: &PageImage) -> Result<(Vec<u8>, Size), TaskFailure> {
        let transform = Transform {
            width: Some(PICTURE_SIDE),
            height: Some(PICTURE_SIDE),
            format: Some(FormatWish::Only(OutputFormat::Webp)),
            ..Transform::default()
        };
        let size = Size { width: picture.width, height: picture.height };
        let made = self.images.make(&picture.png, size, &transform, OutputFormat::Webp).await;
        let made = made.map_err(|error: ImageError| {
            TaskFailure::transient(error.code(), "A picture of a page could not be made for the moment.")
                .caused_by(error)
        })?;
        Ok((made.bytes, made.size))
    }

    fn room_for_text(&self) -> RoomForText {
        let bytes_max = self.documents.limits().text_bytes_max;
        RoomForText { bytes_max, left: bytes_max }
    }
}

/// How much text the pages that are still to come may have.
struct RoomForText {
    bytes_max: u64,
    left: u64,
}

impl RoomForText {
    fn take(&mut self, text: &str) -> Result<(), TaskFailure> {
        let left = self.left.checked_sub(text.len() as u64);
        self.left = left.ok_or_else(|| {
            let most = self.bytes_max >> 20;
            let message = format!("The document is too large: it has more than {most} MiB of text.");
            TaskFailure::permanent("document_too_large", message)
        })?;
        Ok(())
    }
}

fn no_pictures() -> TaskFailure {
    let message = "No pictures could be made of the pages: LibreOffice is missing on this server, or cannot lay the document out.";
    TaskFailure::permanent("page_pictures_failed", message)
}

fn without_picture(text: PageText) -> ReadPage {
    ReadPage {
        text: text.text,
        source: "text_layer",
        headings: serde_json::to_value(&text.headings).unwrap_or_default(),
        image: None,
        image_bytes: 0,
    }
}

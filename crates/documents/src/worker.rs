//! The worker process.

use crate::{
    Described, DocumentError, Format,
    format::{Recognised, recognise},
    html, markdown, office,
    pages::{self, Page},
    pdf::{Pdf, Pdfium},
    plain,
    protocol::{Answer, Bounds, Job, Report, Start},
};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

/// Runs as a worker. The program that starts it speaks its protocol; people have no use for it.
#[must_use]
pub fn document_worker_main() -> ExitCode {
    memoreel_workers::work("document worker", |start: &Start| start.memory_bytes, Engine::new, Engine::answer)
}

struct Engine {
    path: PathBuf,
    bounds: Bounds,
    /// Loaded for the first PDF.
    pdfium: Option<Rc<Pdfium>>,
    open: Open,
}

enum Open {
    Nothing,
    Pdf(Pdf),
    Pages(Vec<Page>),
}

impl Engine {
    fn new(start: Start) -> Self {
        Self { path: start.pdfium, bounds: start.bounds, pdfium: None, open: Open::Nothing }
    }

    fn answer(&mut self, job: Job, bytes: Vec<u8>) -> (Answer, Vec<u8>) {
        match self.work(job, bytes) {
            Ok((report, made)) => (Ok(report), made),
            Err(error) => (Err(error), Vec::new()),
        }
    }

    fn work(&mut self, job: Job, bytes: Vec<u8>) -> Result<(Report, Vec<u8>), DocumentError> {
        match (job, &self.open) {
            (Job::Open { filename }, _) => {
                self.open = Open::Nothing;
                Ok((Report::Opened(self.open(bytes, &filename)?), Vec::new()))
            }
            (Job::Close, _) => {
                self.open = Open::Nothing;
                Ok((Report::Closed, Vec::new()))
            }
            (Job::Text { page }, Open::Pdf(pdf)) => {
                let (text, has_layer) = pdf.text(page, self.bounds.text_bytes_max)?;
                Ok((Report::Text { headings: Vec::new(), has_layer }, text.into_bytes()))
            }
            (Job::Text { page }, Open::Pages(pages)) => {
                let page = pages.get(page as usize).ok_or_else(no_page)?;
                let report = Report::Text { headings: page.headings.clone(), has_layer: true };
                Ok((report, page.text.clone().into_bytes()))
            }
            (Job::Image { page, side_max }, Open::Pdf(pdf)) => {
                let (png, width, height) = pdf.image(page, side_max)?;
                Ok((Report::Image { width, height }, png))
            }
            (Job::Image { .. }, _) => Err(DocumentError::unreadable("its pages look like nothing")),
            (Job::Text { .. }, Open::Nothing) => Err(no_page()),
        }
    }

    fn open(&mut self, bytes: Vec<u8>, filename: &str) -> Result<Described, DocumentError> {
        let bounds = self.bounds;
        let (format, pages, title, author, language) = match recognise(&bytes, filename, bounds)? {
            Recognised::Pdf => return self.open_pdf(bytes),
            Recognised::Container(mut container, format) => {
                drop(bytes);
                let office = office::read(&mut container, format, bounds)?;
                (format, office.pages, office.title, office.author, office.language)
            }
            Recognised::Plain(Format::Html, text) => {
                let html = html::read(&text, bounds)?;
                (Format::Html, html.pages, html.title, None, html.language)
            }
            Recognised::Plain(Format::Markdown, text) => {
                (Format::Markdown, markdown::read(&text, bounds)?, None, None, None)
            }
            Recognised::Plain(format, text) => (format, plain::read(&text, bounds)?, None, None, None),
        };
        let first_heading = || {
            let headings = pages.iter().flat_map(|page| &page.headings);
            headings.min_by_key(|heading| heading.level).map(|heading| heading.text.clone())
        };
        let described = Described {
            format,
            page_count: u32::try_from(pages.len()).unwrap_or(u32::MAX),
            title: title.or_else(first_heading),
            author,
            language,
        };
        self.open = Open::Pages(pages);
        Ok(described)
    }

    fn open_pdf(&mut self, bytes: Vec<u8>) -> Result<Described, DocumentError> {
        let pdfium = match &self.pdfium {
            Some(pdfium) => Rc::clone(pdfium),
            None => Rc::clone(self.pdfium.insert(Pdfium::load(&self.path)?)),
        };
        let pdf = pdfium.open(bytes, self.bounds)?;
        let page_count = pdf.page_count();
        if page_count == 0 {
            return Err(DocumentError::unreadable("it has no pages"));
        }
        if page_count > self.bounds.pages_max {
            return Err(pages::too_many_pages(self.bounds.pages_max));
        }
        let described = Described {
            format: Format::Pdf,
            page_count,
            title: pdf.meta(c"Title"),
            author: pdf.meta(c"Author"),
            language: None,
        };
        self.open = Open::Pdf(pdf);
        Ok(described)
    }
}

fn no_page() -> DocumentError {
    DocumentError::unreadable("there is no such page")
}

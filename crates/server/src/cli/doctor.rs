//! `memoreel doctor`: tries every part and says how to mend what is wrong.

use super::print::say;
use crate::{
    assemble,
    config::{Accounts, Folders, Providers, Storage},
    database::Database,
    engines::{self, Engines},
    secret, sign_in,
};
use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Args;
use memoreel_ai::{Embed, GenerateRequest, Picture, TranscribeRequest, wav};
use memoreel_db::Db;
use memoreel_identity::{check_breached_passwords, check_provider, list_organizations};
use memoreel_images::{OutputFormat, Transform};
use memoreel_kernel::{OrganizationStatus, SystemClock};
use memoreel_media::{Ffmpeg, Limits};
use memoreel_search::{PassageCount, ReindexOptions, Reindexer};
use serde_json::json;
use std::{path::Path, process::ExitCode, sync::Arc, time::Instant};
use tokio_util::sync::CancellationToken;

/// Checks database, extension, blob stores, ffmpeg, speech engine, embedder, index, language model, images, tesseract, documents, LibreOffice, mail server
/// and providers by using each.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    storage: Storage,
    #[command(flatten)]
    providers: Providers,
    #[command(flatten)]
    accounts: Accounts,
}

impl Doctor {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let folders = Folders::from_environment()?;
        say!("Data folder: {}", folders.data.display());
        let mut report = Report::default();
        report.check("database", "see the sentence above; with DATABASE_URL unset Memoreel brings its own, fetched by `cargo xtask setup`",
            check_database(&self.storage, &folders)).await;
        report
            .check(
                "blob store",
                "of the store called default make the data folder writable, or correct the S3_* settings; of others correct the file that \
                 MEMOREEL_STORES names",
                check_blobs(&self.storage, &folders),
            )
            .await;
        report
            .check("ffmpeg", "install it: `apt-get install ffmpeg`, or set MEMOREEL_FFMPEG", check_ffmpeg())
            .await;
        report
            .check(
                "speech engine",
                "fetch the local parts with `cargo xtask setup`, or correct MEMOREEL_TRANSCRIBE_URL",
                check_speech(&self.providers, &folders),
            )
            .await;
        report
            .check(
                "embedder",
                "fetch the local parts with `cargo xtask setup`, or correct MEMOREEL_EMBED_URL and MEMOREEL_EMBED_PICTURES",
                check_embedder(&self.providers),
            )
            .await;
        report
            .check(
                "index",
                "run `memoreel reindex` with the settings of the server, and this again when its tasks are done",
                check_index(&self.storage, &folders, &self.providers),
            )
            .await;
        report
            .check(
                "language model",
                "correct MEMOREEL_GENERATE_URL, MEMOREEL_GENERATE_KEY and MEMOREEL_GENERATE_MODEL, or unset the first",
                check_language_model(&self.providers),
            )
            .await;
        report
            .check("images", "fetch the local parts with `cargo xtask setup`", check_images(&self.providers))
            .await;
        report
            .check(
                "text in pictures",
                "install tesseract and its languages: `apt-get install tesseract-ocr tesseract-ocr-deu`, or correct MEMOREEL_TESSERACT and \
                 MEMOREEL_OCR_LANGUAGES",
                check_text_in_pictures(&self.providers),
            )
            .await;
        report
            .check(
                "documents",
                "fetch the local parts with `cargo xtask setup`",
                check_documents(&self.providers),
            )
            .await;
        report
            .check(
                "pages of documents",
                "point MEMOREEL_SOFFICE to the soffice of a LibreOffice, 7.4 or newer, on a kernel with Landlock",
                check_office(&self.providers, &folders),
            )
            .await;
        report
            .check(
                "mails",
                "correct MEMOREEL_SMTP_URL and MEMOREEL_MAIL_FROM",
                check_mails(&self.accounts, &folders),
            )
            .await;
        if let Some(list) = &self.accounts.breached_passwords {
            report
                .check(
                    "breached passwords",
                    "point MEMOREEL_BREACHED_PASSWORDS to a sorted list of SHA-1 hashes, or unset it",
                    async { Ok(check_breached_passwords(list).map(|()| list.display().to_string())?) },
                )
                .await;
        }
        let sign_in = sign_in::settings(&self.accounts)?;
        for provider in &sign_in.providers {
            let check = async { Ok(check_provider(provider).await.map(|()| provider.issuer.clone())?) };
            report
                .check(
                    &format!("signing in through {}", provider.name),
                    "correct its issuer in MEMOREEL_SIGN_IN_PROVIDERS",
                    check,
                )
                .await;
        }
        Ok(if report.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

#[derive(Default)]
struct Report {
    failed: bool,
}

impl Report {
    async fn check(&mut self, part: &str, remedy: &str, check: impl Future<Output = Result<String>>) {
        let started = Instant::now();
        match check.await {
            Ok(facts) => say!("ok      {part}: {facts} ({:.1} s)", started.elapsed().as_secs_f64()),
            Err(error) => {
                say!("failed  {part}: {error:#}\n        {remedy}");
                self.failed = true;
            }
        }
    }
}

/// What models that take pictures are shown, in pixels on each side: some refuse smaller ones.
const PICTURE_SIDE: u32 = 64;
/// A PNG of one pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
/// A PNG of 64 x 64 white pixels.
const BLANK: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQAAAACCEkxzAAAAEklEQVR42mP4DwUMo4xRBukMAOPT/hAC2mzjAAAAAElFTkSuQmCC";
/// A PDF of one page, on which its word is written.
const PAGE: &[u8] = include_bytes!("page.pdf");
const WORD_ON_PAGE: &str = "Memoreel";
/// So short an answer takes few; some models think before they give it.
const ANSWER_TOKENS_MAX: u32 = 2_000;

async fn check_images(providers: &Providers) -> Result<String> {
    let providers = providers.clone();
    let images = tokio::task::spawn_blocking(move || Engines::new(&providers)).await??.images;
    let seen = images.describe(&BASE64_STANDARD.decode(PIXEL)?).await?;
    Ok(format!("a {} of one pixel was looked at", seen.header.format.as_str()))
}

async fn check_text_in_pictures(providers: &Providers) -> Result<String> {
    let providers = providers.clone();
    let engines = tokio::task::spawn_blocking(move || Engines::new(&providers)).await??;
    engines.ocr.read(&BASE64_STANDARD.decode(BLANK)?, &engines.ocr_languages).await?;
    Ok(format!("tesseract looked for {} on a blank picture", engines.ocr_languages))
}

async fn check_documents(providers: &Providers) -> Result<String> {
    let providers = providers.clone();
    let documents = tokio::task::spawn_blocking(move || Engines::new(&providers)).await??.documents;
    let mut page = documents.open(PAGE, "page.pdf").await?;
    let text = page.text(0).await?.text;
    page.close().await?;
    ensure!(text.trim() == WORD_ON_PAGE, "it read {text:?} instead of {WORD_ON_PAGE:?}");
    Ok("the word on a page of PDF was read".to_owned())
}

/// It need not be there.
async fn check_office(providers: &Providers, folders: &Folders) -> Result<String> {
    let providers = providers.clone();
    let office = tokio::task::spawn_blocking(move || Engines::new(&providers)).await??.office;
    let folder = folders.scratch().join(format!("doctor-office-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let checked = office.check(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    Ok(match checked? {
        Some(bytes) => format!("LibreOffice laid out a page, as PDF of {bytes} bytes"),
        None if std::env::var_os("MEMOREEL_SOFFICE").is_some() => {
            bail!("MEMOREEL_SOFFICE leads to no program")
        }
        None => "LibreOffice is not installed, so that only PDF has pictures of its pages".to_owned(),
    })
}

async fn check_database(storage: &Storage, folders: &Folders) -> Result<String> {
    let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
    let database = Database::open(storage, folders, secret).await?;
    let facts = database.db.versions().await;
    let whose = if database.embedded.is_some() { "embedded" } else { "yours" };
    database.close().await;
    let (postgres, vector) = facts?;
    Ok(format!("PostgreSQL {postgres} with pgvector {vector}, {whose}"))
}

async fn check_blobs(storage: &Storage, folders: &Folders) -> Result<String> {
    let blobs = assemble::blob_store(storage, folders)?;
    for (place, store) in blobs.stores().opened() {
        store.check().await.with_context(|| format!("the store {place} cannot be used"))?;
    }
    let others = match blobs.stores().opened().len() {
        0 | 1 => String::new(),
        count => format!(", and so can {} of MEMOREEL_STORES", count - 1),
    };
    Ok(match &storage.s3_bucket {
        Some(bucket) => format!("bucket {bucket} can be written, read and deleted from{others}"),
        None => format!("{} can be written, read and deleted from{others}", folders.blobs().display()),
    })
}

async fn check_ffmpeg() -> Result<String> {
    Ok(format!("version {}", Ffmpeg::locate(Limits::default()).await?.version()))
}

async fn check_speech(providers: &Providers, folders: &Folders) -> Result<String> {
    let providers = providers.clone();
    let engines = tokio::task::spawn_blocking(move || Engines::new(&providers)).await??;
    std::fs::create_dir_all(folders.scratch())?;
    let sound = folders.scratch().join(format!("doctor-{}.wav", std::process::id()));
    write_silence(&sound)?;
    let request = TranscribeRequest {
        audio: &sound,
        language: None,
        identify_speakers: true,
        cancel: CancellationToken::new(),
    };
    let heard = engines.transcribe.transcribe(request, &|_| {}).await;
    std::fs::remove_file(&sound)?;
    let heard = heard?;
    ensure!(heard.segments.is_empty(), "it heard words in silence");
    let name = engines.transcribe.engine();
    Ok(format!("{} with {} listened to a second of silence", name.engine, name.model))
}

async fn check_embedder(providers: &Providers) -> Result<String> {
    let providers = providers.clone();
    let engines = tokio::task::spawn_blocking(move || Engines::new(&providers)).await??;
    let model = engines.embed.model();
    let vector = engines.embed.embed_query("where is the recording of the meeting").await?;
    ensure!(
        vector.len() == model.dimensions,
        "it gave {} numbers instead of {}",
        vector.len(),
        model.dimensions
    );
    let seen = if engines.embed.takes_pictures() {
        let pixel = BASE64_STANDARD.decode(PIXEL)?;
        let size = engines.images.describe(&pixel).await?.size;
        let large = Transform {
            width: Some(PICTURE_SIDE),
            height: Some(PICTURE_SIDE),
            enlarge: Some(true),
            ..Transform::default()
        };
        let jpeg = engines.images.make(&pixel, size, &large, OutputFormat::Jpeg).await?.bytes.into();
        let vectors = engines.embed.embed_pictures(&[Picture { jpeg }]).await?;
        ensure!(vectors.len() == 1, "it gave {} vectors for a picture", vectors.len());
        ", and looked at a picture"
    } else {
        ""
    };
    Ok(format!("{} gave {} numbers{seen}", model.name, vector.len()))
}

/// Whether what there is can be found by the model that is set.
async fn check_index(storage: &Storage, folders: &Folders, providers: &Providers) -> Result<String> {
    let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
    let providers = providers.clone();
    let embed = tokio::task::spawn_blocking(move || engines::embedder(&providers)).await??;
    let model = embed.model().name;
    let database = Database::open(storage, folders, secret).await?;
    let counted = count_passages(&database.db, embed).await;
    database.close().await;
    let PassageCount { all, lacking } = counted?;
    ensure!(
        lacking == 0,
        "{lacking} of {all} passages have no vectors of {model}, and are found by their words alone"
    );
    Ok(format!("none of {all} passages lacks vectors of {model}"))
}

/// Those of organizations that are at work: of others nothing can be indexed now.
async fn count_passages(db: &Db, embed: Arc<dyn Embed>) -> Result<PassageCount> {
    let reindexer =
        Reindexer::new(db.clone(), embed, Arc::new(SystemClock), ReindexOptions::default()).await?;
    let mut total = PassageCount::default();
    for organization in list_organizations(db).await? {
        if organization.status == OrganizationStatus::Active {
            let count = reindexer.count(organization.id).await?;
            total.all += count.all;
            total.lacking += count.lacking;
        }
    }
    Ok(total)
}

/// It need not be there.
async fn check_language_model(providers: &Providers) -> Result<String> {
    let providers = providers.clone();
    let generate = tokio::task::spawn_blocking(move || Engines::new(&providers)).await??.generate;
    let Some(generate) = generate else {
        return Ok(
            "none is set, so that summaries are of sentences that were said; MEMOREEL_GENERATE_URL sets one"
                .to_owned(),
        );
    };
    let request = GenerateRequest {
        system: "You answer in JSON, as the schema says.".to_owned(),
        user: "Is water wet?".to_owned(),
        schema: json!({
            "type": "object",
            "properties": { "answer": { "type": "string" } },
            "required": ["answer"],
            "additionalProperties": false,
        }),
        schema_name: "answer".to_owned(),
        tokens_max: ANSWER_TOKENS_MAX,
    };
    generate.generate(request).await?;
    let name = generate.engine();
    Ok(format!("{} with {} answered a question", name.engine, name.model))
}

async fn check_mails(accounts: &Accounts, folders: &Folders) -> Result<String> {
    assemble::mailer(accounts, folders)?.check().await?;
    Ok(match &accounts.smtp_url {
        Some(_) => "the mail server answers".to_owned(),
        None => format!("kept as files in {}; set MEMOREEL_SMTP_URL to send them", folders.mails().display()),
    })
}

/// A second of silence as the speech engine wants its sound.
fn write_silence(path: &Path) -> Result<()> {
    let data_bytes = wav::SAMPLE_RATE * 2;
    let mut sound = wav::header(1, data_bytes).to_vec();
    sound.resize(sound.len() + data_bytes as usize, 0);
    std::fs::write(path, sound).with_context(|| format!("cannot write {}", path.display()))
}

//! Puts the slices together: the application context, the task handlers, the receiver of uploads.

use crate::{
    config::{Accounts, Folders, Storage},
    engines::Engines,
    pipeline::next_tasks,
    stores,
};
use anyhow::{Context, Result};
use memoreel_assets::{
    Encode, EncodeAv1, ExtractSpeech, Import, KeyFrames, MakeSounds, MediaEngine, Package, Picture, Probe,
    ReadDocument, ReadImage, ReadImageText, ReceiveUpload, Reencode, ReplaceRecording, RereadDocument,
    RereadImage, SmallPictures, Store, TextReader, Tracks, Waveform,
};
use memoreel_blob::{BlobStore, Staging, UrlSigner};
use memoreel_db::Db;
use memoreel_identity::{SendInvitation, SendMail};
use memoreel_insights::Summarise;
use memoreel_kernel::Clock;
use memoreel_library::{VideoObserver, VideoReceiver};
use memoreel_mail::{MailFolder, Mailer, SmtpSettings};
use memoreel_media::{Ffmpeg, Limits};
use memoreel_outbound::Outbound;
use memoreel_privacy::{Eraser, Journal, WriteExport, WriteOrganizationExport};
use memoreel_search::{Index, IndexDescription, IndexDocument, IndexImage, IndexKeyFrames, IndexPictures};
use memoreel_tasks::{Events, Registry};
use memoreel_transcripts::Transcribe;
use memoreel_web::{App, AppParts, Documents, LiveHub, RateLimits, Secrets, SignInSettings};
use memoreel_webhooks::SendNotice;
use std::{path::PathBuf, sync::Arc};

/// What the application context is made of.
#[derive(Debug)]
pub struct Ingredients {
    /// The database.
    pub db: Db,
    /// The blob store.
    pub blobs: BlobStore,
    /// Where uploads grow.
    pub staging: Staging,
    /// Where work in progress lies.
    pub scratch: PathBuf,
    /// Sends requests to addresses that people named.
    pub outbound: Outbound,
    /// The instance's secret.
    pub secret: [u8; 32],
    /// The secrets it had before.
    pub former_secrets: Vec<[u8; 32]>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How often, how much at once and how slowly.
    pub limits: RateLimits,
    /// Whether cookies are for https only.
    pub secure_cookies: bool,
    /// The address people reach the server at, without a slash at its end.
    pub public_url: String,
    /// Whether a mail server is configured, so that signing up can wait for a mailed link.
    pub sends_mail: bool,
    /// A list of leaked passwords.
    pub breached_passwords: Option<PathBuf>,
    /// The ways to sign in beside a password.
    pub sign_in: SignInSettings,
    /// What people agree to.
    pub documents: Documents,
}

/// The context of every handler and task.
pub fn app(ingredients: Ingredients) -> App {
    let clock = ingredients.clock;
    let observer = Arc::new(VideoObserver(Arc::clone(&clock)));
    App::new(AppParts {
        db: ingredients.db,
        blobs: ingredients.blobs,
        staging: ingredients.staging,
        scratch: ingredients.scratch,
        outbound: ingredients.outbound,
        signer: UrlSigner::new(ingredients.secret),
        secrets: Secrets::new(ingredients.secret, &ingredients.former_secrets),
        events: Events::new(next_tasks, observer, Arc::clone(&clock)),
        clock,
        live: LiveHub::default(),
        limits: ingredients.limits,
        secure_cookies: ingredients.secure_cookies,
        public_url: ingredients.public_url,
        sends_mail: ingredients.sends_mail,
        breached_passwords: ingredients.breached_passwords,
        sign_in: ingredients.sign_in,
        documents: ingredients.documents,
    })
}

/// What makes a video of an upload.
pub fn receiver(clock: Arc<dyn Clock>) -> Arc<dyn ReceiveUpload> {
    Arc::new(VideoReceiver(clock))
}

/// Every kind of task.
pub fn registry(app: &App, engines: &Engines, ffmpeg: Ffmpeg, mailer: Mailer) -> Registry {
    let media = MediaEngine { ffmpeg, blobs: app.blobs.clone(), scratch: app.scratch.clone() };
    // People wait for these: they do not give way to the encoding of other recordings.
    let urgent = Limits { nice: 0, ..media.ffmpeg.limits().clone() };
    let urgent = MediaEngine { ffmpeg: media.ffmpeg.with_limits(urgent), ..media.clone() };
    let reader = TextReader {
        images: engines.images.clone(),
        ocr: engines.ocr.clone(),
        languages: engines.ocr_languages.clone(),
    };
    let read_image_text = ReadImageText { reader: reader.clone(), blobs: app.blobs.clone() };
    let read_document = ReadDocument {
        documents: engines.documents.clone(),
        images: engines.images.clone(),
        ocr: engines.ocr.clone(),
        languages: engines.ocr_languages.clone(),
        office: engines.office.clone(),
        scratch: app.scratch.clone(),
        blobs: app.blobs.clone(),
        staging: app.staging.clone(),
        clock: Arc::clone(&app.clock),
    };
    let pictures = SmallPictures { images: engines.images.clone(), blobs: app.blobs.clone() };
    Registry::default()
        .with(Store { engine: urgent.clone(), staging: app.staging.clone(), clock: Arc::clone(&app.clock) })
        .with(ReplaceRecording { engine: urgent.clone(), app: app.clone() })
        .with(Import::new(app.staging.clone(), app.outbound.clone(), app.secrets.clone()))
        .with(ReadImage {
            images: engines.images.clone(),
            blobs: app.blobs.clone(),
            staging: app.staging.clone(),
            clock: Arc::clone(&app.clock),
        })
        .with(read_image_text.clone())
        .with(RereadImage(read_image_text))
        .with(read_document.clone())
        .with(RereadDocument(read_document))
        .with(Probe(urgent.clone()))
        .with(Package(urgent))
        .with(Encode(media.clone()))
        .with(EncodeAv1(media.clone()))
        .with(Tracks(media.clone()))
        .with(Reencode(media.clone()))
        .with(Picture(media.clone()))
        .with(KeyFrames { engine: media.clone(), reader })
        .with(Waveform(media.clone()))
        .with(MakeSounds(media.clone()))
        .with(ExtractSpeech(media))
        .with(Transcribe::new(app.clone(), Arc::clone(&engines.transcribe)))
        .with(Index::new(app.clone(), Arc::clone(&engines.embed)))
        .with(IndexDescription::new(app.clone(), Arc::clone(&engines.embed)))
        .with(IndexDocument::new(app.clone(), Arc::clone(&engines.embed)))
        .with(IndexImage::new(app.clone(), Arc::clone(&engines.embed)))
        .with(IndexKeyFrames::new(app.clone(), Arc::clone(&engines.embed)))
        .with(IndexPictures::new(app.clone(), Arc::clone(&engines.embed), pictures))
        .with(Summarise::new(Arc::clone(&engines.embed), engines.generate.clone()))
        .with(SendInvitation::new(app.clone(), mailer.clone()))
        .with(SendMail::new(app.clone(), mailer.clone()))
        .with(SendNotice::new(app.clone(), mailer))
        .with(WriteExport::new(app.clone()))
        .with(WriteOrganizationExport::new(app.clone()))
}

/// What removes people and organizations, with everything this installation keeps of them.
pub fn eraser(app: &App, accounts: &Accounts, folders: &Folders) -> Eraser {
    let mails = accounts.smtp_url.is_none().then(|| MailFolder::new(folders.mails()));
    Eraser::new(app.clone(), mails, Journal::new(folders.erasures()))
}

/// The configured way for mails to leave.
///
/// # Errors
/// When a setting is missing or malformed.
pub fn mailer(accounts: &Accounts, folders: &Folders) -> Result<Mailer> {
    let Some(url) = &accounts.smtp_url else {
        return Ok(Mailer::folder(MailFolder::new(folders.mails()))?);
    };
    let from = accounts.mail_from.clone().context("MEMOREEL_MAIL_FROM is needed beside MEMOREEL_SMTP_URL")?;
    Ok(Mailer::smtp(&SmtpSettings { url: url.clone(), from })?)
}

/// The configured stores as one. Where organizations' files lie in them is learned by a `Keeper`.
///
/// # Errors
/// When settings are missing or a folder cannot be made.
pub fn blob_store(storage: &Storage, folders: &Folders) -> Result<BlobStore> {
    Ok(BlobStore::with_stores(stores::stores(storage, folders)?)?)
}

//! What follows what: the one table of the product's flow, from an event to the tasks that come next.

use memoreel_assets::{
    AssetStep, DocumentStep, Encode, EncodeAv1, ExtractSpeech, ImageStep, Import, ImportStep, KeyFrames,
    MakeSounds, Package, Picture, Probe, ReadDocument, ReadImage, ReadImageText, Reencode, ReplaceRecording,
    RereadDocument, RereadImage, Store, Tracks, Waveform,
};
use memoreel_insights::{Summarise, SummarisePayload};
use memoreel_kernel::{AssetId, Event, VideoId};
use memoreel_search::{
    Index, IndexDescription, IndexDescriptionPayload, IndexDocument, IndexDocumentPayload, IndexImage,
    IndexImagePayload, IndexKeyFrames, IndexKeyFramesPayload, IndexPayload, IndexPictures,
    IndexPicturesPayload,
};
use memoreel_tasks::{Handle, NewTask};
use memoreel_transcripts::{Transcribe, TranscribePayload};
use uuid::Uuid;

/// Before everything else: what makes a recording playable.
const FIRST: i32 = 20;
/// What people look at next.
const SOON: i32 = 10;
/// After what is said, by which most is found.
const LATER: i32 = -5;
/// What can wait: it takes longest and only improves what already works.
const LAST: i32 = -10;

/// The pipeline.
pub fn next_tasks(event: &Event) -> Vec<NewTask> {
    match *event {
        Event::VideoAdded { video_id, asset_id } => vec![file::<Store>(video_id, asset_id, FIRST)],
        Event::ReplacementAdded { video_id, asset_id } => {
            vec![task::<ReplaceRecording>(asset_id, AssetStep { video_id, asset_id }, FIRST)]
        }
        Event::AssetStored { video_id, asset_id } => vec![file::<Probe>(video_id, asset_id, FIRST)],
        Event::AssetProbed { video_id, asset_id, has_picture, has_sound } => {
            let mut tasks = vec![file::<Package>(video_id, asset_id, FIRST)];
            if has_picture {
                tasks.push(file::<Picture>(video_id, asset_id, SOON));
                tasks.push(file::<KeyFrames>(video_id, asset_id, LATER));
            }
            if has_sound {
                tasks.push(file::<ExtractSpeech>(video_id, asset_id, SOON));
                tasks.push(file::<Waveform>(video_id, asset_id, SOON));
            }
            tasks
        }
        Event::AssetPackaged { video_id, asset_id } => vec![file::<Encode>(video_id, asset_id, LAST)],
        Event::Av1Wanted { video_id, asset_id } => vec![file::<EncodeAv1>(video_id, asset_id, LAST)],
        Event::TracksWanted { video_id, asset_id } => vec![file::<Tracks>(video_id, asset_id, LATER)],
        Event::SpeechAudioReady { video_id, asset_id } => {
            vec![task::<Transcribe>(video_id, TranscribePayload { video_id, asset_id }, 0)]
        }
        Event::KeyFramesReady { video_id, .. } => {
            vec![task::<IndexKeyFrames>(video_id, IndexKeyFramesPayload { video_id }, LATER)]
        }
        Event::PicturesWanted { of } => {
            vec![task::<IndexPictures>(
                event.subject_id(),
                IndexPicturesPayload { of, is_anew: false },
                LATER,
            )]
        }
        Event::SoundWanted { video_id, asset_id } => {
            vec![task::<MakeSounds>(asset_id, AssetStep { video_id, asset_id }, SOON)]
        }
        Event::EncodeWanted { video_id, asset_id } => {
            vec![task::<Reencode>(asset_id, AssetStep { video_id, asset_id }, LAST)]
        }
        Event::TranscriptReady { video_id } => {
            vec![
                task::<Index>(video_id, IndexPayload { video_id }, SOON),
                task::<Summarise>(video_id, SummarisePayload { video_id }, SOON),
            ]
        }
        Event::VideoDescribed { video_id } => {
            vec![task::<IndexDescription>(video_id, IndexDescriptionPayload { video_id }, SOON)]
        }
        Event::VideoRestored { video_id } => {
            vec![
                task::<Index>(video_id, IndexPayload { video_id }, SOON),
                task::<IndexDescription>(video_id, IndexDescriptionPayload { video_id }, SOON),
                task::<IndexKeyFrames>(video_id, IndexKeyFramesPayload { video_id }, LATER),
            ]
        }
        Event::ImportRequested { asset_id, .. } => {
            vec![task::<Import>(event.subject_id(), ImportStep { asset_id }, FIRST)]
        }
        Event::ImageAdded { asset_id } => vec![task::<ReadImage>(asset_id, ImageStep { asset_id }, FIRST)],
        Event::ImageReady { asset_id } => {
            vec![task::<ReadImageText>(asset_id, ImageStep { asset_id }, SOON)]
        }
        Event::ImageRereadWanted { asset_id } => {
            vec![task::<RereadImage>(asset_id, ImageStep { asset_id }, SOON)]
        }
        Event::ImageTextReady { asset_id }
        | Event::ImageChanged { asset_id }
        | Event::ImageRestored { asset_id } => {
            vec![task::<IndexImage>(asset_id, IndexImagePayload { asset_id }, SOON)]
        }
        Event::DocumentAdded { asset_id } => {
            vec![task::<ReadDocument>(asset_id, DocumentStep { asset_id }, SOON)]
        }
        Event::DocumentRereadWanted { asset_id } => {
            vec![task::<RereadDocument>(asset_id, DocumentStep { asset_id }, SOON)]
        }
        Event::DocumentReady { asset_id }
        | Event::DocumentReread { asset_id }
        | Event::DocumentRestored { asset_id } => {
            vec![task::<IndexDocument>(asset_id, IndexDocumentPayload { asset_id }, SOON)]
        }
        Event::PlaybackReady { .. }
        | Event::VideoIndexed { .. }
        | Event::SummaryReady { .. }
        | Event::VideoChanged { .. }
        | Event::VideoDeleted { .. }
        | Event::VideoSettled { .. }
        | Event::ImageFailed { .. }
        | Event::ImageDeleted { .. }
        | Event::DocumentFailed { .. }
        | Event::DocumentDeleted { .. } => Vec::new(),
    }
}

fn file<H: Handle<Payload = AssetStep>>(video_id: VideoId, asset_id: AssetId, priority: i32) -> NewTask {
    task::<H>(video_id, AssetStep { video_id, asset_id }, priority)
}

fn task<H: Handle>(subject_id: impl Into<Uuid>, payload: H::Payload, priority: i32) -> NewTask {
    NewTask::of::<H>(subject_id, payload).priority(priority)
}

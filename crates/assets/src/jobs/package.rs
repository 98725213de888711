//! Instant playback: what browsers can play as it is gets cut into HLS without encoding.

use super::{Input, MediaEngine, control, media_failure};
use crate::{jobs::encode::publish_variants, model::AssetStep};
use async_trait::async_trait;
use memoreel_kernel::Event;
use memoreel_media::Packaging;
use memoreel_tasks::{Finished, Handle, TaskFailure, TaskRun};
use std::path::Path;

/// Makes a recording playable at once where that is possible; sound alone always is.
#[derive(Debug)]
pub struct Package(pub MediaEngine);

#[async_trait]
impl Handle for Package {
    const KIND: &'static str = "package";
    const CONCURRENCY: usize = 2;
    type Payload = AssetStep;

    async fn run(&self, run: &TaskRun, step: AssetStep) -> Result<Finished, TaskFailure> {
        let input = self.0.input(run, step).await?;
        self.0.in_folder(async |folder| self.package_in(folder, run, step, &input).await).await
    }
}

impl Package {
    async fn package_in(
        &self,
        folder: &Path,
        run: &TaskRun,
        step: AssetStep,
        input: &Input,
    ) -> Result<Finished, TaskFailure> {
        let levelling = self.0.levelling(input, &control(run, 0.0, 0.5)).await?;
        let (path, levelling) = (input.file.path(), levelling.as_ref());
        let part = control(run, if levelling.is_some() { 0.5 } else { 0.0 }, 0.9);
        let packaging = self.0.ffmpeg.package_instantly(path, &input.probe, levelling, folder, &part).await;
        let packaging = packaging.map_err(media_failure)?;
        let packaged = Event::AssetPackaged { video_id: step.video_id, asset_id: step.asset_id };
        let next = input.probe.video.is_some().then_some(packaged);
        match packaging {
            Packaging::Packaged(variant) => {
                let mut events = vec![Event::PlaybackReady { video_id: step.video_id }];
                events.extend(next);
                // Of what has a picture they come after what is encoded.
                if input.probe.video.is_none() && !input.probe.other_tracks().is_empty() {
                    events.push(Event::TracksWanted { video_id: step.video_id, asset_id: step.asset_id });
                }
                publish_variants(&self.0, run, input.recording, folder, vec![variant], &events).await
            }
            Packaging::NotInstant(reason) => {
                tracing::info!(?reason, "playable only once encoded");
                let tx = run.begin().await?;
                run.finish(tx, next.as_slice()).await
            }
        }
    }
}

//! From a video's tasks to the steps and the one number people watch.

use crate::model::{Stage, StageState};
use memoreel_tasks::{StageStatus, TaskStage};

/// What a video consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Moving pictures, until the file is known to be something else.
    Film,
    /// Sound alone.
    Sound,
    /// A transcript without a recording.
    Text,
}

impl Medium {
    /// As the API names it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Medium::Film => "video",
            Medium::Sound => "audio",
            Medium::Text => "text",
        }
    }
}

/// Every step in the order people see it, with its share of the whole for a film, for sound alone and for text. The shares
/// follow what the steps took on two cores, roughly.
const PLAN: [(&str, [u32; 3]); 14] = [
    ("store", [2, 3, 0]),
    ("probe", [2, 3, 0]),
    ("package", [4, 8, 0]),
    ("audio", [3, 5, 0]),
    ("picture", [6, 0, 0]),
    ("waveform", [2, 5, 0]),
    ("key_frames", [3, 0, 0]),
    ("transcribe", [35, 60, 0]),
    ("index", [4, 8, 1]),
    ("index_key_frames", [1, 0, 0]),
    ("summarise", [4, 8, 1]),
    ("encode", [38, 0, 0]),
    ("tracks", [4, 4, 0]),
    ("encode_av1", [60, 0, 0]),
];

/// Steps of which nobody expects anything until they are asked for.
const WHERE_WANTED: [&str; 2] = ["tracks", "encode_av1"];

/// What is done where the other is begun: nothing else tells so of a file that replaced another.
const STORED: (&str, &str) = ("store", "probe");

/// How far a video is.
#[derive(Debug, PartialEq)]
pub(crate) struct Progress {
    pub(crate) stages: Vec<Stage>,
    pub(crate) stage: Option<String>,
    pub(crate) percent: u8,
}

/// `medium` decides which steps are expected; `settled` says that no further task will come.
pub(crate) fn progress(tasks: &[TaskStage], medium: Medium, settled: bool) -> Progress {
    let stages: Vec<Stage> = PLAN
        .iter()
        .filter(|(_, shares)| shares[medium as usize] > 0)
        .filter(|(name, _)| !WHERE_WANTED.contains(name) || tasks.iter().any(|task| task.stage == *name))
        .map(|(name, _)| stage(name, tasks, settled))
        .collect();
    let current = |state| stages.iter().find(|stage| stage.status == state).map(|stage| stage.stage.clone());
    Progress {
        stage: current(StageState::Running).or_else(|| current(StageState::Waiting)).filter(|_| !settled),
        percent: if settled { 100 } else { percent(&stages, medium) },
        stages,
    }
}

fn stage(name: &str, tasks: &[TaskStage], settled: bool) -> Stage {
    let of = |name: &str| tasks.iter().find(|task| task.stage == name);
    let task = of(name);
    let status = match task.map(|task| task.status) {
        None if name == STORED.0 && of(STORED.1).is_some() => StageState::Completed,
        None if settled => StageState::Skipped,
        None | Some(StageStatus::Waiting) => StageState::Waiting,
        Some(StageStatus::Running) => StageState::Running,
        Some(StageStatus::Completed) => StageState::Completed,
        Some(StageStatus::Failed) => StageState::Failed,
        Some(StageStatus::Cancelled) => StageState::Skipped,
    };
    let progress = if status == StageState::Completed { 100 } else { task.map_or(0, |task| task.progress) };
    Stage { stage: name.to_owned(), status, progress, message: task.and_then(|task| task.message.clone()) }
}

fn percent(stages: &[Stage], medium: Medium) -> u8 {
    let share = |name: &str| {
        PLAN.iter().find(|(step, _)| *step == name).map_or(0, |(_, shares)| shares[medium as usize])
    };
    let whole: u32 = stages.iter().map(|stage| share(&stage.stage)).sum();
    let done: u32 = stages
        .iter()
        .map(|stage| {
            let percent = match stage.status {
                StageState::Completed | StageState::Skipped | StageState::Failed => 100,
                StageState::Waiting => 0,
                StageState::Running => u32::from(stage.progress.min(100)),
            };
            share(&stage.stage) * percent
        })
        .sum();
    // 100 is said only when everything is settled.
    u8::try_from(done / whole.max(1)).unwrap_or(99).min(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(stage: &str, status: StageStatus, progress: u8) -> TaskStage {
        TaskStage { stage: stage.to_owned(), status, progress, message: None, code: None }
    }

    #[test]
    fn nothing_done_is_zero_and_the_first_step_is_named() {
        let progress = progress(&[task("store", StageStatus::Waiting, 0)], Medium::Film, false);
        assert_eq!((progress.percent, progress.stage.as_deref()), (0, Some("store")));
    }

    #[test]
    fn a_running_step_is_named_before_waiting_ones_and_counts_in_part() {
        let tasks = [
            task("store", StageStatus::Completed, 100),
            task("probe", StageStatus::Completed, 100),
            task("transcribe", StageStatus::Running, 50),
        ];
        let progress = progress(&tasks, Medium::Sound, false);
        assert_eq!((progress.percent, progress.stage.as_deref()), (36, Some("transcribe")));
    }

    #[test]
    fn text_alone_waits_for_nothing_but_its_indexing_and_summary() {
        let progress = progress(&[task("index", StageStatus::Completed, 100)], Medium::Text, false);
        let stages: Vec<&str> = progress.stages.iter().map(|stage| stage.stage.as_str()).collect();
        assert_eq!(stages, ["index", "summarise"]);
        assert_eq!((progress.percent, progress.stage.as_deref()), (50, Some("summarise")));
    }

    #[test]
    fn a_hundred_is_said_only_when_settled_and_missing_steps_are_skipped_then() {
        let tasks: Vec<_> = PLAN.iter().map(|(name, ..)| task(name, StageStatus::Completed, 100)).collect();
        assert_eq!(progress(&tasks, Medium::Film, false).percent, 99);
        let settled = progress(&tasks[..3], Medium::Film, true);
        assert_eq!((settled.percent, settled.stage), (100, None));
        assert_eq!(settled.stages[3].status, StageState::Skipped);
    }
}

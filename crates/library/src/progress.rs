//! From a video's tasks to the steps and the one number people watch.

use crate::model::{Stage, StageState};
use memoreel_tasks::{StageStatus, TaskStage};

/// Every step in the order people see it, with its share of the whole for a film and for sound alone. The shares follow what
/// the steps took on two cores, roughly.
const PLAN: [(&str, u32, u32); 10] = [
    ("store", 2, 3),
    ("probe", 2, 3),
    ("package", 4, 8),
    ("audio", 3, 5),
    ("picture", 6, 0),
    ("waveform", 2, 5),
    ("transcribe", 35, 60),
    ("index", 4, 8),
    ("summarise", 4, 8),
    ("encode", 38, 0),
];

/// How far a video is.
#[derive(Debug, PartialEq)]
pub(crate) struct Progress {
    pub(crate) stages: Vec<Stage>,
    pub(crate) stage: Option<String>,
    pub(crate) percent: u8,
}

/// `sound_only` decides which steps are expected; `settled` says that no further task will come.
pub(crate) fn progress(tasks: &[TaskStage], sound_only: bool, settled: bool) -> Progress {
    let stages: Vec<Stage> = PLAN
        .iter()
        .filter(|(_, film, sound)| if sound_only { *sound > 0 } else { *film > 0 })
        .map(|(name, ..)| stage(name, tasks.iter().find(|task| task.stage == *name), settled))
        .collect();
    let current = |state| stages.iter().find(|stage| stage.status == state).map(|stage| stage.stage.clone());
    Progress {
        stage: current(StageState::Running).or_else(|| current(StageState::Waiting)).filter(|_| !settled),
        percent: if settled { 100 } else { percent(&stages, sound_only) },
        stages,
    }
}

fn stage(name: &str, task: Option<&TaskStage>, settled: bool) -> Stage {
    let status = match task.map(|task| task.status) {
        None if settled => StageState::Skipped,
        None | Some(StageStatus::Waiting) => StageState::Waiting,
        Some(StageStatus::Running) => StageState::Running,
        Some(StageStatus::Completed) => StageState::Completed,
        Some(StageStatus::Failed) => StageState::Failed,
        Some(StageStatus::Cancelled) => StageState::Skipped,
    };
    Stage {
        stage: name.to_owned(),
        status,
        progress: task.map_or(0, |task| task.progress),
        message: task.and_then(|task| task.message.clone()),
    }
}

fn percent(stages: &[Stage], sound_only: bool) -> u8 {
    let share = |name: &str| {
        PLAN.iter()
            .find(|(step, ..)| *step == name)
            .map_or(0, |(_, film, sound)| if sound_only { *sound } else { *film })
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
        let progress = progress(&[task("store", StageStatus::Waiting, 0)], false, false);
        assert_eq!((progress.percent, progress.stage.as_deref()), (0, Some("store")));
    }

    #[test]
    fn a_running_step_is_named_before_waiting_ones_and_counts_in_part() {
        let tasks = [
            task("store", StageStatus::Completed, 100),
            task("probe", StageStatus::Completed, 100),
            task("transcribe", StageStatus::Running, 50),
        ];
        let progress = progress(&tasks, true, false);
        assert_eq!((progress.percent, progress.stage.as_deref()), (36, Some("transcribe")));
    }

    #[test]
    fn a_hundred_is_said_only_when_settled_and_missing_steps_are_skipped_then() {
        let tasks: Vec<_> = PLAN.iter().map(|(name, ..)| task(name, StageStatus::Completed, 100)).collect();
        assert_eq!(progress(&tasks, false, false).percent, 99);
        let settled = progress(&tasks[..3], false, true);
        assert_eq!((settled.percent, settled.stage), (100, None));
        assert_eq!(settled.stages[3].status, StageState::Skipped);
    }
}

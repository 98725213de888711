import type { Task } from "../../../api/types";
import { formatDateTime, formatDuration } from "../../../lib/format";
import { strings } from "../../../strings";

/** A step that this version has no word for keeps its name. */
export function kindName(kind: string): string {
  return strings.tasks.kinds[kind] ?? kind;
}

/** Of a person and not of an organization, whose list they are therefore not in. */
const OF_PERSONS = new Set(["send_mail", "export_person"]);

/** The steps one can look for. */
export const KINDS: readonly string[] = Object.keys(strings.tasks.kinds).filter((kind) => !OF_PERSONS.has(kind));

export function spanOf(ms: number | null): string {
  return ms === null ? "–" : formatDuration(ms);
}

/** "Harbour · try 2 of 4 · next try 12:00". */
export function facts(task: Task): string {
  const took =
    task.status === "completed" && task.started_at !== null && task.finished_at !== null
      ? strings.tasks.took(formatDuration(Date.parse(task.finished_at) - Date.parse(task.started_at)))
      : null;
  const told = [
    task.subject_title,
    task.attempts > 1 || (task.status === "pending" && task.attempts > 0)
      ? strings.tasks.attempt(task.attempts, task.attempts_max)
      : null,
    task.status === "pending" && task.error_code !== null ? strings.tasks.nextTry(formatDateTime(task.scheduled_for)) : null,
    task.status === "failed" ? task.error_message : null,
    took,
  ];
  return told.filter((one) => one !== null).join(" · ");
}

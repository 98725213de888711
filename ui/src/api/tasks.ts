import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { isApiError, patiently, requestJson } from "./client";
import { connection } from "./connection";
import { readAll, type AllPages } from "./pages";
import { keys } from "./queries";
import type { Page, Task, TaskDetails, TaskStats, TaskStatus } from "./types";

/** So many are retried at once. */
const RETRIED_MAX = 1000;
/** Refusals that say something of one task alone: that it is gone, or neither failed nor cancelled any more. */
const OF_THE_TASK: readonly number[] = [404, 409];

export interface TaskFilter {
  status?: TaskStatus | undefined;
  kind?: string | undefined;
}

/** Whether something about it will change by itself. */
export function isOpen(task: Pick<Task, "status">): boolean {
  return task.status === "pending" || task.status === "running";
}

/** Newest first. The stream of events tells of videos; what is about other things is looked at again. */
export function tasksQuery(filter: TaskFilter) {
  return infiniteQueryOptions({
    queryKey: [...keys.tasks, "list", filter],
    queryFn: ({ pageParam, signal }) => readTasks(filter, { limit: 20, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => interval(query.state.data?.pages.some((page) => page.items.some(isOpen)) ?? false),
  });
}

function readTasks(filter: TaskFilter, page: { limit: number; cursor: string | null }, signal?: AbortSignal): Promise<Page<Task>> {
  return requestJson<Page<Task>>("GET", "/tasks", { query: { ...filter, ...page }, signal });
}

/** Everything that failed and that the filter leaves, newest first, as far as it is retried at once. */
export function failedTasks(filter: TaskFilter): Promise<AllPages<Task>> {
  return readAll((page) => patiently(() => readTasks({ ...filter, status: "failed" }, page)), RETRIED_MAX);
}

export const taskStatsQuery = queryOptions({
  queryKey: ["tasks", "stats"],
  queryFn: ({ signal }) => requestJson<TaskStats>("GET", "/tasks/stats", { signal }),
  refetchInterval: (query) => interval(query.state.data?.counts.some(({ status }) => status === "pending" || status === "running") ?? false),
});

/** One of them with what became of its tries. */
export function taskQuery(id: string) {
  return queryOptions({
    queryKey: [...keys.tasks, "one", id],
    queryFn: ({ signal }) => requestJson<TaskDetails>("GET", `/tasks/${id}`, { signal }),
  });
}

function interval(busy: boolean): number | false {
  if (!busy) return false;
  return connection.get().live ? 5000 : 2000;
}

/** What became of many that were to be retried. */
export interface Retried {
  /** So many were. */
  count: number;
  /** These were not, and why. */
  refused: { task: Task; error: Error }[];
  /** These were not come to. */
  left: Task[];
  /** Why not, where nobody stopped it. */
  error: unknown;
}

/** One after the other, until it is told to stop, or something goes wrong that would with the next one as well. */
export async function retryTasks(tasks: readonly Task[], onProgress: (done: number) => void, stop: AbortSignal): Promise<Retried> {
  const refused: Retried["refused"] = [];
  let count = 0;
  for (const [place, task] of tasks.entries()) {
    if (stop.aborted) return { count, refused, left: tasks.slice(place), error: null };
    onProgress(place);
    try {
      await patiently(() => taskCommands.retry(task.id));
      count += 1;
    } catch (error) {
      if (!isApiError(error) || !OF_THE_TASK.includes(error.status)) return { count, refused, left: tasks.slice(place), error };
      refused.push({ task, error });
    }
  }
  return { count, refused, left: [], error: null };
}

export const taskCommands = {
  cancel: (id: string) => requestJson<TaskDetails>("POST", `/tasks/${id}/cancel`),
  retry: (id: string) => requestJson<TaskDetails>("POST", `/tasks/${id}/retry`),
  prioritise: (id: string, priority: number) => requestJson<TaskDetails>("PATCH", `/tasks/${id}`, { json: { priority } }),
};

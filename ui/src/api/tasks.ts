import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { requestJson } from "./client";
import { connection } from "./connection";
import { keys } from "./queries";
import type { Page, Task, TaskDetails, TaskStats, TaskStatus } from "./types";

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
    queryFn: ({ pageParam, signal }) =>
      requestJson<Page<Task>>("GET", "/tasks", { query: { ...filter, limit: 20, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => interval(query.state.data?.pages.some((page) => page.items.some(isOpen)) ?? false),
  });
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

export const taskCommands = {
  cancel: (id: string) => requestJson<TaskDetails>("POST", `/tasks/${id}/cancel`),
  retry: (id: string) => requestJson<TaskDetails>("POST", `/tasks/${id}/retry`),
  prioritise: (id: string, priority: number) => requestJson<TaskDetails>("PATCH", `/tasks/${id}`, { json: { priority } }),
};

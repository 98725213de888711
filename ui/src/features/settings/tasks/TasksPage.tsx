import "./tasks.css";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ListChecks } from "lucide-react";
import { taskStatsQuery, tasksQuery } from "../../../api/tasks";
import type { TaskStats, TaskStatus } from "../../../api/types";
import { TASK_STATUSES } from "../../../app/router";
import { Empty } from "../../../components/Empty";
import { Problem } from "../../../components/Problem";
import { formatAge, formatDateTime } from "../../../lib/format";
import { useTitle } from "../../../lib/hooks";
import { strings } from "../../../strings";
import { TaskRow } from "./TaskRow";
import { kindName, spanOf } from "./words";

/** The steps one can look for. */
const KINDS = Object.keys(strings.tasks.kinds);

/** What is done in the background: what waits, runs, was done, and why something was not. */
export function TasksPage() {
  useTitle(strings.tasks.title);
  const filter = useSearch({ from: "/app/settings/tasks" });
  const navigate = useNavigate();
  const list = useInfiniteQuery(tasksQuery(filter));
  const tasks = list.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = filter.status !== undefined || filter.kind !== undefined;
  const choose = (change: { status?: TaskStatus | undefined; kind?: string | undefined }): void => {
    void navigate({ to: "/settings/tasks", search: { ...filter, ...change }, replace: true });
  };
  return (
    <section className="settings__section">
      <div>
        <h2>{strings.tasks.title}</h2>
        <p className="soft">{strings.tasks.lead}</p>
      </div>
      <Stats />
      <div className="tasks__filters" role="group" aria-label={strings.tasks.filters}>
        <label>
          <span className="soft small">{strings.tasks.only}</span>
          <select
            className="select"
            value={filter.status ?? ""}
            onChange={(event) => choose({ status: TASK_STATUSES.find((known) => known === event.target.value) })}
          >
            <option value="">{strings.tasks.all}</option>
            {TASK_STATUSES.map((known) => (
              <option key={known} value={known}>
                {strings.tasks.status[known]}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span className="soft small">{strings.tasks.kind}</span>
          <select
            className="select"
            value={filter.kind ?? ""}
            onChange={(event) => choose({ kind: event.target.value === "" ? undefined : event.target.value })}
          >
            <option value="">{strings.tasks.all}</option>
            {KINDS.map((known) => (
              <option key={known} value={known}>
                {kindName(known)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {list.isPending ? (
        <div className="skeleton" style={{ height: 240 }} />
      ) : list.isError && tasks.length === 0 ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : tasks.length === 0 && isFiltered ? (
        <p className="faint">{strings.tasks.noneFiltered}</p>
      ) : tasks.length === 0 ? (
        <Empty icon={ListChecks} title={strings.tasks.none} text={strings.tasks.noneText} />
      ) : (
        <ol className="tasks" aria-label={strings.tasks.title} aria-busy={list.isPlaceholderData}>
          {tasks.map((task) => (
            <TaskRow key={task.id} task={task} />
          ))}
        </ol>
      )}
      {list.hasNextPage ? (
        <div>
          <button type="button" className="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {strings.common.loadMore}
          </button>
        </div>
      ) : null}
    </section>
  );
}

function Stats() {
  const { data, isPending } = useQuery(taskStatsQuery);
  if (isPending) return <div className="skeleton" style={{ height: 64 }} />;
  // The list says what went wrong.
  if (!data) return null;
  const held = countOf(data, "held");
  const failed = countOf(data, "failed");
  const done = data.last_day.reduce((sum, kind) => sum + kind.completed, 0);
  const since = data.oldest_waiting_since;
  return (
    <>
      <dl className="tasks__strip" aria-label={strings.tasks.stats}>
        <Figure name={strings.tasks.running} value={String(countOf(data, "running"))} />
        <Figure name={strings.tasks.waiting} value={String(countOf(data, "pending"))} />
        {held > 0 ? <Figure name={strings.tasks.held} value={String(held)} /> : null}
        <Figure name={strings.tasks.failed} value={String(failed)} isBad={failed > 0} />
        <Figure name={strings.tasks.lastDay} value={String(done)} />
        {since === null ? null : <Figure name={strings.tasks.longest} value={formatAge(since)} title={formatDateTime(since)} />}
      </dl>
      {data.last_day.length === 0 ? null : (
        <details>
          <summary className="soft small">{strings.tasks.steps}</summary>
          {/* It scrolls on a phone, so the keyboard has to reach it. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div className="tasks__scroll" tabIndex={0} role="region" aria-label={strings.tasks.steps}>
            <table className="tasks__steps">
              <thead>
                <tr>
                  <th scope="col">{strings.tasks.step}</th>
                  <th scope="col">{strings.tasks.done}</th>
                  <th scope="col">{strings.tasks.failed}</th>
                  <th scope="col">{strings.tasks.half}</th>
                  <th scope="col">{strings.tasks.most}</th>
                </tr>
              </thead>
              <tbody>
                {data.last_day.map((kind) => (
                  <tr key={kind.kind}>
                    <th scope="row">{kindName(kind.kind)}</th>
                    <td>{kind.completed}</td>
                    <td>{kind.failed}</td>
                    <td>{spanOf(kind.duration_ms_p50)}</td>
                    <td>{spanOf(kind.duration_ms_p95)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </>
  );
}

function Figure({ name, value, title, isBad = false }: { name: string; value: string; title?: string; isBad?: boolean }) {
  return (
    <div>
      <dt className="soft small">{name}</dt>
      <dd className={isBad ? "tasks__bad" : undefined} title={title}>
        {value}
      </dd>
    </div>
  );
}

function countOf(stats: TaskStats, status: TaskStatus): number {
  return stats.counts.filter((count) => count.status === status).reduce((sum, count) => sum + count.count, 0);
}

import "./tasks.css";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ListChecks } from "lucide-react";
import { useMay } from "../../../api/me";
import { taskStatsQuery, tasksQuery } from "../../../api/tasks";
import type { TaskStats, TaskStatus } from "../../../api/types";
import { TASK_STATUSES } from "../../../app/router";
import { Choice } from "../../../components/Choice";
import { Empty } from "../../../components/Empty";
import { Figure, Figures } from "../../../components/Figures";
import { PagedList } from "../../../components/Listed";
import { Scrolled } from "../../../components/Scrolled";
import { formatAge, formatDateTime, formatNumber } from "../../../lib/format";
import { useTitle } from "../../../lib/hooks";
import { strings } from "../../../strings";
import { RetryFailed } from "./RetryFailed";
import { TaskRow } from "./TaskRow";
import { kindName, KINDS, spanOf } from "./words";

/** What is done in the background: what waits, runs, was done, and why something was not. */
export function TasksPage() {
  useTitle(strings.tasks.title);
  const filter = useSearch({ from: "/app/settings/tasks" });
  const navigate = useNavigate();
  const mayEdit = useMay("edit_content");
  const list = useInfiniteQuery(tasksQuery(filter));
  const isEmpty = list.data?.pages.every(({ items }) => items.length === 0) ?? true;
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
        <Choice
          label={strings.tasks.only}
          value={filter.status}
          options={TASK_STATUSES}
          nameOf={(known) => strings.tasks.status[known]}
          any={strings.tasks.all}
          onChoose={(status) => choose({ status })}
        />
        <Choice
          label={strings.tasks.kind}
          value={filter.kind}
          options={KINDS}
          nameOf={kindName}
          any={strings.tasks.all}
          onChoose={(kind) => choose({ kind })}
        />
        {filter.status === "failed" && mayEdit ? <RetryFailed kind={filter.kind} isEmpty={isEmpty} /> : null}
      </div>
      <PagedList
        list={list}
        label={strings.tasks.title}
        className="lines"
        height={240}
        none={
          isFiltered ? (
            <p className="faint">{strings.tasks.noneFiltered}</p>
          ) : (
            <Empty icon={ListChecks} title={strings.tasks.none} text={strings.tasks.noneText} />
          )
        }
      >
        {(task) => <TaskRow key={task.id} task={task} />}
      </PagedList>
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
      <Figures label={strings.tasks.stats}>
        <Figure name={strings.tasks.running} value={formatNumber(countOf(data, "running"))} />
        <Figure name={strings.tasks.waiting} value={formatNumber(countOf(data, "pending"))} />
        {held > 0 ? <Figure name={strings.tasks.held} value={formatNumber(held)} /> : null}
        <Figure name={strings.tasks.failed} value={failed > 0 ? <FailedLink count={failed} /> : formatNumber(failed)} isBad={failed > 0} />
        <Figure name={strings.tasks.lastDay} value={formatNumber(done)} />
        {since === null ? null : <Figure name={strings.tasks.longest} value={formatAge(since)} title={formatDateTime(since)} />}
      </Figures>
      {data.last_day.length === 0 ? null : (
        <details>
          <summary className="soft small">{strings.tasks.steps}</summary>
          <Scrolled label={strings.tasks.steps} className="table-scroll tasks__steps">
            <table className="table table--numbers">
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
                    <td>{formatNumber(kind.completed)}</td>
                    <td>{formatNumber(kind.failed)}</td>
                    <td>{spanOf(kind.duration_ms_p50)}</td>
                    <td>{spanOf(kind.duration_ms_p95)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scrolled>
        </details>
      )}
    </>
  );
}

/** What failed is what most come for. */
function FailedLink({ count }: { count: number }) {
  return (
    <Link to="/settings/tasks" search={{ status: "failed" }} replace className="tasks__count" aria-label={strings.tasks.showFailed(formatNumber(count))}>
      {formatNumber(count)}
    </Link>
  );
}

function countOf(stats: TaskStats, status: TaskStatus): number {
  return stats.counts.filter((count) => count.status === status).reduce((sum, count) => sum + count.count, 0);
}

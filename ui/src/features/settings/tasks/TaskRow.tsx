import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown, CircleStop, RotateCw } from "lucide-react";
import { useState } from "react";
import { useMay } from "../../../api/me";
import { keys } from "../../../api/queries";
import { taskCommands, taskQuery } from "../../../api/tasks";
import type { Task } from "../../../api/types";
import { BusyButton } from "../../../components/BusyButton";
import { CopyIcon } from "../../../components/CopyIcon";
import { Confirm } from "../../../components/Confirm";
import { Problem } from "../../../components/Problem";
import { Progress } from "../../../components/Progress";
import { formatDateTime } from "../../../lib/format";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { tell } from "../../library/actions";
import { facts, kindName } from "./words";

/** One task, which opens to what became of its tries and what can be done. */
export function TaskRow({ task }: { task: Task }) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details className="line" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span className={`tag line__status line__status--${task.status}`}>
            {task.is_stopping ? strings.tasks.stopping : strings.tasks.status[task.status]}
          </span>
          <span className="line__what">
            <span>{kindName(task.kind)}</span>
            <span className="faint small">{facts(task)}</span>
            {task.status === "running" ? (
              <Progress label={strings.tasks.progress(kindName(task.kind))} value={task.progress} />
            ) : null}
          </span>
          <time className="faint small" dateTime={task.created_at}>
            {formatDateTime(task.created_at)}
          </time>
          <ChevronDown className="line__turn" size={16} aria-hidden />
        </summary>
        {open ? <Details task={task} /> : null}
      </details>
    </li>
  );
}

function Details({ task }: { task: Task }) {
  const details = useQuery(taskQuery(task.id));
  return (
    <div className="line__details">
      {/* Of a task that failed, the line above says it. */}
      {task.error_message === null || task.status === "failed" ? null : <p>{task.error_message}</p>}
      {task.advice === null ? null : <p className="soft">{task.advice}</p>}
      {details.isPending ? (
        <div className="skeleton" style={{ height: 60 }} />
      ) : details.data === undefined ? (
        <Problem error={details.error} onRetry={() => void details.refetch()} />
      ) : (
        <div>
          <h3 className="small">{strings.tasks.tries}</h3>
          {details.data.tries.length === 0 ? (
            <p className="faint small">{strings.tasks.triesNone}</p>
          ) : (
            <ol className="tasks__tries" aria-label={strings.tasks.tries}>
              {details.data.tries.map((one, place) => (
                <li key={`${one.ended_at} ${place}`} className="small">
                  <span>
                    {strings.tasks.outcome[one.outcome]}
                    <span className="faint"> · {formatDateTime(one.ended_at)}</span>
                    {one.started_at === null ? null : (
                      <span className="faint"> · {strings.tasks.attempt(one.attempt, task.attempts_max)}</span>
                    )}
                  </span>
                  {one.message === null ? null : <span className="soft">{one.message}</span>}
                </li>
              ))}
            </ol>
          )}
        </div>
      )}
      <p className="faint small tasks__id">
        <code>{task.id}</code>
        <CopyIcon label={strings.tasks.copyId} text={task.id} />
        {task.error_code === null ? null : <code>{task.error_code}</code>}
      </p>
      <Actions task={task} />
    </div>
  );
}

function Actions({ task }: { task: Task }) {
  const mayEdit = useMay("edit_content");
  const mayPrioritise = useMay("prioritise_tasks");
  const [asks, setAsks] = useState(false);
  const client = useQueryClient();
  const renew = (): Promise<void> => client.invalidateQueries({ queryKey: keys.tasks });
  const retry = useMutation({
    mutationFn: () => taskCommands.retry(task.id),
    onSuccess: () => showToast(strings.tasks.retried),
    onError: tell,
    onSettled: renew,
  });
  const cancel = useMutation({
    mutationFn: () => taskCommands.cancel(task.id),
    onSuccess: () => showToast(strings.tasks.cancelled, { label: strings.common.undo, run: () => retry.mutate() }),
    onError: tell,
    onSettled: renew,
  });
  const prioritise = useMutation({
    mutationFn: (priority: number) => taskCommands.prioritise(task.id, priority),
    onSuccess: () => showToast(strings.tasks.prioritised),
    onError: tell,
    onSettled: renew,
  });
  const waits = task.status === "pending" || task.status === "held";
  const isOver = task.status === "failed" || task.status === "cancelled";
  return (
    <div className="tasks__actions">
      {task.subject === "video" ? (
        <Link className="settings__inline-link" to="/videos/$videoId" params={{ videoId: task.subject_id }}>
          {strings.tasks.open}
        </Link>
      ) : task.subject === "asset" ? (
        <Link className="settings__inline-link" to="/files/$assetId" params={{ assetId: task.subject_id }}>
          {strings.tasks.openFile}
        </Link>
      ) : null}
      {mayEdit && (waits || (task.status === "running" && !task.is_stopping)) ? (
        <BusyButton
          type="button"
          className="button button--small"
          busy={cancel.isPending}
          onClick={() => (waits ? cancel.mutate() : setAsks(true))}
        >
          <CircleStop size={16} aria-hidden />
          {strings.tasks.cancel}
        </BusyButton>
      ) : null}
      {mayEdit && isOver ? (
        <BusyButton type="button" className="button button--small" busy={retry.isPending} onClick={() => retry.mutate()}>
          <RotateCw size={16} aria-hidden />
          {strings.tasks.retry}
        </BusyButton>
      ) : null}
      {mayPrioritise && waits ? (
        <label>
          <span className="soft small">{strings.tasks.priority}</span>
          <select
            className="select"
            value={task.priority}
            aria-disabled={prioritise.isPending || undefined}
            onChange={(event) => {
              if (!prioritise.isPending) prioritise.mutate(Number(event.target.value));
            }}
          >
            {priorities(task.priority).map((priority) => (
              <option key={priority} value={priority}>
                {strings.tasks.priorities[priority] ?? priority}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {asks ? (
        <Confirm
          title={strings.tasks.cancelTitle(kindName(task.kind))}
          text={strings.tasks.cancelText}
          action={strings.tasks.cancel}
          onConfirm={async () => {
            await taskCommands.cancel(task.id);
            showToast(strings.tasks.cancelling);
            await renew();
          }}
          onClose={() => setAsks(false)}
        />
      ) : null}
    </div>
  );
}

/** The usual ones, and the present one where somebody chose another. */
function priorities(present: number): number[] {
  return [...new Set([...Object.keys(strings.tasks.priorities).map(Number), present])].sort((one, other) => other - one);
}

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { chooseAction, toasts } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { RetryFailed } from "./RetryFailed";

const words = strings.tasks;
const task = (id: string) => ({ id, kind: "encode", status: "failed", subject: "video", subject_id: `v${id}`, subject_title: `Talk ${id}` });
const TASKS = ["1", "2", "3"].map(task);

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  for (const { id } of toasts.get()) chooseAction(id);
});

const refusal = (status: number, detail: string): Response =>
  new Response(JSON.stringify({ title: "Refused", status, code: "task_waiting", detail, hint: null }), { status });

/** Shows the button before a server on which these tasks have failed, and what is asked of that. */
function show(answer: (id: string, time: number) => Response | Promise<Response>): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    const retried = /\/tasks\/(\w+)\/retry$/u.exec(address)?.[1];
    asked.push(retried ?? address);
    if (init.method === "GET") return Response.json({ items: TASKS, next_cursor: null });
    return answer(retried ?? "", asked.filter((one) => one === retried).length);
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RetryFailed kind="encode" isEmpty={false} />
    </QueryClientProvider>,
  );
  return asked;
}

const press = (name: string): void => {
  fireEvent.click(screen.getByRole("button", { name }));
};

async function confirm(count: number): Promise<void> {
  press(words.retryAll);
  await screen.findByRole("dialog", { name: words.retryAllTitle(count, words.kinds["encode"]) });
  press(words.retry);
}

it("starts all that failed again, one by one, and says of each that was not started why", async () => {
  const asked = show((id) => (id === "2" ? refusal(409, "It waits already.") : Response.json(task(id))));
  await confirm(3);
  const told = await screen.findByRole("dialog", { name: words.notRetried(1) });
  expect(told.textContent).toContain("Talk 2");
  expect(told.textContent).toContain("It waits already.");
  expect(asked).toEqual(["/api/v1/tasks?kind=encode&status=failed&limit=100", "1", "2", "3"]);
  expect(toasts.get().map(({ text }) => text)).toContain(words.retriedCount(2));
});

it("stops where the server is away, and goes on from there", async () => {
  const asked = show((id, time) => (id === "2" && time === 1 ? refusal(503, "Busy.") : Response.json(task(id))));
  await confirm(3);
  await screen.findByText("Busy.");
  expect(asked.slice(1)).toEqual(["1", "2"]);
  expect(screen.getByRole("dialog", { name: words.retryAllTitle(2, words.kinds["encode"]) })).toBeTruthy();
  press(words.retry);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(asked.slice(1)).toEqual(["1", "2", "2", "3"]);
});

it("begins none once it is stopped", async () => {
  let answerFirst = (): void => undefined;
  const asked = show((id) => new Promise((resolve) => (answerFirst = () => resolve(Response.json(task(id))))));
  await confirm(3);
  await screen.findByText(strings.common.doneOf(0, 3));
  press(strings.common.stop);
  answerFirst();
  await waitFor(() => expect(toasts.get().map(({ text }) => text)).toContain(words.retriedCount(1)));
  expect(asked.slice(1)).toEqual(["1"]);
});

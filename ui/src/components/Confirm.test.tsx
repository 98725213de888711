import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { useState, type ReactNode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { strings } from "../strings";
import { Confirm } from "./Confirm";

afterEach(cleanup);

function show(asked: ReactNode): void {
  render(<QueryClientProvider client={new QueryClient()}>{asked}</QueryClientProvider>);
}

const button = (name: string): HTMLElement => screen.getByRole("button", { name });

it("tells what takes its time to stop when it is closed, and closes once", async () => {
  const onClose = vi.fn();
  let finish = (): void => undefined;
  let told: AbortSignal | undefined;
  function Asked() {
    const [progress, setProgress] = useState<{ done: number; total: number }>();
    const onConfirm = (stop: AbortSignal): Promise<void> => {
      told = stop;
      setProgress({ done: 1, total: 3 });
      return new Promise((resolve) => (finish = resolve));
    };
    return <Confirm title="Empty?" text="All goes." action="Empty" progress={progress} onConfirm={onConfirm} onClose={onClose} />;
  }
  show(<Asked />);
  fireEvent.click(button("Empty"));
  await screen.findByText(strings.common.doneOf(1, 3));
  expect(told?.aborted).toBe(false);
  fireEvent.click(button(strings.common.stop));
  expect(told?.aborted).toBe(true);
  finish();
  await new Promise((resolve) => setTimeout(resolve));
  expect(onClose).toHaveBeenCalledTimes(1);
});

it("stays with what went wrong, and can be confirmed again", async () => {
  const onClose = vi.fn();
  const onConfirm = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error("The server is away.")).mockResolvedValueOnce();
  show(<Confirm title="Empty?" text="All goes." action="Empty" onConfirm={onConfirm} onClose={onClose} />);
  fireEvent.click(button("Empty"));
  await screen.findByText("The server is away.");
  expect(onClose).not.toHaveBeenCalled();
  fireEvent.click(button("Empty"));
  await waitFor(() => expect(onClose).toHaveBeenCalledTimes(1));
});

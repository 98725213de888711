import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { showToast, toasts } from "../lib/toasts";
import { Toasts } from "./Toasts";

beforeEach(() => {
  vi.useFakeTimers();
  toasts.set([]);
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const pass = (ms: number): void => act(() => void vi.advanceTimersByTime(ms));
const undo = (): HTMLElement | null => screen.queryByRole("button", { name: "Undo" });

it("stay while the focus is in them, and then for the time they had left", () => {
  const lapse = vi.fn();
  render(<Toasts />);
  act(() => void showToast("Deleted", { label: "Undo", run: vi.fn(), lapse }));
  pass(9000);
  act(() => undo()?.focus());
  pass(60_000);
  expect(undo()).not.toBeNull();

  act(() => undo()?.blur());
  pass(900);
  expect(undo()).not.toBeNull();
  pass(200);
  expect(undo()).toBeNull();
  expect(lapse).toHaveBeenCalledOnce();
});

it("run on once the one with the focus is chosen", () => {
  render(<Toasts />);
  act(() => void showToast("Deleted", { label: "Undo", run: vi.fn() }));
  act(() => void showToast("Saved"));
  act(() => undo()?.focus());
  act(() => undo()?.click());
  pass(20_000);
  expect(toasts.get()).toEqual([]);
});

import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import { strings } from "../strings";
import { LoadMore } from "./LoadMore";

afterEach(cleanup);

it.each([
  ["server_busy", 503, "next"],
  ["list_changed", 409, "all"],
])("after %s (%d) tries the right thing again", (code, status, expected) => {
  const asked = vi.fn();
  const list = {
    hasNextPage: true,
    isFetchingNextPage: false,
    isFetchNextPageError: true,
    error: new ApiError({ type: "about:blank", title: "No", status, code, detail: "No." }),
    fetchNextPage: () => Promise.resolve(asked("next")),
    refetch: () => Promise.resolve(asked("all")),
  };
  render(<LoadMore list={list} />);
  expect(screen.getByRole("alert").textContent).toBe(strings.common.moreFailed);
  fireEvent.click(screen.getByRole("button", { name: strings.common.retry }));
  expect(asked.mock.calls).toEqual([[expected]]);
});

import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { Tooltip } from "radix-ui";
import { afterEach, expect, it, vi } from "vitest";
import { CopyIcon } from "./CopyIcon";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("copies what it stands for, says so, and begins anew with something else", async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  const shown = (text: string) => (
    <Tooltip.Provider>
      <CopyIcon label="Copy the ID" text={text} />
    </Tooltip.Provider>
  );
  const { rerender } = render(shown("a1"));
  fireEvent.click(screen.getByRole("button", { name: "Copy the ID" }));
  await waitFor(() => screen.getByRole("button", { name: "Copied" }));
  expect(writeText).toHaveBeenCalledExactlyOnceWith("a1");
  rerender(shown("b2"));
  expect(screen.getByRole("button").getAttribute("aria-label")).toBe("Copy the ID");
});

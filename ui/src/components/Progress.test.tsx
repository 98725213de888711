import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Progress } from "./Progress";

afterEach(cleanup);

it.each([
  [41.6, 100, "42", "42%"],
  [3, 12, "3", "25%"],
  [-1, 100, "0", "0%"],
  [130, 100, "100", "100%"],
])("says and shows %d of %d as %s", (value, max, told, width) => {
  render(<Progress label="Encoding" value={value} max={max} />);
  const bar = screen.getByRole("progressbar", { name: "Encoding" });
  expect(bar.getAttribute("aria-valuenow")).toBe(told);
  expect(bar.getAttribute("aria-valuemax")).toBe(String(max));
  expect((bar.firstElementChild as HTMLElement).style.width).toBe(width);
});

import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GridLayout } from "../lib/grid";
import { MAIN_ID } from "../lib/hooks";
import { VirtualGrid } from "./VirtualGrid";

const LAYOUT: GridLayout = { columnWidthMin: 100, columnsMin: 1, columnGap: 0, rowGap: 0, rowHeight: () => 50 };
const WIDTH = 400;
const HEIGHT = 500;

interface Thing {
  id: string;
}

const things = (count: number): Thing[] => Array.from({ length: count }, (_, index) => ({ id: `thing ${index}` }));

/** jsdom lays nothing out: everything is as wide and high as the window of these tests, and a row as high as it is expected to be. */
beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {}
      unobserve(): void {}
      disconnect(): void {}
    },
  );
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(WIDTH);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(HEIGHT);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(50);
  Element.prototype.scrollIntoView = vi.fn();
  Element.prototype.scrollTo = vi.fn() as typeof Element.prototype.scrollTo;
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function Listing({ items, hasMore = false, onNearEnd = () => undefined, onMove }: {
  items: Thing[];
  hasMore?: boolean;
  onNearEnd?: () => void;
  onMove?: (from: Thing, to: Thing, isStretched: boolean) => void;
}) {
  return (
    <main id={MAIN_ID}>
      <VirtualGrid
        items={items}
        layout={LAYOUT}
        label="Things"
        hasMore={hasMore}
        onNearEnd={onNearEnd}
        {...(onMove && { onMove })}
      >
        {(item) => (
          <a href={`/${item.id}`} data-focus>
            {item.id}
          </a>
        )}
      </VirtualGrid>
    </main>
  );
}

const place = (): string | null | undefined => document.activeElement?.closest("li")?.getAttribute("aria-posinset");
const press = (key: string, more: { shiftKey?: boolean } = {}): boolean => fireEvent.keyDown(document.activeElement ?? document.body, { key, ...more });

describe("a long list", () => {
  it("holds what is in view, and says how long it is and where each stands", () => {
    render(<Listing items={things(5000)} />);
    const shown = screen.getAllByRole("listitem");
    expect(shown.length).toBeGreaterThanOrEqual(40);
    expect(shown.length).toBeLessThan(80);
    expect(shown[0]?.getAttribute("aria-setsize")).toBe("5000");
    expect(shown[5]?.getAttribute("aria-posinset")).toBe("6");
    expect(screen.getByRole("list").style.height).toBe("62500px");
  });

  it("does not say how long it is before that is known, and is read on near its end only", () => {
    const onNearEnd = vi.fn();
    const { rerender } = render(<Listing items={things(5000)} hasMore onNearEnd={onNearEnd} />);
    expect(screen.getAllByRole("listitem")[0]?.getAttribute("aria-setsize")).toBe("-1");
    expect(onNearEnd).not.toHaveBeenCalled();
    rerender(<Listing items={things(40)} hasMore onNearEnd={onNearEnd} />);
    expect(onNearEnd).toHaveBeenCalled();
  });

  it("is walked by keys to what was not there yet, and keeps that", () => {
    const onMove = vi.fn();
    render(<Listing items={things(5000)} onMove={onMove} />);
    screen.getByRole("link", { name: "thing 0" }).focus();
    press("ArrowDown");
    expect(place()).toBe("5");
    expect(press("End")).toBe(false);
    expect(place()).toBe("5000");
    expect(screen.getAllByRole("listitem").length).toBeLessThan(80);
    press("ArrowLeft", { shiftKey: true });
    expect(place()).toBe("4999");
    expect(onMove).toHaveBeenLastCalledWith({ id: "thing 4999" }, { id: "thing 4998" }, true);
    press("Home");
    expect(place()).toBe("1");
  });

  it("lets the page have the keys that lead nowhere in it", () => {
    render(<Listing items={things(8)} />);
    screen.getByRole("link", { name: "thing 1" }).focus();
    expect(press("ArrowUp")).toBe(true);
    expect(press("PageDown")).toBe(true);
    expect(place()).toBe("2");
  });

  it("gives the focus to the next when what had it is gone", () => {
    const items = things(5000);
    const { rerender } = render(<Listing items={items} />);
    screen.getByRole("link", { name: "thing 6" }).focus();
    rerender(<Listing items={items.filter((item) => item.id !== "thing 6")} />);
    expect(document.activeElement?.textContent).toBe("thing 7");
    rerender(<Listing items={items.slice(0, 3)} />);
    expect(document.activeElement?.textContent).toBe("thing 2");
  });

  it("leaves the focus where it is when it is elsewhere", () => {
    const items = things(20);
    const { rerender } = render(<Listing items={items} />);
    rerender(<Listing items={items.slice(1)} />);
    expect(document.activeElement).toBe(document.body);
  });

  it("gives the focus back to what had it when the page was left, on the way back alone", () => {
    const items = things(5000);
    const step = (key: string): void => window.history.replaceState({ __TSR_key: key }, "");
    step("the list");
    const { unmount } = render(<Listing items={items} />);
    screen.getByText("thing 3").focus();
    press("End");
    unmount();
    step("what was opened");
    render(<Listing items={items} />).unmount();
    expect(document.activeElement).toBe(document.body);
    step("the list");
    render(<Listing items={items} />);
    expect(place()).toBe("5000");
  });
});

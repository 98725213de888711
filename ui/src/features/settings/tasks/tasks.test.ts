import { describe, expect, it } from "vitest";
import type { Task } from "../../../api/types";
import { facts, kindName, spanOf } from "./words";

const task: Task = {
  id: "0", kind: "encode", status: "completed", subject_id: "1", subject: "video", subject_title: "Harbour", priority: 0,
  progress: 100, attempts: 1, attempts_max: 4, is_stopping: false, error_code: null, error_message: null, advice: null,
  created_at: "2026-03-01T12:00:00Z", scheduled_for: "2026-03-01T12:00:00Z", started_at: "2026-03-01T12:00:00Z",
  finished_at: "2026-03-01T12:01:30Z",
};

describe("what is said of a task", () => {
  it("tells what it is about and how long it took", () => {
    expect(facts(task)).toBe("Harbour · took 1 min 30 sec");
  });

  it("tells the tries of one that did not succeed at once", () => {
    expect(facts({ ...task, attempts: 3 })).toContain("try 3 of 4");
    const failed = { ...task, status: "failed", error_message: "The file is damaged." } as const;
    expect(facts(failed)).toBe("Harbour · The file is damaged.");
  });

  it("says nothing of what it does not know", () => {
    expect(facts({ ...task, subject_title: null, status: "running" })).toBe("");
    expect(kindName("of_tomorrow")).toBe("of_tomorrow");
    expect(spanOf(null)).toBe("–");
    expect(spanOf(250)).toBe("250 ms");
  });
});

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Task } from "../../../api/types";
import { strings } from "../../../strings";
import { facts, kindName, KINDS, spanOf } from "./words";

const task: Task = {
  id: "0", kind: "encode", status: "completed", subject_id: "1", subject: "video", subject_title: "Harbour", priority: 0,
  progress: 100, attempts: 1, attempts_max: 4, is_stopping: false, error_code: null, error_message: null, advice: null,
  created_at: "2026-03-01T12:00:00Z", scheduled_for: "2026-03-01T12:00:00Z", started_at: "2026-03-01T12:00:00Z",
  finished_at: "2026-03-01T12:01:30Z",
};

const CRATES = path.resolve(import.meta.dirname, "../../../../../crates");
/** Measures, and is no part of a server. */
const BENCHES = /^benches\//u;

/** Every step that the server does in the background, as its source names it. */
function steps(): string[] {
  const sources = readdirSync(CRATES, { recursive: true, encoding: "utf8" })
    .filter((name) => /^[\w-]+\/src\/.*\.rs$/u.test(name) && !BENCHES.test(name))
    .map((name) => readFileSync(path.join(CRATES, name), "utf8"));
  return sources.flatMap((source) => {
    const constants = new Map([...source.matchAll(/const (\w+): &str = "(\w+)";/gu)].map(([, name, value]) => [name, value]));
    return [...source.matchAll(/const KIND: &'static str = (?:"(\w+)"|(\w+));/gu)].map(
      ([, literal, name]) => literal ?? constants.get(name) ?? name ?? "",
    );
  });
}

describe("the steps of the server", () => {
  it("all have a name", () => {
    expect(steps()).toEqual(expect.arrayContaining(["read_document", "send_mail", "export_person"]));
    expect(steps().filter((step) => kindName(step) === step)).toEqual([]);
  });

  it("are all there is a name for", () => {
    expect(Object.keys(strings.tasks.kinds).sort()).toEqual(steps().sort());
  });

  it("can be looked for, but those of a person, which no organization's list has", () => {
    expect(KINDS).toContain("read_document");
    expect(KINDS).not.toContain("send_mail");
    expect(KINDS).not.toContain("export_person");
  });
});

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

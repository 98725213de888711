import { describe, expect, it } from "vitest";
import type { Folder } from "../../api/types";
import { waysBack } from "./actions";
import { folderChoices, folderPath, folderTree } from "./folders";
import { readMetadata } from "./metadata";
import { bare, filterOf, folderOf, inOrder, isNarrowed, onwards, readPlace, sortBy } from "./place";
import { everything, listed, NOTHING, stretched, toggled } from "./selection";
import { readThumbhash } from "./thumbhash";

const order = ["a", "b", "c", "d", "e"];
const ids = (selection: { ids: ReadonlySet<string> }): string => [...selection.ids].sort().join("");

it("undoes a move by folder, of those that moved and came from somewhere known", () => {
  const from = new Map([
    ["a", "f1"],
    ["b", null],
    ["c", "f1"],
    ["d", "there"],
  ]);
  expect([...waysBack(["a", "b", "c", "d", "e"], from, "there")]).toEqual([
    ["f1", ["a", "c"]],
    [null, ["b"]],
  ]);
});

describe("a selection", () => {
  it("takes one in and lets it go again", () => {
    const one = toggled(NOTHING, "b");
    expect(ids(one)).toBe("b");
    expect(ids(toggled(one, "b"))).toBe("");
    expect(ids(NOTHING)).toBe("");
  });

  it("stretches from where it began, in either direction, and keeps what lies elsewhere", () => {
    const begun = toggled(toggled(NOTHING, "a"), "d");
    const back = stretched(begun, "c", order);
    expect(ids(back)).toBe("acd");
    expect(ids(stretched(back, "e", order))).toBe("acde");
  });

  it("begins where it is stretched to when it had no beginning", () => {
    expect(stretched(NOTHING, "c", order)).toEqual({ ids: new Set(["c"]), anchor: "c" });
    expect(stretched(NOTHING, "z", order)).toEqual(NOTHING);
  });

  it("forgets what is no longer listed", () => {
    const all = everything(order);
    expect(listed(all, order)).toBe(all);
    expect(listed(all, ["b", "c"])).toEqual({ ids: new Set(["b", "c"]), anchor: null });
  });
});

describe("the address of a place", () => {
  it("holds what is known and nothing else", () => {
    expect(readPlace({ folder: "f1", kind: "image", q: "cat", status: "later", bin: "yes", tag: "", x: "1" })).toEqual({
      folder: "f1",
      kind: "image",
      q: "cat",
    });
    expect(readPlace({ folder: "f1", bin: "1" })).toEqual({ bin: "1" });
  });

  it("asks the server for it", () => {
    expect(filterOf({ folder: "none", tag: "a,b" })).toMatchObject({ folder_id: "none", tag: "a,b", is_deleted: undefined });
    expect(filterOf({ bin: "1", kind: "audio" })).toMatchObject({ kind: "audio", is_deleted: "true" });
  });

  it("tells what narrows it from where it is", () => {
    expect(isNarrowed({ folder: "f1" })).toBe(false);
    expect(isNarrowed({ tag: "a" })).toBe(true);
    expect(bare({ folder: "f1", q: "x", tag: "y" })).toEqual({ folder: "f1" });
    expect(bare({ bin: "1", sort: "largest", kind: "image" })).toEqual({ bin: "1", sort: "largest" });
    expect([folderOf({ folder: "f1" }), folderOf({ folder: "none" }), folderOf({})]).toEqual(["f1", null, null]);
  });
});

describe("the order of a place", () => {
  it("stands in the address, narrows nothing and is asked of the server", () => {
    expect(readPlace({ sort: "largest" })).toEqual({ sort: "largest" });
    expect(readPlace({ sort: "smallest" })).toEqual({});
    expect(isNarrowed({ sort: "filename" })).toBe(false);
    expect([filterOf({ sort: "filename" }).sort, filterOf({}).sort]).toEqual(["filename", undefined]);
  });

  it("goes along to other places, unlike what was looked for", () => {
    expect(onwards({ folder: "f1", q: "x", sort: "oldest" }, { bin: "1" })).toEqual({ bin: "1", sort: "oldest" });
    expect(onwards({ folder: "f1", q: "x" }, {})).toEqual({});
  });

  it("is named in the address where it is another than usual", () => {
    expect(inOrder({ q: "x", sort: "largest" }, "filename")).toEqual({ q: "x", sort: "filename" });
    expect(inOrder({ q: "x", sort: "largest" }, "newest")).toEqual({ q: "x" });
  });

  it("is led by a heading through its own orders, and back to the newest first", () => {
    expect([sortBy("filename", undefined), sortBy("filename", "largest"), sortBy("filename", "filename")]).toEqual(["filename", "filename", "newest"]);
    expect([sortBy("size", "oldest"), sortBy("size", "largest")]).toEqual(["largest", "newest"]);
    expect([sortBy("added", undefined), sortBy("added", "oldest"), sortBy("added", "filename")]).toEqual(["oldest", "newest", "newest"]);
  });
});

const folder = (id: string, parent_id: string | null): Folder => ({
  id,
  name: id.toUpperCase(),
  parent_id,
  asset_count: 0,
  created_at: "",
  updated_at: "",
});

describe("folders", () => {
  const folders = [folder("a", null), folder("b", "a"), folder("c", "b"), folder("d", null), folder("lost", "gone")];

  it("are a tree, and none is lost", () => {
    expect(folderTree(folders).map(({ folder }) => folder.id)).toEqual(["a", "d", "lost"]);
  });

  it("are named by their path, also where somebody made a ring of them", () => {
    expect(folderPath(folders, "c").map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(folderPath([folder("x", "y"), folder("y", "x")], "x").map(({ id }) => id)).toEqual(["y", "x"]);
    expect(folderPath(folders, "z")).toEqual([]);
  });

  it("cannot be put into themselves", () => {
    expect(folderChoices(folders, "b").map(({ path }) => path)).toEqual(["A", "D", "LOST"]);
    expect(folderChoices(folders)[2]).toEqual({ id: "c", path: "A / B / C" });
  });
});

describe("metadata", () => {
  it("is a JSON object, and nothing is none", () => {
    expect(readMetadata('{"project": "Harbour", "take": 3}')).toEqual({ value: { project: "Harbour", take: 3 } });
    expect(readMetadata(" ")).toEqual({ value: {} });
  });

  it("is told what is wrong with it", () => {
    for (const text of ["[1]", "null", "3", '"x"']) expect(readMetadata(text)).toEqual({ problem: expect.stringContaining("JSON object") as string });
    expect(readMetadata("{project: 1}")).toEqual({ problem: expect.stringContaining("This is not JSON") as string });
  });
});

describe("a thumbhash", () => {
  it("is a small picture of the image's proportions", () => {
    // The example of its author: a sunrise, higher than wide.
    const picture = readThumbhash("1QcSHQRnh493V4dIh4eXh1h4kJUI");
    expect(picture).toMatchObject({ width: 23, height: 32 });
    expect([...(picture?.rgba ?? [])].filter((_, at) => at % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
  });

  it("is nothing where it is none", () => {
    expect(readThumbhash("no!")).toBeNull();
    expect(readThumbhash("AAA=")).toBeNull();
  });
});

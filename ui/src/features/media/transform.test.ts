import { describe, expect, it } from "vitest";
import { here, setHere } from "./addresses";
import { AS_IT_IS, markupOf, optionsOf, readNumber, widthsFor, wrongNumbers } from "./transform";

describe("the options of an image", () => {
  it("are written in the one spelling that addresses have", () => {
    expect(optionsOf(AS_IT_IS)).toBe("format=auto");
    const asked = { ...AS_IT_IS, q: "80", format: "webp", focus: "top", fit: "crop", h: "300", w: "0400", dpr: "1.5", blur: "2.5", keep: true };
    expect(optionsOf(asked)).toBe("w=400,h=300,fit=crop,focus=top,dpr=1.5,blur=2.5,format=webp,q=80,strip=no");
    expect(optionsOf({ ...AS_IT_IS, p: "card", rotate: "90", flip: "h", enlarge: true, dpr: "2.0" })).toBe(
      "p=card,enlarge=yes,dpr=2,flip=h,rotate=90",
    );
  });

  it("hold no number that the server refuses", () => {
    for (const text of ["0", "8193", "-1", "1.5", "1e3", "x", "999999"]) expect(readNumber("w", text)).toBeNull();
    for (const text of ["0.2", "50.1", "1.25", "."]) expect(readNumber("blur", text)).toBeNull();
    expect(readNumber("sharpen", "0.3")).toBe("0.3");
    const asked = { ...AS_IT_IS, w: "0", q: "101", blur: "3" };
    expect(wrongNumbers(asked)).toEqual(["w", "q"]);
    expect(optionsOf(asked)).toBe("blur=3");
  });
});

describe("a picture of this page", () => {
  it("comes from its own origin, wherever the server says that it is", () => {
    expect(here("https://elsewhere.example/i/a/w=1/b?s=x")).toBe("/i/a/w=1/b?s=x");
    expect(setHere("https://elsewhere.example/i/a?s=1 1x, /i/b?s=2 2x")).toBe("/i/a?s=1 1x, /i/b?s=2 2x");
    expect(setHere(null)).toBeUndefined();
  });
});

describe("what a page needs", () => {
  it("is offered in widths around the one that is shown", () => {
    expect(widthsFor(400)).toBe("200,400,600,800");
    expect(widthsFor(8000)).toBe("4000,8000");
    expect(widthsFor(1)).toBe("1,2");
  });

  it("names whole addresses, and nothing in them ends an attribute", () => {
    const shown = { src: "/i/a.jpg?x=1&y=2", srcset: "/i/b.jpg 200w, /i/c.jpg 400w", sizes: '"100vw', width: 400, height: 300 };
    expect(markupOf(shown, "https://memoreel.example.com")).toBe(
      [
        '<img src="https://memoreel.example.com/i/a.jpg?x=1&amp;y=2"',
        '  srcset="https://memoreel.example.com/i/b.jpg 200w,',
        '    https://memoreel.example.com/i/c.jpg 400w"',
        '  sizes="&quot;100vw"',
        '  width="400" height="300" alt="" loading="lazy">',
      ].join("\n"),
    );
    expect(markupOf({ ...shown, srcset: null }, "https://m.example")).not.toContain("sizes");
  });
});

import { afterEach, describe, expect, it } from "vitest";
import { forgetToken, presentedToken } from "./token";

afterEach(() => sessionStorage.clear());

describe("the token of an invitation", () => {
  it("is there again after signing in, without the address", () => {
    expect(presentedToken("mri_one")).toBe("mri_one");
    expect(presentedToken("")).toBe("mri_one");
  });

  it("of a second link takes the place of the first", () => {
    presentedToken("mri_one");
    presentedToken("mri_two");
    expect(presentedToken("")).toBe("mri_two");
  });

  it("is gone once the invitation was answered", () => {
    presentedToken("mri_one");
    forgetToken();
    expect(presentedToken("")).toBe("");
  });
});

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { keys } from "../../../api/queries";
import { strings } from "../../../strings";
import { UploadLimits } from "./UploadLimits";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const sizes = (video: number, audio: number, image: number, document: number) => ({
  video_bytes_max: video,
  audio_bytes_max: audio,
  image_bytes_max: image,
  document_bytes_max: document,
});
const around = { defaults: sizes(5 * GIB, GIB, 50 * MIB, 100 * MIB), ceilings: sizes(50 * GIB, 50 * GIB, 50 * MIB, 100 * MIB) };

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** Shows the form, and what it sends to a server that answers so. */
function show(answer: (sent: unknown) => Response): unknown[] {
  const sent: unknown[] = [];
  vi.stubGlobal("fetch", (_address: string, init: RequestInit) => {
    const body: unknown = JSON.parse(init.body as string);
    sent.push(body);
    return Promise.resolve(answer(body));
  });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  client.setQueryData(keys.uploadLimits, { ...sizes(5 * GIB, GIB, 20 * MIB, 100 * MIB), ...around });
  render(
    <QueryClientProvider client={client}>
      <UploadLimits />
    </QueryClientProvider>,
  );
  return sent;
}

const amount = (kind: keyof typeof strings.limits.kinds): HTMLInputElement => screen.getByLabelText(strings.limits.kinds[kind]);
const unit = (kind: keyof typeof strings.limits.kinds): HTMLSelectElement =>
  screen.getByRole("combobox", { name: strings.limits.units[kind] });
const submit = (): void => {
  fireEvent.click(screen.getByRole("button", { name: strings.limits.save }));
};

it("sends all four limits in bytes, and shows what the server made of them", async () => {
  const sent = show((body) => new Response(JSON.stringify({ ...(body as object), ...around }), { status: 200 }));
  expect([amount("video").value, unit("video").value]).toEqual(["5", "GiB"]);
  expect([amount("image").value, unit("image").value]).toEqual(["20", "MiB"]);
  expect(screen.getByText(strings.limits.hint("5 GiB", "50 GiB"))).toBeTruthy();

  fireEvent.change(amount("video"), { target: { value: "512" } });
  fireEvent.change(unit("video"), { target: { value: "MiB" } });
  submit();
  await waitFor(() => expect(sent).toEqual([sizes(512 * MIB, GIB, 20 * MIB, 100 * MIB)]));
  await waitFor(() => expect(unit("video").value).toBe("MiB"));

  fireEvent.click(screen.getByRole("button", { name: strings.limits.standard }));
  submit();
  await waitFor(() => expect(sent[1]).toEqual(around.defaults));
});

it("sends nothing while a limit is no number or beyond what the server bears, and says at its field what is", () => {
  const sent = show(() => new Response(null, { status: 500 }));
  for (const typed of ["51", "0.5", "many", ""]) {
    fireEvent.change(amount("image"), { target: { value: typed } });
    expect(screen.getByText(strings.limits.wrong("1 MiB", "50 MiB"))).toBeTruthy();
    expect(amount("image").getAttribute("aria-invalid")).toBe("true");
    submit();
  }
  expect(sent).toEqual([]);
});

it("shows at its field what the server refuses", async () => {
  const problem = {
    type: "about:blank",
    title: "Unprocessable Entity",
    status: 422,
    code: "upload_limit_invalid",
    detail: "The limit is between 1 MiB and 20 GiB.",
    errors: [{ field: "video_bytes_max", code: "upload_limit_invalid", detail: "The limit is between 1 MiB and 20 GiB." }],
  };
  show(() => new Response(JSON.stringify(problem), { status: 422, headers: { "Content-Type": "application/problem+json" } }));
  fireEvent.change(amount("video"), { target: { value: "30" } });
  submit();
  expect(await screen.findByText(problem.detail)).toBeTruthy();
  expect(amount("video").getAttribute("aria-invalid")).toBe("true");
});

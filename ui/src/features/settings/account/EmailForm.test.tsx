import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { keys } from "../../../api/queries";
import { strings } from "../../../strings";
import { EmailForm } from "./EmailForm";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("keeps what is typed while the server is away and the form is looked at again", async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  client.setQueryData(keys.email, { email: "robin@example.org", is_verified: true, pending: null });
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  render(
    <QueryClientProvider client={client}>
      <EmailForm />
    </QueryClientProvider>,
  );
  const field = (): HTMLInputElement => screen.getByLabelText(strings.emailChange.next);
  fireEvent.change(field(), { target: { value: "new@example.org" } });

  await act(() => client.refetchQueries({ queryKey: keys.email }));
  expect(client.getQueryState(keys.email)?.status).toBe("error");
  expect(field().value).toBe("new@example.org");
});

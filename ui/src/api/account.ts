import { queryOptions } from "@tanstack/react-query";
import { isApiError, request, requestJson } from "./client";
import { keys } from "./queries";
import type { EmailChangeState } from "./types";

/** Confirms the address the token was mailed to. Doing so twice is no mistake, so the page may ask by itself. */
export function confirmationQuery(token: string) {
  return queryOptions({
    queryKey: keys.emailConfirmation(token),
    queryFn: async ({ client, signal }) => {
      await request("POST", "/email-confirmations", { json: { token }, signal });
      await client.invalidateQueries({ queryKey: keys.me });
      return true;
    },
    enabled: token !== "",
    staleTime: Number.POSITIVE_INFINITY,
    retry: (count, error) => count < 2 && isApiError(error) && (error.status === 0 || error.status >= 500),
  });
}

/** Whether a mailed link is refused for good: it is incomplete, too old or used up. */
export function isTokenWrong(error: unknown): boolean {
  return isApiError(error) && error.code === "token_wrong";
}

export const accountCommands = {
  resendConfirmation: () => request("POST", "/email-confirmations/resend"),
  confirmEmailChange: (token: string) => requestJson<EmailChangeState>("POST", "/email-changes/confirm", { json: { token } }),
  requestPasswordReset: (email: string) => request("POST", "/password-resets", { json: { email } }),
  resetPassword: (json: { token: string; password: string }) => request("POST", "/password-resets/confirm", { json }),
};

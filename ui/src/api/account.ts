import { queryOptions } from "@tanstack/react-query";
import { isApiError, request, requestJson } from "./client";
import { keys } from "./queries";
import type { Ceremony, CeremonyAnswer } from "../lib/passkeys";
import type { EmailChangeState, EmailStatus, Me, Page, Passkey, RecoveryCodes, TotpSecret } from "./types";

/**
 * Confirms the address the token was mailed to, for whoever is signed in to its account. Doing so twice is no mistake, so the page may
 * ask by itself.
 */
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
  });
}

/** Whether a mailed link is refused for good: it is incomplete, too old or used up. */
export function isTokenWrong(error: unknown): boolean {
  return isApiError(error) && error.code === "token_wrong";
}

/** Whether nobody has shown yet that the account of a mailed link is theirs. */
export function isPasswordRequired(error: unknown): boolean {
  return isApiError(error) && error.code === "password_required";
}

/** Whether the server wants to see the password first, because the session is older. */
export function asksForPassword(error: unknown): boolean {
  return isApiError(error) && error.code === "recent_sign_in_required";
}

/** How far a change of address is; asked again when the page is looked at again, since its links are opened elsewhere. */
export const emailStatusQuery = queryOptions({
  queryKey: keys.email,
  queryFn: ({ signal }) => requestJson<EmailStatus>("GET", "/me/email-change", { signal }),
  refetchOnWindowFocus: "always",
});

/** Twenty at most, so always one page. */
export const passkeysQuery = queryOptions({
  queryKey: keys.passkeys,
  queryFn: ({ signal }) => requestJson<Page<Passkey>>("GET", "/passkeys", { signal }),
});

export const accountCommands = {
  changePassword: (json: { current_password: string; new_password: string }) => request("PUT", "/me/password", { json }),
  changeEmail: (json: { email: string; password: string }) => request("PUT", "/me/email", { json }),
  withdrawEmailChange: () => request("DELETE", "/me/email-change"),
  beginTotp: (password: string | null) => requestJson<TotpSecret>("POST", "/me/totp", { json: shown(password) }),
  confirmTotp: (code: string) => requestJson<RecoveryCodes>("POST", "/me/totp/confirm", { json: { code } }),
  renewRecoveryCodes: (password: string | null) =>
    requestJson<RecoveryCodes>("POST", "/me/totp/recovery-codes", { json: shown(password) }),
  deleteTotp: (password: string | null) => request("DELETE", "/me/totp", { json: shown(password) }),
  beginPasskey: (password: string | null) => requestJson<Ceremony>("POST", "/passkeys/begin", { json: shown(password) }),
  createPasskey: (json: CeremonyAnswer & { name: string }) => requestJson<Passkey>("POST", "/passkeys", { json }),
  renamePasskey: (id: string, name: string) => requestJson<Passkey>("PATCH", `/passkeys/${id}`, { json: { name } }),
  deletePasskey: (id: string, password: string | null) => request("DELETE", `/passkeys/${id}`, { json: shown(password) }),
  beginPasskeySignIn: () => requestJson<Ceremony>("POST", "/sessions/passkey/begin"),
  signInByPasskey: (json: CeremonyAnswer) => requestJson<Me>("POST", "/sessions/passkey", { json }),
  resendConfirmation: () => request("POST", "/email-confirmations/resend"),
  confirmEmail: (json: { token: string; password: string }) => request("POST", "/email-confirmations", { json }),
  confirmEmailChange: (token: string) => requestJson<EmailChangeState>("POST", "/email-changes/confirm", { json: { token } }),
  requestPasswordReset: (email: string) => request("POST", "/password-resets", { json: { email } }),
  resetPassword: (json: { token: string; password: string }) => request("POST", "/password-resets/confirm", { json }),
};

/** Who signed in a moment ago shows no password. */
function shown(password: string | null): { password?: string } {
  return password === null ? {} : { password };
}

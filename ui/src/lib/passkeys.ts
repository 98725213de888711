/** What the server hands out for one ceremony: options for the authenticator, and the token that belongs to them. */
export interface Ceremony {
  ceremony: string;
  options: Record<string, unknown>;
}

/** What goes back to the server. */
export interface CeremonyAnswer {
  ceremony: string;
  credential: unknown;
}

/** Why there are no passkeys on this page; `null` when there are. */
export type Hindrance = "browser" | "insecure" | "address";

/** A passkey belongs to a name, so that there is none for a page that was opened by a network address. */
export function passkeyHindrance(
  page: { hostname: string; secure: boolean; supported: boolean } = {
    hostname: location.hostname,
    secure: window.isSecureContext,
    supported: isSupported(),
  },
): Hindrance | null {
  if (/^\[.*\]$|^\d+(?:\.\d+){3}$/u.test(page.hostname)) return "address";
  if (!page.secure) return "insecure";
  return page.supported ? null : "browser";
}

function isSupported(): boolean {
  return typeof PublicKeyCredential === "function" && typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function";
}

export async function makePasskey({ ceremony, options }: Ceremony): Promise<CeremonyAnswer> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON);
  return answer(ceremony, await navigator.credentials.create({ publicKey }));
}

/** With `conditional`, passkeys are offered where the address is typed, for as long as `signal` allows, and nothing is asked. */
export async function askPasskey(
  { ceremony, options }: Ceremony,
  signal: AbortSignal,
  mediation: CredentialMediationRequirement = "optional",
): Promise<CeremonyAnswer> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON);
  return answer(ceremony, await navigator.credentials.get({ publicKey, signal, mediation }));
}

function answer(ceremony: string, credential: Credential | null): CeremonyAnswer {
  if (!(credential instanceof PublicKeyCredential)) throw new DOMException("no passkey", "NotAllowedError");
  return { ceremony, credential: credential.toJSON() as unknown };
}

export async function offersPasskeysWhileTyping(): Promise<boolean> {
  if (passkeyHindrance() !== null || typeof PublicKeyCredential.isConditionalMediationAvailable !== "function") return false;
  return PublicKeyCredential.isConditionalMediationAvailable();
}

/** Whether somebody closed the browser's window, or waited too long: nothing went wrong. */
export function isDeclined(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError");
}

/** Whether the authenticator has a passkey for this account already. */
export function isKnownAlready(error: unknown): boolean {
  return error instanceof DOMException && error.name === "InvalidStateError";
}

const STORAGE_KEY = "memoreel.invitation";

/**
 * The token of the address, or of the invitation that this tab opened before its visitor went to sign in. It is
 * kept beside the address rather than in a query, which would end up in the logs of servers.
 */
export function presentedToken(hash: string): string {
  try {
    if (hash !== "") sessionStorage.setItem(STORAGE_KEY, hash);
    return hash !== "" ? hash : (sessionStorage.getItem(STORAGE_KEY) ?? "");
  } catch {
    return hash;
  }
}

/** Called once the invitation was answered. */
export function forgetToken(): void {
  try {
    sessionStorage.removeItem(STORAGE_KEY);
  } catch {
    // What could not be kept need not be forgotten.
  }
}

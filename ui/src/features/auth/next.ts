/** Only an address of this app is followed, never one that leads elsewhere; browsers read `\` as `/`. */
export function localPath(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/u.test(next) ? next : "/";
}

const PASSWORD_MIN = 10;

/** Whether the server would refuse it for its length, which it counts in characters. */
export function isShort(password: string): boolean {
  return Array.from(password).length < PASSWORD_MIN;
}

/** What the server refuses, and that it cannot be reached. */

import type { components } from "./schema.gen.js";

/** Problem details (RFC 9457) with a stable code. */
export type Problem = components["schemas"]["Problem"];

/** No server is left alone for longer, whatever it asks for. */
const RETRY_AFTER_SECONDS_MAX = 300;

/** The server refused, or there was no answer (status 0, code `unreachable`). Its message is for people, its code for programs. */
export class ProblemError extends Error {
  readonly problem: Problem;
  /** How long the server wants to be left alone, five minutes at most. */
  readonly retryAfterSeconds: number | null;

  constructor(problem: Problem, retryAfterSeconds: number | null = null, cause?: unknown) {
    super(problem.hint ? `${problem.detail} ${problem.hint}` : problem.detail, cause === undefined ? {} : { cause });
    this.name = "ProblemError";
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }

  /**
   * Whether the same may succeed a little later. What is at odds with how things stand (409) is to be looked at first, but for a request
   * whose `Idempotency-Key` another one still has.
   */
  get isTransient(): boolean {
    return [0, 408, 423, 429].includes(this.status) || this.status >= 500 || this.code === "idempotency_key_in_use";
  }
}

/** Reads a refusal; anything else, such as a proxy's page, becomes a problem of the same shape. */
export function parseProblem(body: string, status: number): Problem {
  let value: unknown = null;
  try {
    value = JSON.parse(body);
  } catch {
    value = null;
  }
  if (typeof value === "object" && value !== null && "code" in value && "detail" in value) return value as Problem;
  return {
    type: "about:blank",
    title: "Unexpected answer",
    status,
    code: "unexpected_answer",
    detail: `The server answered with status ${status} and no explanation.`,
  };
}

export async function problemOf(response: Response): Promise<ProblemError> {
  const body = await response.text().catch(() => "");
  const told = parseProblem(body, response.status);
  return new ProblemError(told, retryAfter(response.headers.get("retry-after"), response.headers.get("date")));
}

export function unreachable(cause: unknown): ProblemError {
  const problem = {
    type: "about:blank",
    title: "No answer",
    status: 0,
    code: "unreachable",
    detail: "The server does not answer.",
  };
  return new ProblemError(problem, null, cause);
}

/**
 * What `Retry-After` asks for (RFC 9110, section 10.2.3): seconds, or a time, by the clock of the server where its answer tells that (`Date`).
 */
export function retryAfter(header: string | null | undefined, date: string | null | undefined): number | null {
  const askedFor = header ?? "";
  const seconds = /^\d+$/.test(askedFor) ? Number(askedFor) : ((timeOf(askedFor) ?? Number.NaN) - (timeOf(date) ?? Date.now())) / 1_000;
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), RETRY_AFTER_SECONDS_MAX);
}

/** Of an HTTP date; anything else might be read as one, too. */
function timeOf(date: string | null | undefined): number | null {
  const time = date?.endsWith(" GMT") === true ? Date.parse(date) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

import type { Problem } from "./types";

export const API_PREFIX = "/api/v1";

/** The code of an answer that no Memoreel gave. */
const UNEXPECTED = "unexpected_answer";
/** What a proxy answers in place of a server that does not. */
const GATEWAY_STATUSES = [502, 503, 504];

const WAITS_MAX = 10;
const WAIT_MS = 1000;
const WAIT_MS_MAX = 60_000;

/** What the server refused, or that it could not be reached (status 0). */
export class ApiError extends Error {
  readonly problem: Problem;
  /** How long the server asks to be left alone, where it says so. */
  readonly retry_after_ms: number | null;

  constructor(problem: Problem, retry_after_ms: number | null = null) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.problem = problem;
    this.retry_after_ms = retry_after_ms;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }
}

let organizationId: string | null = null;

/** Chooses the organization of every later request; `null` is the personal one. */
export function setOrganization(id: string | null): void {
  organizationId = id;
}

export function chosenOrganization(): string | null {
  return organizationId;
}

/** Headers every request of the app carries, also those that do not go through {@link request}. */
export function apiHeaders(organization: string | null = organizationId): Record<string, string> {
  const headers: Record<string, string> = { "X-Memoreel-Request": "1" };
  if (organization !== null) headers["Memoreel-Organization"] = organization;
  return headers;
}

export type Query = Record<string, string | number | null | undefined>;

export interface RequestOptions {
  query?: Query | undefined;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
  /** The organization of this request where it is not the chosen one; `null` is the personal one. */
  organization?: string | null;
  signal?: AbortSignal | undefined;
}

export function apiAddress(path: string, query?: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const encoded = parameters.toString();
  return `${API_PREFIX}${path}${encoded === "" ? "" : `?${encoded}`}`;
}

export async function request(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  options: RequestOptions = {},
): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...apiHeaders(options.organization), ...options.headers };
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (options.signal) init.signal = options.signal;
  if (options.json !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(options.json);
  } else if (options.body !== undefined) {
    init.body = options.body;
  }

  let response: Response;
  try {
    response = await fetch(apiAddress(path, options.query), init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(unreachable());
  }
  if (!response.ok) throw new ApiError(await readProblem(response), retryAfter(response));
  return response;
}

/** Only seconds; a date is as good as nothing said. */
function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? "");
  return seconds > 0 ? seconds * 1000 : null;
}

/** Waits where the server says that it is asked too often, and asks again. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isApiError(error) || error.status !== 429 || waits === WAITS_MAX) throw error;
      const wait_ms = Math.min(error.retry_after_ms ?? WAIT_MS, WAIT_MS_MAX);
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
}

export async function requestJson<T>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  const response = await request(method, path, options);
  return (await response.json()) as T;
}

/** Reads problem+json; anything else (a proxy's page, an empty body) becomes a problem of the same shape. */
export async function readProblem(response: Response): Promise<Problem> {
  const requestId = response.headers.get("x-request-id") ?? "";
  const body = await response.text().catch(() => "");
  return parseProblem(body, response.status, requestId);
}

export function parseProblem(body: string, status: number, requestId = ""): Problem {
  let value: unknown = null;
  try {
    value = JSON.parse(body);
  } catch {
    value = null;
  }
  const fallback: Problem = {
    type: "about:blank",
    title: "The server could not answer",
    status,
    code: UNEXPECTED,
    detail: `The server answered with status ${status} and no explanation.`,
    hint: `Try again. If it happens again, ${requestId === "" ? "tell" : "give the request id to"} whoever runs this server.`,
    request_id: requestId,
    ...(GATEWAY_STATUSES.includes(status) && {
      title: "The server cannot be reached",
      detail: `It may be restarting: what stands before it answered with status ${status}.`,
      hint: "Try again in a moment. Nothing you typed is lost.",
    }),
  };
  if (typeof value !== "object" || value === null || !("title" in value)) return fallback;
  return { ...fallback, hint: null, ...(value as Partial<Problem>) };
}

/** Whether the server is away, rather than refusing: nothing answered, or only the proxy before it. */
export function isAway({ status, code }: Pick<Problem, "status" | "code">): boolean {
  return status === 0 || (GATEWAY_STATUSES.includes(status) && code === UNEXPECTED);
}

function unreachable(): Problem {
  return {
    type: "about:blank",
    title: "The server cannot be reached",
    status: 0,
    code: "unreachable",
    detail: "The request did not arrive. Either this device is offline or the server is not running.",
    hint: "Check the connection and try again. Nothing you typed is lost.",
    request_id: "",
  };
}

export function isApiError(error: unknown): error is ApiError {
  return error instanceof ApiError;
}

/** Whether what was asked for is not there any more. */
export function isGone(error: unknown): boolean {
  return isApiError(error) && error.status === 404;
}

/** What a refusal says about single fields; `codes` names the field that a problem as a whole is about. */
export function fieldErrors<Field extends string>(error: unknown, codes: Readonly<Record<string, Field>>): Partial<Record<Field, string>> {
  if (!isApiError(error)) return {};
  const found: Partial<Record<Field, string>> = {};
  const fields = Object.values(codes);
  for (const { field, detail } of error.problem.errors ?? []) {
    const known = fields.find((name) => name === field);
    if (known !== undefined) found[known] = detail;
  }
  const whole = codes[error.code];
  if (whole !== undefined) found[whole] ??= error.problem.detail;
  return found;
}

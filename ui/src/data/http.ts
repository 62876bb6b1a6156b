// The one way to the server: same origin, JSON, errors of every room as one `ApiError`. Writes carry `X-Gatewatch: 1`,
// which the server asks of cookie-authenticated writes because no cross-site form can send it.

/** A refused or failed request. `message` is the server's own sentence. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly kind: string,
    readonly path: string,
  ) {
    super(message);
  }
}

/** Fired on `window` when any request is answered 401: the session ended. */
export const UNAUTHORIZED = "gw-unauthorized";

/** Fired on `window` when the server is lost or found again; `detail` is the moment it was lost, or null. */
export const REACH = "gw-reach";

let lostAt: number | null = null;

function reach(lost: boolean): void {
  if (lost === (lostAt !== null)) return;
  lostAt = lost ? Date.now() : null;
  window.dispatchEvent(new CustomEvent(REACH, { detail: lostAt }));
}

interface ErrorBody {
  error?: string | { kind?: string; message?: string };
  errorType?: string;
  message?: string;
  errors?: { msg?: string }[];
}

/** Finds the sentence in an error body of any product: ours, Prometheus, Loki (text), Jaeger. */
export function readError(status: number, text: string): { kind: string; message: string } {
  try {
    const body = JSON.parse(text) as ErrorBody;
    if (typeof body.error === "string") return { kind: body.errorType ?? "error", message: body.error };
    if (body.error?.message) return { kind: body.error.kind ?? "error", message: body.error.message };
    const message = body.message ?? body.errors?.[0]?.msg;
    if (message) return { kind: "error", message };
  } catch {
    // Not JSON: the text itself is the message.
  }
  return { kind: "error", message: text.trim().slice(0, 500) || `HTTP ${status}` };
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    reach(true);
    throw new ApiError("", 0, "offline", path);
  }
  reach(false);
  if (response.ok) return response;
  if (response.status === 401 && !path.endsWith("/login")) window.dispatchEvent(new Event(UNAUTHORIZED));
  const { kind, message } = readError(response.status, await response.text());
  throw new ApiError(message, response.status, kind, path);
}

/** Reads JSON. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { headers: { accept: "application/json" }, ...(signal ? { signal } : {}) });
  return (await response.json()) as T;
}

/** Writes JSON and reads the JSON answer; an empty answer gives undefined. */
export async function write<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
  const response = await send(path, {
    method,
    headers: { accept: "application/json", "content-type": "application/json", "x-gatewatch": "1" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** A path with its query string. */
export function path(base: string, params: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? base : `${base}?${text}`;
}

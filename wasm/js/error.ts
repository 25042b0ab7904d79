/**
 * The only class of errors that this package throws and rejects with. Codes, and whether trying
 * again may help, come from the core's table.
 */
import type { Code, Failure } from "../pkg/tidings.js";

/** An error with a stable code. */
export class TidingsError extends Error {
  override readonly name = "TidingsError";

  /** The stable code; its meaning never changes. */
  readonly code: Code;

  /** True if the same request may succeed later without being changed. */
  readonly retryable: boolean;

  constructor(code: Code, message: string, retryable: boolean, options?: ErrorOptions) {
    super(message === "" ? code : `${code}: ${message}`, options);
    this.code = code;
    this.retryable = retryable;
  }
}

/** Returns true for an error of this package. */
export function isTidingsError(error: unknown): error is TidingsError {
  return error instanceof TidingsError;
}

/** Converts an error that the module throws on purpose; returns anything else unchanged. */
export function fromModule(thrown: unknown): unknown {
  return isFailure(thrown) ? new TidingsError(thrown.code, thrown.detail, thrown.retryable) : thrown;
}

function isFailure(thrown: unknown): thrown is Failure {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && "detail" in thrown && "retryable" in thrown;
}

/**
 * The one class of errors that this package throws and rejects with. What they
 * are called and whether trying again may help is the core's table of codes.
 */
import type { Code, Failure } from "../pkg/tidings.js";

/** An error with a stable code. */
export class TidingsError extends Error {
  override readonly name = "TidingsError";

  /** What went wrong; a code never changes its meaning. */
  readonly code: Code;

  /** Whether the same thing may succeed later without being changed. */
  readonly retryable: boolean;

  constructor(code: Code, message: string, retryable: boolean, options?: ErrorOptions) {
    super(message === "" ? code : `${code}: ${message}`, options);
    this.code = code;
    this.retryable = retryable;
  }
}

/** Whether something caught is an error of this package. */
export function isTidingsError(error: unknown): error is TidingsError {
  return error instanceof TidingsError;
}

/** What the module throws on purpose, as an error; everything else as it is. */
export function fromModule(thrown: unknown): unknown {
  return isFailure(thrown) ? new TidingsError(thrown.code, thrown.detail, thrown.retryable) : thrown;
}

function isFailure(thrown: unknown): thrown is Failure {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && "detail" in thrown && "retryable" in thrown;
}

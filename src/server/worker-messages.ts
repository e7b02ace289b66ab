import { CodedError, errorCodeOf, type ErrorCode, type ErrorDetails } from '../base/coded-error.ts';

export interface WorkerData {
  /** The store's folder. */
  readonly root: string;
}

export interface WorkerRequest {
  readonly id: number;
  readonly task: string;
  readonly payload: unknown;
}

export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

export type WorkerAnswer =
  | { readonly id: number; readonly result: unknown; readonly error?: undefined }
  | { readonly id: number; readonly error: PlainError };

/** An error as it crosses threads: a class would arrive without its code. */
export function plainOfError(error: unknown): PlainError {
  const message = error instanceof Error ? error.message : String(error);
  return { code: errorCodeOf(error), message, details: error instanceof CodedError ? error.details : {} };
}

export function errorOfPlain({ code, message, details }: PlainError): CodedError {
  return new CodedError(code, message, details);
}

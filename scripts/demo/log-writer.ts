/** The shop's log: a JSON line for each request that a service has handled, with the ids that lead to its trace. */
import { closeSync, ftruncateSync, fstatSync, openSync, writeSync } from 'node:fs';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';

/** A shipper follows the file; what it has read needs not be kept. */
const bytesMax = 16 * 1024 * 1024;

/**
 * Writes `{"time":"…","level":"info","service":"cart","message":"…","trace_id":"…","span_id":"…"}`. The file begins anew when it is full.
 * Errors of the file system are thrown from where the span ends.
 */
export class LogWriter implements SpanProcessor {
  private readonly file: number;

  constructor(fileName: string) {
    this.file = openSync(fileName, 'a');
  }

  onStart(): void {
    // Lines are about what has happened.
  }

  onEnd(span: ReadableSpan): void {
    const isFailed = span.status.code === SpanStatusCode.ERROR;
    const isHandled = span.kind === SpanKind.SERVER || span.kind === SpanKind.CONSUMER;
    if (!isHandled && !isFailed) {
      return;
    }
    if (fstatSync(this.file).size > bytesMax) {
      ftruncateSync(this.file);
    }
    writeSync(this.file, `${JSON.stringify(lineOf(span, isFailed))}\n`);
  }

  async forceFlush(): Promise<void> {
    // Nothing is held back.
  }

  async shutdown(): Promise<void> {
    closeSync(this.file);
  }
}

function lineOf(span: ReadableSpan, isFailed: boolean): Record<string, string | number> {
  const { traceId, spanId } = span.spanContext();
  const durationMs = millis(span.endTime) - millis(span.startTime);
  return {
    time: new Date(millis(span.endTime)).toISOString(),
    level: isFailed ? 'error' : 'info',
    service: String(span.resource.attributes['service.name']),
    message: isFailed ? `${span.name} failed: ${span.status.message ?? 'error'}` : `${span.name} done`,
    duration_ms: Math.round(durationMs * 10) / 10,
    trace_id: traceId,
    span_id: spanId,
  };
}

function millis([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1000 + nanos / 1e6;
}

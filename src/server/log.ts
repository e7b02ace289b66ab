import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * JSON lines on standard error, which JSON escapes against control characters. Never bodies, attribute values or secrets; what a client
 * chose (a path, a message) is cut at 256 characters.
 */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: serializeError },
    },
    pino.destination({ fd: 2, sync: true })
  );
}

function serializeError(error: unknown): unknown {
  return error instanceof Error
    ? { name: error.name, message: clip(error.message), stack: error.stack?.split('\n').slice(1, 12).join('\n') }
    : clip(String(error));
}

export function clip(text: string): string {
  return text.length > 256 ? `${text.slice(0, 256)}…` : text;
}

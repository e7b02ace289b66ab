/** Attribute values as text and as JSON. */
import { hexFromBytes } from './ids.ts';
import type { AnyValue } from './model.ts';

/** A value as a person reads it: strings bare, structures as JSON. Never HTML. */
export function formatValue(value: AnyValue): string {
  return value.type === 'string' ? value.value : (JSON.stringify(plainValue(value)) ?? '');
}

/** A value as JSON can say it: integers beyond 2^53 and bytes become strings. */
export function plainValue(value: AnyValue): unknown {
  switch (value.type) {
    case 'string':
    case 'bool':
      return value.value;
    case 'double':
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case 'int':
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
    case 'bytes':
      return `0x${hexFromBytes(value.value)}`;
    case 'array':
      return value.value.map(plainValue);
    case 'kvlist':
      return Object.fromEntries(value.value.map((entry) => [entry.key, plainValue(entry.value)]));
    case 'empty':
      return null;
  }
}

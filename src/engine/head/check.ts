import { wireDelimited, wireFixed32, wireFixed64, wireVarint, type WireCursor } from './wire-cursor.ts';

/**
 * Well-formedness of the messages that are stored as received (events, links, arrays, …), so that whatever was accepted can be decoded
 * later. Fields by number; what is not listed is skipped.
 */
interface MessageShape {
  readonly fields: Readonly<Record<number, number | MessageShape>>;
  /** Counts toward the nesting of AnyValues. */
  readonly isValue?: boolean;
}

/** AnyValues inside AnyValues, the outermost counted. The decoder (`src/wire/otlp-any-value.ts`) has the same limit. */
const valueDepthMax = 64;

const anyValueFields: Record<number, number | MessageShape> = {
  1: wireDelimited,
  2: wireVarint,
  3: wireVarint,
  4: wireFixed64,
  7: wireDelimited,
};
export const anyValueShape: MessageShape = { fields: anyValueFields, isValue: true };
export const keyValueShape: MessageShape = { fields: { 1: wireDelimited, 2: anyValueShape } };
anyValueFields[5] = { fields: { 1: anyValueShape } };
anyValueFields[6] = { fields: { 1: keyValueShape } };

export const eventShape: MessageShape = {
  fields: { 1: wireFixed64, 2: wireDelimited, 3: keyValueShape, 4: wireVarint },
};
export const linkShape: MessageShape = {
  fields: { 1: wireDelimited, 2: wireDelimited, 3: wireDelimited, 4: keyValueShape, 5: wireVarint, 6: wireFixed32 },
};
const resourceShape: MessageShape = { fields: { 1: keyValueShape, 2: wireVarint } };
const scopeShape: MessageShape = { fields: { 1: wireDelimited, 2: wireDelimited, 3: keyValueShape, 4: wireVarint } };
/** Of ResourceSpans and ScopeSpans, the fields that make the interned part: the message itself and the schema URL. */
export const resourcePartShape: MessageShape = { fields: { 1: resourceShape, 3: wireDelimited } };
export const scopePartShape: MessageShape = { fields: { 1: scopeShape, 3: wireDelimited } };

/** Reads the message `[cursor.at, end)` to its end. `depth`: AnyValues around it. Errors: `invalid_argument`. */
export function checkMessage(cursor: WireCursor, end: number, shape: MessageShape, depth = 0): void {
  const inside = shape.isValue === true ? depth + 1 : depth;
  if (inside > valueDepthMax) {
    throw cursor.malformed(`attribute value nests deeper than ${valueDepthMax}`);
  }
  while (cursor.at < end) {
    const tag = cursor.tag(end);
    const field = shape.fields[tag >>> 3];
    if (typeof field === 'object') {
      cursor.expect(tag, wireDelimited);
      checkMessage(cursor, cursor.delimited(end), field, inside);
    } else {
      if (field !== undefined) {
        cursor.expect(tag, field);
      }
      cursor.skip(tag, end);
    }
  }
}

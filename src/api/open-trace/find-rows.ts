/**
 * Plain text search over a whole trace. What is searched is distinct texts, joined into one long lower-case string per column of them, so
 * that a keystroke is a few calls of the engine's own search and a pass over codes.
 */
import { attributeOfEntry } from '../vivace/span-rows.ts';
import type { SpanRows } from '../vivace/span-rows.ts';
import type { Attribute } from '../../trace/model.ts';
import { hexFromBytes } from '../../trace/ids.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import { formatValue } from '../../trace/value-text.ts';

/** Between texts; no needle holds it, because a text field has one line and the needle is trimmed. */
const separator = '\u0000';

/** Texts as one string; `ends[i]` is where text i ends in it. */
interface Haystack {
  readonly text: string;
  readonly ends: Uint32Array;
}

function haystackOf(texts: Iterable<string>, count: number): Haystack {
  const ends = new Uint32Array(count);
  const parts: string[] = [];
  let at = 0;
  let index = 0;
  for (const each of texts) {
    const lower = each.toLowerCase();
    parts.push(lower);
    at += lower.length;
    ends[index++] = at;
    at += separator.length;
  }
  return { text: parts.join(separator), ends };
}

/** 1 for each text that holds the needle, which is lower-case. */
function hitsOf({ text, ends }: Haystack, needle: string): Uint8Array {
  const hits = new Uint8Array(ends.length);
  let index = 0;
  for (let at = text.indexOf(needle); at >= 0 && index < ends.length; at = text.indexOf(needle, ends[index - 1])) {
    while (ends[index] < at + needle.length) {
      index++;
    }
    hits[index++] = 1;
    if (index === ends.length) {
      break;
    }
  }
  return hits;
}

/** What is searched of the columns that every trace has; built once. */
export class SkeletonText {
  private readonly table: SpanTable;
  private readonly haystacks: readonly Haystack[];
  private ids: Haystack | undefined;

  constructor(table: SpanTable) {
    this.table = table;
    const { names, services, statusMessages, eventNames } = table;
    this.haystacks = [names, services, statusMessages, eventNames].map((texts) => haystackOf(texts, texts.length));
  }

  /** Sets 1 in `matches` for rows with the needle in name, service, status message, an event's name or the span id. */
  mark(needle: string, matches: Uint8Array): void {
    const { rowCount, name, service, statusMessage, eventStart, eventName } = this.table;
    const [names, services, messages, events] = this.haystacks.map((haystack) => hitsOf(haystack, needle));
    const ids = /^[0-9a-z-]+$/.test(needle) ? hitsOf((this.ids ??= idsOf(this.table)), needle) : undefined;
    const hasEvents = events.includes(1);
    for (let row = 0; row < rowCount; row++) {
      matches[row] |= names[name[row]] | services[service[row]] | messages[statusMessage[row]] | (ids?.[row] ?? 0);
      if (hasEvents) {
        for (let event = eventStart[row]; event < eventStart[row + 1]; event++) {
          matches[row] |= events[eventName[event]];
        }
      }
    }
  }
}

function idsOf({ rowCount, spanIds, oddSpanIds }: SpanTable): Haystack {
  const all = hexFromBytes(spanIds, 0, spanIds.length);
  const texts = Array.from({ length: rowCount }, (_, row) => oddSpanIds.get(row) ?? all.slice(16 * row, 16 * row + 16));
  return haystackOf(texts, rowCount);
}

/** The attributes of some rows, of span, resource, instrumentation scope and events. */
export class AttributeText {
  private readonly rows: SpanRows;
  private readonly entries: Haystack;
  private readonly resources: Haystack;
  private readonly scopes: Haystack;
  private readonly events: { readonly haystack: Haystack; readonly rows: Uint32Array };

  constructor(rows: SpanRows, events: Iterable<readonly [row: number, text: string]>) {
    this.rows = rows;
    this.entries = haystackOf(entryTexts(rows), rows.entryKey.length);
    const shared = (lists: readonly { readonly attributes: readonly Attribute[] }[]): Haystack =>
      haystackOf(
        lists.map(({ attributes }) => attributes.map(textOf).join(separator)),
        lists.length
      );
    this.resources = shared(rows.resources);
    this.scopes = shared(rows.scopes);
    const eventRows: number[] = [];
    const eventTexts: string[] = [];
    for (const [row, text] of events) {
      eventRows.push(row);
      eventTexts.push(text);
    }
    this.events = { haystack: haystackOf(eventTexts, eventTexts.length), rows: Uint32Array.from(eventRows) };
  }

  mark(needle: string, matches: Uint8Array): void {
    const { rowStart, rowEnd, attributeStart, entry, resource, scope } = this.rows;
    const entries = hitsOf(this.entries, needle);
    const [resources, scopes] = [hitsOf(this.resources, needle), hitsOf(this.scopes, needle)];
    for (let row = rowStart, i = 0; row < rowEnd; row++, i++) {
      let hit = resources[resource[i]] | scopes[scope[i]];
      for (let at = attributeStart[i]; hit === 0 && at < attributeStart[i + 1]; at++) {
        hit = entries[entry[at]];
      }
      matches[row] |= hit;
    }
    hitsOf(this.events.haystack, needle).forEach((hit, index) => (matches[this.events.rows[index]] |= hit));
  }
}

function* entryTexts(rows: SpanRows): Generator<string> {
  for (let entry = 0; entry < rows.entryKey.length; entry++) {
    yield textOf(attributeOfEntry(rows, entry));
  }
}

/** As the detail shows it, and as a person would type it. */
export function textOf({ key, value }: Attribute): string {
  return `${key}=${formatValue(value)}`;
}

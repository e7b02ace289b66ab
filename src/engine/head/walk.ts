import { AttributeWalker } from './attributes.ts';
import type { HeadBuilder } from './builder.ts';
import { checkMessage, eventShape, keyValueShape, linkShape, resourcePartShape, scopePartShape } from './check.ts';
import type { HeadColumn } from './column.ts';
import type { Dictionary } from './dictionary.ts';
import { sameContent } from './duplicates.ts';
import type { HeadLimits } from './limits.ts';
import { noRow, rowColumns } from './rows.ts';
import { PaddedBuffer, WireCursor, wireDelimited, wireFixed32, wireFixed64, wireVarint } from './wire-cursor.ts';

/** Goes up when the same bytes would give other rows: replay compares it with the one in the WAL record. */
export const walkerVersion = 1;

/** What became of one request. The same bytes, limits and head before give the same verdict. */
export interface Verdict {
  /** Duplicates included: the caller may forget them. */
  readonly acceptedSpans: number;
  /** Refused for good; `reason` tells why in one sentence, empty when nothing was refused. */
  readonly rejectedSpans: number;
  readonly reason: string;
  /** Spans that were in this head already. */
  readonly duplicateSpans: number;
  /** Attribute values cut or dropped because of their size. */
  readonly cutValues: number;
  /** Attributes dropped because of their number. */
  readonly droppedAttributes: number;
  readonly walkerVersion: number;
}

/**
 * Walks an OTLP `ExportTraceServiceRequest` over its bytes into the columns of a head: no string, object or bigint per span. One
 * walker serves many heads in turn; it holds nothing between calls but buffers.
 *
 * Errors: `invalid_argument` when the bytes are not well-formed; the head then has rows of half a request, which the caller rolls back.
 *
 * Source: opentelemetry-proto 1.x, `trace.proto`, `common.proto`, `resource.proto`.
 */
export class OtlpWalker {
  private readonly cursor = new WireCursor();
  private readonly body = new PaddedBuffer();
  /** The interned part of a ResourceSpans or ScopeSpans: its message and its schema URL. */
  private readonly resourcePart = new PaddedBuffer();
  private readonly scopePart = new PaddedBuffer();
  private readonly partCursor = new WireCursor();
  /** Events or links that do not lie side by side. */
  private readonly gathered = new PaddedBuffer();
  private readonly attributes = new AttributeWalker();
  private readonly spanRanges: number[] = [];
  private readonly attributeRanges: number[] = [];
  private readonly eventRanges: number[] = [];
  private readonly linkRanges: number[] = [];
  private builder!: HeadBuilder;
  private limits!: HeadLimits;
  /** Ordinals of the resource and scope around the span, −1 until a span needs them. */
  private resource = -1;
  private scope = -1;
  private accepted = 0;
  private rejected = 0;
  private reason = '';
  private duplicates = 0;

  walk(otlp: Uint8Array, builder: HeadBuilder, limits: HeadLimits): Verdict {
    this.builder = builder;
    builder.request++;
    this.limits = limits;
    this.accepted = 0;
    this.rejected = 0;
    this.reason = '';
    this.duplicates = 0;
    this.attributes.start(limits);
    this.body.hold(otlp);
    const cursor = this.cursor;
    cursor.open(this.body);
    const end = otlp.length;
    while (cursor.at < end) {
      const tag = cursor.tag(end);
      if (tag >>> 3 === 1) {
        cursor.expect(tag, wireDelimited);
        this.resourceSpans(cursor.delimited(end));
      } else {
        cursor.skip(tag, end);
      }
    }
    this.body.clear();
    return {
      acceptedSpans: this.accepted,
      rejectedSpans: this.rejected,
      reason: this.rejected === 0 ? '' : `${this.rejected} spans rejected, the first because of its ${this.reason}`,
      duplicateSpans: this.duplicates,
      cutValues: this.attributes.cutValues,
      droppedAttributes: this.attributes.droppedAttributes,
      walkerVersion,
    };
  }

  /** The resource and its schema URL may stand behind the spans: first the parts, then the spans. */
  private resourceSpans(end: number): void {
    const { cursor, resourcePart } = this;
    const scopeRanges: number[] = [];
    resourcePart.clear();
    let urlStart = 0;
    let urlEnd = 0;
    while (cursor.at < end) {
      const start = cursor.at;
      const tag = cursor.tag(end);
      const field = tag >>> 3;
      if (field === 1) {
        cursor.expect(tag, wireDelimited);
        cursor.at = cursor.delimited(end);
        resourcePart.append(this.body.bytes, start, cursor.at);
      } else if (field === 2 || field === 1000) {
        // 1000: InstrumentationLibrarySpans of OTLP 0.15, the same fields as ScopeSpans.
        cursor.expect(tag, wireDelimited);
        const scopeEnd = cursor.delimited(end);
        scopeRanges.push(cursor.at, scopeEnd);
        cursor.at = scopeEnd;
      } else if (field === 3) {
        cursor.expect(tag, wireDelimited);
        cursor.at = cursor.delimited(end);
        urlStart = start;
        urlEnd = cursor.at;
      } else {
        cursor.skip(tag, end);
      }
    }
    resourcePart.append(this.body.bytes, urlStart, urlEnd);
    this.resource = this.find(this.builder.resources, resourcePart, resourcePartShape);
    for (let i = 0; i < scopeRanges.length; i += 2) {
      cursor.at = scopeRanges[i];
      this.scopeSpans(scopeRanges[i + 1]);
    }
    cursor.at = end;
  }

  private scopeSpans(end: number): void {
    const { cursor, scopePart, spanRanges } = this;
    let spanCount = 0;
    scopePart.clear();
    let urlStart = 0;
    let urlEnd = 0;
    while (cursor.at < end) {
      const start = cursor.at;
      const tag = cursor.tag(end);
      switch (tag >>> 3) {
        case 1:
          cursor.expect(tag, wireDelimited);
          cursor.at = cursor.delimited(end);
          scopePart.append(this.body.bytes, start, cursor.at);
          break;
        case 2: {
          cursor.expect(tag, wireDelimited);
          const spanEnd = cursor.delimited(end);
          spanRanges[spanCount++] = cursor.at;
          spanRanges[spanCount++] = spanEnd;
          cursor.at = spanEnd;
          break;
        }
        case 3:
          cursor.expect(tag, wireDelimited);
          cursor.at = cursor.delimited(end);
          urlStart = start;
          urlEnd = cursor.at;
          break;
        default:
          cursor.skip(tag, end);
      }
    }
    scopePart.append(this.body.bytes, urlStart, urlEnd);
    this.scope = this.find(this.builder.scopes, scopePart, scopePartShape);
    for (let i = 0; i < spanCount; i += 2) {
      cursor.at = spanRanges[i];
      this.span(spanRanges[i + 1]);
    }
  }

  /** Ordinal of an interned part, or −1 when it is new; then it is checked here, as no span may ever ask for it. */
  private find(interned: Dictionary, part: PaddedBuffer, shape: typeof resourcePartShape): number {
    const code = interned.find(part.view, 0, part.length);
    if (code === 0) {
      this.partCursor.open(part);
      checkMessage(this.partCursor, part.length, shape);
    }
    return code - 1;
  }

  private span(end: number): void {
    const { cursor, builder, attributeRanges, eventRanges, linkRanges } = this;
    const { view } = cursor;
    let attributeCount = 0;
    eventRanges.length = 0;
    linkRanges.length = 0;
    let traceIdAt = 0;
    let traceIdLength = 0;
    let spanIdAt = 0;
    let spanIdLength = 0;
    let parentAt = 0;
    let parentLength = 0;
    let traceStateAt = 0;
    let traceStateLength = 0;
    let nameAt = 0;
    let nameLength = 0;
    let kind = 0;
    let startAt = -1;
    let endAt = -1;
    let flags = 0;
    let dropped = 0;
    let droppedEvents = 0;
    let droppedLinks = 0;
    let statusCode = 0;
    let messageAt = 0;
    let messageLength = 0;
    while (cursor.at < end) {
      const tagAt = cursor.at;
      const tag = cursor.tag(end);
      switch (tag) {
        case 0x0a: {
          const valueEnd = cursor.delimited(end);
          traceIdAt = cursor.at;
          traceIdLength = valueEnd - traceIdAt;
          cursor.at = valueEnd;
          break;
        }
        case 0x12: {
          const valueEnd = cursor.delimited(end);
          spanIdAt = cursor.at;
          spanIdLength = valueEnd - spanIdAt;
          cursor.at = valueEnd;
          break;
        }
        case 0x1a: {
          const valueEnd = cursor.delimited(end);
          traceStateAt = cursor.at;
          traceStateLength = valueEnd - traceStateAt;
          cursor.at = valueEnd;
          break;
        }
        case 0x22: {
          const valueEnd = cursor.delimited(end);
          parentAt = cursor.at;
          parentLength = valueEnd - parentAt;
          cursor.at = valueEnd;
          break;
        }
        case 0x2a: {
          const valueEnd = cursor.delimited(end);
          nameAt = cursor.at;
          nameLength = valueEnd - nameAt;
          cursor.at = valueEnd;
          break;
        }
        case 0x30:
          cursor.varint(end);
          kind = byteOf(cursor.low);
          break;
        case 0x39:
          startAt = cursor.take(8, end);
          break;
        case 0x41:
          endAt = cursor.take(8, end);
          break;
        case 0x4a: {
          const valueEnd = cursor.delimited(end);
          attributeRanges[attributeCount++] = cursor.at;
          attributeRanges[attributeCount++] = valueEnd;
          cursor.at = valueEnd;
          break;
        }
        case 0x50:
          cursor.varint(end);
          dropped = cursor.low;
          break;
        case 0x5a:
          checkMessage(cursor, cursor.delimited(end), eventShape);
          addRange(eventRanges, tagAt, cursor.at);
          break;
        case 0x60:
          cursor.varint(end);
          droppedEvents = cursor.low;
          break;
        case 0x6a:
          checkMessage(cursor, cursor.delimited(end), linkShape);
          addRange(linkRanges, tagAt, cursor.at);
          break;
        case 0x70:
          cursor.varint(end);
          droppedLinks = cursor.low;
          break;
        case 0x7a: {
          const statusEnd = cursor.delimited(end);
          while (cursor.at < statusEnd) {
            const statusTag = cursor.tag(statusEnd);
            if (statusTag === 0x12) {
              const valueEnd = cursor.delimited(statusEnd);
              messageAt = cursor.at;
              messageLength = valueEnd - messageAt;
              cursor.at = valueEnd;
            } else if (statusTag === 0x18) {
              cursor.varint(statusEnd);
              statusCode = byteOf(cursor.low);
            } else {
              const field = statusTag >>> 3;
              if (field === 2 || field === 3) {
                cursor.expect(statusTag, field === 2 ? wireDelimited : wireVarint);
              }
              cursor.skip(statusTag, statusEnd);
            }
          }
          break;
        }
        case 0x85:
          flags = view.getInt32(cursor.take(4, end), true);
          break;
        default:
          if (tag >>> 3 <= 16) {
            cursor.expect(tag, wireOfSpanField(tag >>> 3));
          }
          cursor.skip(tag, end);
      }
    }

    const { rows, traces, intrinsics } = builder;
    let w0 = 0;
    let w1 = 0;
    let w2 = 0;
    let w3 = 0;
    if (traceIdLength === 16) {
      w0 = view.getInt32(traceIdAt, true);
      w1 = view.getInt32(traceIdAt + 4, true);
      w2 = view.getInt32(traceIdAt + 8, true);
      w3 = view.getInt32(traceIdAt + 12, true);
    }
    if ((w0 | w1 | w2 | w3) === 0) {
      return this.reject(idFault('trace id', 16, traceIdLength), attributeCount);
    }
    let spanLow = 0;
    let spanHigh = 0;
    if (spanIdLength === 8) {
      spanLow = view.getInt32(spanIdAt, true);
      spanHigh = view.getInt32(spanIdAt + 4, true);
    }
    if ((spanLow | spanHigh) === 0) {
      return this.reject(idFault('span id', 8, spanIdLength), attributeCount);
    }
    if (parentLength !== 0 && parentLength !== 8) {
      return this.reject(idFault('parent span id', 8, parentLength), attributeCount);
    }
    const row = rows.count;
    let ordinal = traces.find(w0, w1, w2, w3);
    let candidate = noRow;
    if (ordinal < 0) {
      ordinal = traces.add(w0, w1, w2, w3, row);
    } else {
      if (traces.spanCount(ordinal) >= this.limits.spansPerTraceMax) {
        return this.reject(`trace: it has ${this.limits.spansPerTraceMax} spans already`, attributeCount);
      }
      candidate = builder.spanIndex.find(ordinal, spanLow, spanHigh);
    }
    if (this.resource < 0) {
      this.resource = this.internResource(row);
    }
    if (this.scope < 0) {
      this.scope = this.internScope(row);
    }

    builder.touchedCount = 0;
    if (nameLength !== 0) {
      builder.push(intrinsics.name, row, intrinsics.name.dictionary.internBytes(view, nameAt, nameLength, row, true));
    }
    dropped += this.attributes.walk(
      cursor,
      attributeRanges,
      attributeCount,
      builder,
      builder.spanKeys,
      intrinsics.span_extra,
      row
    );
    this.pushText(intrinsics.status_message, row, messageAt, messageLength);
    this.pushText(intrinsics.trace_state, row, traceStateAt, traceStateLength);
    this.pushCount(intrinsics.flags, row, flags);
    this.pushCount(intrinsics.dropped_attributes_count, row, dropped);
    this.pushCount(intrinsics.dropped_events_count, row, droppedEvents);
    this.pushCount(intrinsics.dropped_links_count, row, droppedLinks);
    this.pushRanges(intrinsics.events, row, eventRanges);
    this.pushRanges(intrinsics.links, row, linkRanges);

    const i = rows.open();
    const { words, base, capacity } = rows;
    const startLow = startAt < 0 ? 0 : view.getInt32(startAt, true);
    const startHigh = startAt < 0 ? 0 : view.getInt32(startAt + 4, true);
    const endLow = endAt < 0 ? 0 : view.getInt32(endAt, true);
    const endHigh = endAt < 0 ? 0 : view.getInt32(endAt + 4, true);
    let at = base + 2 * i;
    words[at] = startLow;
    words[at + 1] = startHigh;
    at += 2 * capacity;
    words[at] = endLow - startLow;
    words[at + 1] = endHigh - startHigh - (endLow >>> 0 < startLow >>> 0 ? 1 : 0);
    at += 2 * capacity;
    words[at] = spanLow;
    words[at + 1] = spanHigh;
    at += 2 * capacity;
    words[at] = parentLength === 0 ? 0 : view.getInt32(parentAt, true);
    words[at + 1] = parentLength === 0 ? 0 : view.getInt32(parentAt + 4, true);
    at = base + rowColumns.trace * capacity + i;
    words[at] = ordinal;
    words[at + capacity] = traces.lastRow(ordinal);
    words[at + 2 * capacity] = this.resource;
    words[at + 3 * capacity] = this.scope;
    words[at + 4 * capacity] = kind | (statusCode << 8) | (builder.touchedCount << 16);

    this.accepted++;
    if (candidate !== noRow && sameContent(builder, candidate)) {
      builder.undoRow();
      this.duplicates++;
      return;
    }
    builder.finishRow(ordinal, spanLow, spanHigh);
    builder.widenTimes(startLow, startHigh, endLow, endHigh);
  }

  /** Refuses one span; what it carries must be well-formed all the same. */
  private reject(reason: string, attributeCount: number): void {
    const { cursor, attributeRanges } = this;
    if (this.rejected++ === 0) {
      this.reason = reason;
    }
    for (let i = 0; i < attributeCount; i += 2) {
      cursor.at = attributeRanges[i];
      checkMessage(cursor, attributeRanges[i + 1], keyValueShape);
    }
  }

  private internResource(row: number): number {
    const { builder, resourcePart } = this;
    const { intrinsics } = builder;
    const ordinal = builder.resources.internBytes(resourcePart.view, 0, resourcePart.length, row, false) - 1;
    const ranges: number[] = [];
    const cursor = this.partCursor;
    const end = resourcePart.length;
    cursor.open(resourcePart);
    let dropped = 0;
    while (cursor.at < end) {
      const tag = cursor.tag(end);
      if (tag >>> 3 === 1) {
        const resourceEnd = cursor.delimited(end);
        while (cursor.at < resourceEnd) {
          const inner = cursor.tag(resourceEnd);
          if (inner >>> 3 === 1) {
            const attributeEnd = cursor.delimited(resourceEnd);
            ranges.push(cursor.at, attributeEnd);
            cursor.at = attributeEnd;
          } else if (inner >>> 3 === 2) {
            cursor.varint(resourceEnd);
            dropped = cursor.low;
          } else {
            cursor.skip(inner, resourceEnd);
          }
        }
      } else {
        // The schema URL: of ResourceSpans the interned part holds these two fields only.
        const urlEnd = cursor.delimited(end);
        this.pushPart(intrinsics.resource_schema_url, ordinal, row, cursor, urlEnd);
      }
    }
    dropped += this.attributes.walk(
      cursor,
      ranges,
      ranges.length,
      builder,
      builder.resourceKeys,
      intrinsics.resource_extra,
      row,
      ordinal
    );
    if (dropped !== 0) {
      const column = intrinsics.resource_dropped_attributes_count;
      column.push(ordinal, column.dictionary.internWords(dropped, 0, row));
    }
    return ordinal;
  }

  private internScope(row: number): number {
    const { builder, scopePart } = this;
    const { intrinsics } = builder;
    const ordinal = builder.scopes.internBytes(scopePart.view, 0, scopePart.length, row, false) - 1;
    const ranges: number[] = [];
    const cursor = this.partCursor;
    const end = scopePart.length;
    cursor.open(scopePart);
    let dropped = 0;
    let name = [0, 0];
    let version = [0, 0];
    while (cursor.at < end) {
      const tag = cursor.tag(end);
      if (tag >>> 3 === 1) {
        const scopeEnd = cursor.delimited(end);
        while (cursor.at < scopeEnd) {
          const inner = cursor.tag(scopeEnd);
          const field = inner >>> 3;
          if (field === 4) {
            cursor.varint(scopeEnd);
            dropped = cursor.low;
          } else if (field <= 3) {
            const valueEnd = cursor.delimited(scopeEnd);
            if (field === 1) {
              name = [cursor.at, valueEnd];
            } else if (field === 2) {
              version = [cursor.at, valueEnd];
            } else {
              ranges.push(cursor.at, valueEnd);
            }
            cursor.at = valueEnd;
          } else {
            cursor.skip(inner, scopeEnd);
          }
        }
      } else {
        const urlEnd = cursor.delimited(end);
        this.pushPart(intrinsics.scope_schema_url, ordinal, row, cursor, urlEnd);
      }
    }
    cursor.at = name[0];
    this.pushPart(intrinsics.scope_name, ordinal, row, cursor, name[1]);
    cursor.at = version[0];
    this.pushPart(intrinsics.scope_version, ordinal, row, cursor, version[1]);
    dropped += this.attributes.walk(
      cursor,
      ranges,
      ranges.length,
      builder,
      builder.scopeKeys,
      intrinsics.scope_extra,
      row,
      ordinal
    );
    if (dropped !== 0) {
      const column = intrinsics.scope_dropped_attributes_count;
      column.push(ordinal, column.dictionary.internWords(dropped, 0, row));
    }
    return ordinal;
  }

  /** Text `[cursor.at, end)` of a resource or scope. */
  private pushPart(column: HeadColumn, ordinal: number, row: number, cursor: WireCursor, end: number): void {
    if (end > cursor.at) {
      column.push(ordinal, column.dictionary.internBytes(cursor.view, cursor.at, end - cursor.at, row, true));
      cursor.at = end;
    }
  }

  private pushText(column: HeadColumn, row: number, at: number, length: number): void {
    if (length !== 0) {
      this.builder.push(column, row, column.dictionary.internBytes(this.cursor.view, at, length, row, true));
    }
  }

  private pushCount(column: HeadColumn, row: number, count: number): void {
    if (count !== 0) {
      this.builder.push(column, row, column.dictionary.internWords(count, 0, row));
    }
  }

  private pushRanges(column: HeadColumn, row: number, ranges: readonly number[]): void {
    if (ranges.length === 0) {
      return;
    }
    let { view } = this.cursor;
    let [at, end] = ranges;
    if (ranges.length > 2) {
      const { gathered } = this;
      gathered.clear();
      for (let i = 0; i < ranges.length; i += 2) {
        gathered.append(this.body.bytes, ranges[i], ranges[i + 1]);
      }
      view = gathered.view;
      at = 0;
      end = gathered.length;
    }
    this.builder.push(column, row, column.dictionary.internBytes(view, at, end - at, row, false));
  }
}

/** What the one-byte columns can say; an enum value that no version of OTLP knows becomes 0. */
function byteOf(value: number): number {
  return value >>> 0 <= 0xff ? value : 0;
}

/** Neighbours become one range. */
function addRange(ranges: number[], start: number, end: number): void {
  if (ranges.length > 0 && ranges[ranges.length - 1] === start) {
    ranges[ranges.length - 1] = end;
  } else {
    ranges.push(start, end);
  }
}

function idFault(what: string, expected: number, length: number): string {
  return length === expected ? `${what}: all bytes are zero` : `${what}: need ${expected} bytes, have ${length}`;
}

function wireOfSpanField(field: number): number {
  switch (field) {
    case 6:
    case 10:
    case 12:
    case 14:
      return wireVarint;
    case 7:
    case 8:
      return wireFixed64;
    case 16:
      return wireFixed32;
    default:
      return wireDelimited;
  }
}

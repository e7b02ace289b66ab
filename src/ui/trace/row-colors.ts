/** A colour for each row: by service, or by any attribute or intrinsic that TraceQL names. */
import type { AttributeColumn } from '../../trace/attribute-columns.ts';
import { spanKinds, statusCodes } from '../../trace/model.ts';
import type { SpanTable } from '../../trace/span-table.ts';
import { formatValue } from '../kit/format.ts';
import { distinctColorsMax, serviceColors } from '../kit/service-colors.ts';
import type { Theme } from '../kit/theme.ts';
import {
  attributeTarget,
  kindTarget,
  serviceTarget,
  spanNameTarget,
  statusTarget,
  targetOf,
} from '../state/value-target.ts';
import type { ValueScope, ValueTarget } from '../state/value-target.ts';

export interface RowColors {
  /** By row: an index into `colors`. */
  readonly codes: ArrayLike<number>;
  readonly colors: readonly string[];
  /** What the colours mean, the most frequent first. */
  readonly legend: readonly LegendEntry[];
}

export interface LegendEntry {
  readonly title: string;
  readonly color: string;
  readonly count: number;
  /** Absent for "other values" and "not there". */
  readonly target?: ValueTarget;
}

interface Values {
  readonly codes: ArrayLike<number>;
  /** Distinct texts; a code of −1 or of `texts.length` and more is a row without. */
  readonly texts: readonly string[];
  targetOf(code: number): ValueTarget;
}

export function colorsByService(table: SpanTable, theme: Theme): RowColors {
  const byService = serviceColors(table.services, theme.name);
  const counts = countsOf({ codes: table.service, texts: table.services }, table.rowCount);
  const colors = table.services.map((service) => byService.get(service)!);
  return {
    codes: table.service,
    colors,
    legend: table.services
      .map((service, code) => ({
        title: service || 'unknown service',
        color: colors[code],
        count: counts[code],
        target: serviceTarget(service),
      }))
      .sort((a, b) => b.count - a.count),
  };
}

/** By what the table itself has; `undefined` for attributes, whose columns come later. */
export function intrinsicValues(table: SpanTable, attribute: string): Values | undefined {
  switch (attribute) {
    case 'name':
      return { codes: table.name, texts: table.names, targetOf: (code) => spanNameTarget(table.names[code]) };
    case 'kind':
      return { codes: table.kind, texts: spanKinds, targetOf: kindTarget };
    case 'status':
      return { codes: table.statusCode, texts: statusCodes, targetOf: statusTarget };
    case 'statusMessage':
      return {
        codes: table.statusMessage,
        texts: table.statusMessages,
        targetOf: (code) => targetOf('statusMessage', table.statusMessages[code], 'statusMessage', undefined),
      };
    default:
      return undefined;
  }
}

/** Columns of one key, of several types where the key has them. */
export function columnValues(
  scope: ValueScope,
  key: string,
  columns: readonly AttributeColumn[],
  rowCount: number
): Values {
  const values = columns.flatMap((column) => column.values);
  const codes = new Int32Array(rowCount).fill(-1);
  let base = 0;
  for (const column of columns) {
    for (let row = 0; row < rowCount; row++) {
      if (column.codes[row] >= 0) {
        codes[row] = base + column.codes[row];
      }
    }
    base += column.values.length;
  }
  return { codes, texts: values.map(formatValue), targetOf: (code) => attributeTarget(scope, key, values[code]) };
}

/** The most frequent values have colours of their own, the rest one together; rows without the value are grey. */
export function colorsByValue({ codes, texts, targetOf: target }: Values, rowCount: number, theme: Theme): RowColors {
  const counts = countsOf({ codes, texts }, rowCount);
  const ranked = texts.map((_, code) => code).filter((code) => counts[code] > 0);
  ranked.sort((a, b) => counts[b] - counts[a] || (texts[a] < texts[b] ? -1 : 1));
  const shown = ranked.slice(0, distinctColorsMax);
  const byText = serviceColors([...new Set(shown.map((code) => texts[code]))], theme.name);
  const colors = shown.map((code) => (texts === statusCodes && code === 2 ? theme.error : byText.get(texts[code])!));
  const otherSlot = colors.length;
  const absentSlot = otherSlot + 1;
  const slotOf = new Int32Array(texts.length).fill(otherSlot);
  shown.forEach((code, slot) => (slotOf[code] = slot));
  const slots = new Uint8Array(rowCount);
  let others = 0;
  let absent = 0;
  for (let row = 0; row < rowCount; row++) {
    const code = codes[row];
    const slot = code >= 0 && code < texts.length ? slotOf[code] : absentSlot;
    slots[row] = slot;
    others += slot === otherSlot ? 1 : 0;
    absent += slot === absentSlot ? 1 : 0;
  }
  return {
    codes: slots,
    colors: [...colors, theme.text, theme.textMuted],
    legend: [
      ...shown.map((code, slot) => ({
        title: texts[code] === '' ? 'empty' : texts[code],
        color: colors[slot],
        count: counts[code],
        target: target(code),
      })),
      ...(others > 0
        ? [{ title: `${ranked.length - shown.length} other values`, color: theme.text, count: others }]
        : []),
      ...(absent > 0 ? [{ title: 'not there', color: theme.textMuted, count: absent }] : []),
    ],
  };
}

function countsOf({ codes, texts }: Pick<Values, 'codes' | 'texts'>, rowCount: number): Float64Array {
  const counts = new Float64Array(texts.length);
  for (let row = 0; row < rowCount; row++) {
    if (codes[row] >= 0 && codes[row] < texts.length) {
      counts[codes[row]]++;
    }
  }
  return counts;
}

/** `span.http.route`, `resource."a b"`: scope and key; `undefined` for intrinsics. */
export function attributeOfName(
  name: string
): { readonly scope: 'span' | 'resource' | 'instrumentation'; readonly key: string } | undefined {
  const match = /^(span|resource|instrumentation)\.(?:"((?:[^"\\]|\\.)*)"|(.+))$/s.exec(name);
  if (!match) {
    return undefined;
  }
  const scope = match[1] as 'span' | 'resource' | 'instrumentation';
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return {
    scope,
    key: match[3] ?? match[2].replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter),
  };
}

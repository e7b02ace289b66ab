/**
 * What may be set for one tenant, in the overrides file and through `/api/overrides`, grouped and named as Tempo does where Tempo has
 * the same limit.
 */
import { z } from 'zod';
import { bytes, bytesOrZero, count, countOrZero, durationMs, durationMsOrZero } from '../config-values.ts';
import type { Config } from '../config.ts';
import { defaultHeadLimits } from '../../engine/head/limits.ts';
import { defaultLimits } from '../../engine/limits.ts';

/** The limits in force for a tenant. 0: none. */
export interface TenantSettings {
  /** Decoded bytes of spans. */
  readonly ingestBytesPerSecond: number;
  readonly ingestBurstBytes: number;
  readonly bodyBytesMax: number;
  readonly liveTracesMax: number;
  readonly attributeValueBytesMax: number;
  readonly attributesMax: number;
  readonly spansPerTraceMax: number;
  readonly searchRangeMsMax: number;
  readonly metricsRangeMsMax: number;
  readonly queryTimeoutMs: number;
  readonly queriesMax: number;
  readonly queryBytesMax: number;
  readonly querySpansMax: number;
  readonly retentionMs: number;
}

type SettingName = keyof TenantSettings;

/** Where each setting stands in an entry, and how it is written there. */
const places = {
  ingestBytesPerSecond: ['ingestion', 'rate_limit_bytes', bytesOrZero],
  ingestBurstBytes: ['ingestion', 'burst_size_bytes', bytesOrZero],
  bodyBytesMax: ['ingestion', 'max_body_bytes', bytes],
  liveTracesMax: ['ingestion', 'max_traces_per_user', countOrZero],
  attributeValueBytesMax: ['ingestion', 'max_attribute_bytes', count],
  attributesMax: ['ingestion', 'max_attributes', count.refine((n) => n <= 60_000, 'at most 60000')],
  spansPerTraceMax: ['ingestion', 'max_spans_per_trace', count],
  searchRangeMsMax: ['read', 'max_search_duration', durationMsOrZero],
  metricsRangeMsMax: ['read', 'max_metrics_duration', durationMsOrZero],
  queryTimeoutMs: ['read', 'query_timeout', durationMs],
  queriesMax: ['read', 'max_concurrent_queries', countOrZero],
  queryBytesMax: ['read', 'max_query_bytes', bytes],
  querySpansMax: ['read', 'max_query_spans', count],
  retentionMs: ['compaction', 'block_retention', durationMsOrZero],
} as const satisfies Readonly<Record<SettingName, readonly [group: string, key: string, schema: z.ZodType]>>;

export const settingNames = Object.keys(places) as SettingName[];

/** `ingestion.rate_limit_bytes`. */
export function placeOf(name: SettingName): string {
  return `${places[name][0]}.${places[name][1]}`;
}

function group(name: string): z.ZodType<Record<string, number | undefined>> {
  const fields = settingNames
    .filter((setting) => places[setting][0] === name)
    .map((setting) => [places[setting][1], places[setting][2].optional()] as const);
  return z.strictObject(Object.fromEntries(fields)) as unknown as z.ZodType<Record<string, number | undefined>>;
}

const groups = { ingestion: group('ingestion'), read: group('read'), compaction: group('compaction') };

/** Of the overrides file: limits only. */
export const entrySchema = z.strictObject({
  ingestion: groups.ingestion.optional(),
  read: groups.read.optional(),
  compaction: groups.compaction.optional(),
});
export type Entry = z.output<typeof entrySchema>;

const anyObject = z.record(z.string(), z.unknown());

/** Of the API: Tempo's own keys besides. They are kept and given back; nothing here acts on them. */
export const userEntrySchema = z.strictObject({
  ...entrySchema.shape,
  forwarders: z.array(z.string()).optional(),
  cost_attribution: anyObject.optional(),
  metrics_generator: anyObject.optional(),
});
export type UserEntry = z.output<typeof userEntrySchema>;

/** Keys of an entry that this build keeps without acting on them. */
export const keptOnly = ['forwarders', 'cost_attribution', 'metrics_generator'] as const;

/** What holds for a tenant that nobody has said anything about. */
export function defaultSettings(config: Config): TenantSettings {
  return {
    ingestBytesPerSecond: config.ingestRateBytes,
    ingestBurstBytes: config.ingestBurstBytes,
    bodyBytesMax: config.bodyBytesMax,
    liveTracesMax: 0,
    attributeValueBytesMax: config.attributeBytesMax,
    attributesMax: defaultHeadLimits.attributesMax,
    spansPerTraceMax: defaultHeadLimits.spansPerTraceMax,
    searchRangeMsMax: 0,
    metricsRangeMsMax: 0,
    queryTimeoutMs: config.queryTimeout,
    queriesMax: 0,
    queryBytesMax: defaultLimits.queryBytesMax,
    querySpansMax: defaultLimits.querySpansMax,
    retentionMs: config.retention,
  };
}

/** What an entry says of the settings, and nothing else. */
export function settingsIn(entry: Entry | UserEntry): Partial<TenantSettings> {
  const found: [SettingName, number][] = [];
  for (const name of settingNames) {
    const [groupName, key] = places[name];
    const value = entry[groupName]?.[key];
    if (value !== undefined) {
      found.push([name, value]);
    }
  }
  return Object.fromEntries(found);
}

/** The settings as an entry, numbers as they are: what `/status/overrides` and the API show. */
export function entryOf(settings: TenantSettings): Readonly<Record<string, Readonly<Record<string, number | string>>>> {
  const entry: Record<string, Record<string, number | string>> = {};
  for (const name of settingNames) {
    const [groupName, key] = places[name];
    const isDuration = name.endsWith('MsMax') || name.endsWith('Ms');
    (entry[groupName] ??= {})[key] = isDuration ? `${settings[name]}ms` : settings[name];
  }
  return entry;
}

/** Both limits at once: what a tenant sets for itself never widens what the operator has set. */
export function tightened(operator: TenantSettings, user: Partial<TenantSettings>): TenantSettings {
  const result: Record<SettingName, number> = { ...operator };
  for (const name of settingNames) {
    const value = user[name];
    if (value !== undefined) {
      result[name] = isWider(value, operator[name]) ? operator[name] : value;
    }
  }
  return result;
}

/** Settings of `user` that go beyond the operator's. */
export function widenedIn(operator: TenantSettings, user: Partial<TenantSettings>): SettingName[] {
  return settingNames.filter((name) => user[name] !== undefined && isWider(user[name], operator[name]));
}

/** 0 is no limit at all. */
function isWider(value: number, limit: number): boolean {
  return limit !== 0 && (value === 0 || value > limit);
}

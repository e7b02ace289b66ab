/** Which limits hold for which tenant now: the server's options, the overrides file, what the tenant has set for itself. */
import type { Clock } from '../../base/clock.ts';
import { defaultHeadLimits } from '../../engine/head/limits.ts';
import type { TenantLimitsOf } from '../../engine/limits.ts';
import { messageOf } from '../../engine/os-error.ts';
import { tenantsOf } from '../../store/tenants.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { everyTenant, readOverridesFile, type EntryByTenant } from './overrides-file.ts';
import { defaultSettings, settingNames, settingsIn, tightened, type TenantSettings } from './settings.ts';
import type { UserOverrides } from './user-overrides.ts';

export interface OverridesParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  /** `undefined` while tenants may set nothing themselves. */
  readonly user: UserOverrides | undefined;
}

/** A header chooses the tenant: what is remembered of them is bounded. */
const rememberedMax = 20_000;
const noEntries: EntryByTenant = new Map();

export class Overrides {
  readonly user: UserOverrides | undefined;
  readonly defaults: TenantSettings;
  private readonly parts: OverridesParts;
  private entries: EntryByTenant = noEntries;
  private readonly remembered = new Map<string, TenantSettings>();
  private reloadProblem: string | undefined = undefined;
  private loadedText = '';

  private constructor(parts: OverridesParts) {
    this.parts = parts;
    this.user = parts.user;
    this.defaults = defaultSettings(parts.config);
  }

  /** Errors: `ConfigError` for a file that cannot be used: at the start it must be right. */
  static async open(parts: OverridesParts): Promise<Overrides> {
    const overrides = new Overrides(parts);
    if (parts.config.overridesFile !== '') {
      overrides.accept(await readOverridesFile(parts.config.overridesFile));
    }
    return overrides;
  }

  /** The file's entries as they are in force. */
  get fileEntries(): EntryByTenant {
    return this.entries;
  }

  /** Why the file as it is now is not in force: what it said before holds on. */
  get problem(): string | undefined {
    return this.reloadProblem;
  }

  /** Reads the file again. A file that is wrong changes nothing but {@link problem}. */
  async reload(): Promise<void> {
    const { overridesFile } = this.parts.config;
    if (overridesFile === '') {
      return;
    }
    try {
      this.accept(await readOverridesFile(overridesFile));
      this.reloadProblem = undefined;
    } catch (error) {
      const problem = `the overrides file cannot be used, its last good version holds on: ${messageOf(error)}`;
      if (problem !== this.reloadProblem) {
        this.parts.log.error(problem);
      }
      this.reloadProblem = problem;
    }
  }

  /** Of a query's tenant, which may be several: the strictest of theirs. */
  settingsOf(tenant: string): TenantSettings {
    const known = this.remembered.get(tenant);
    if (known !== undefined) {
      return known;
    }
    const [first, ...others] = tenantsOf(tenant).map((name) => this.settingsOfOne(name));
    const settings = others.reduce((strictest, other) => tightened(strictest, other), first);
    if (this.remembered.size >= rememberedMax) {
      this.remembered.clear();
    }
    this.remembered.set(tenant, settings);
    return settings;
  }

  /** What the operator allows: without what the tenant has set for itself. */
  operatorSettingsOf(tenant: string): TenantSettings {
    const entry = this.entries.get(tenant);
    const said = { ...settingsIn(this.entries.get(everyTenant) ?? {}), ...(entry ? settingsIn(entry) : {}) };
    const { bodyBytesMax, queryTimeoutMs, ...others } = said;
    // Doors bound bodies and queries before they know the tenant: no tenant gets more than the server gives.
    return tightened({ ...this.defaults, ...others }, { bodyBytesMax, queryTimeoutMs });
  }

  /** For the engine. */
  readonly tenantLimits: TenantLimitsOf = (tenant) => {
    const settings = this.settingsOf(tenant);
    const { retentionMs, liveTracesMax, attributeValueBytesMax, attributesMax, spansPerTraceMax } = settings;
    const { queryBytesMax, querySpansMax } = settings;
    return {
      retentionMs,
      liveTracesMax,
      queryBytesMax,
      querySpansMax,
      head: { ...defaultHeadLimits, attributeValueBytesMax, attributesMax, spansPerTraceMax },
    };
  };

  /** To be called when a tenant's own entry has changed. */
  forget(): void {
    this.remembered.clear();
  }

  private settingsOfOne(tenant: string): TenantSettings {
    const operator = this.operatorSettingsOf(tenant);
    const own = this.user?.get(tenant);
    return own === undefined ? operator : tightened(operator, settingsIn(own.parsed));
  }

  private accept(entries: EntryByTenant): void {
    const text = JSON.stringify([...entries]);
    if (text !== this.loadedText) {
      this.parts.log.info({ tenants: entries.size, file: this.parts.config.overridesFile }, 'overrides file read');
    }
    this.loadedText = text;
    this.entries = entries;
    this.forget();
  }
}

/** Settings in which two differ, for `mode=diff`. */
export function differenceOf(settings: TenantSettings, defaults: TenantSettings): Partial<TenantSettings> {
  return Object.fromEntries(
    settingNames.filter((name) => settings[name] !== defaults[name]).map((name) => [name, settings[name]])
  );
}

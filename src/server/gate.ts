/** Who may come in: host names, credentials and scopes, tenants. Decided from headers alone, before a body is read. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CodedError } from '../base/coded-error.ts';
import { messageOf } from '../engine/os-error.ts';
import { federatedTenant, tenantSeparator } from '../store/tenants.ts';
import { ConfigError, type Config, type Scope } from './config.ts';
import { isLoopback, type ListenAddress } from './config-values.ts';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Each of them is pinned by the query. */
const tenantsPerQueryMax = 100;

/** What everybody shares when multi-tenancy is off. */
export const singleTenant = 'single-tenant';

interface Credential {
  readonly name: string;
  /** SHA-256 of the whole Authorization header: compared in constant time, and the secret is not kept. */
  readonly digest: Buffer;
  readonly scopes: readonly Scope[];
  readonly tenants: readonly string[] | undefined;
}

export interface Gate {
  readonly authenticates: boolean;
  /** Reads secrets that stand in files again. What cannot be read stays as it was, and is a problem. */
  reload(): void;
  /** Sentences: why secrets in force are not those of the files. */
  problems(): readonly string[];
  /**
   * The tenant this request is for; of a query perhaps several (see `federatedTenant`). Errors: `unauthenticated`, `permission_denied`,
   * `invalid_argument`, `resource_exhausted`.
   */
  admit(headers: Headers, scope: Scope): string;
  /** As `admit`, never several. */
  admitOne(headers: Headers, scope: Scope): string;
  /** As `admit`, for what belongs to no tenant. */
  authorize(headers: Headers, scope: Scope): void;
  /** Errors: `permission_denied` for a Host header that is not on the list. */
  checkHost(host: string | undefined): void;
}

/** Errors: {@link ConfigError} when a listener would be open to other machines without authentication, or a secret is missing. */
export function createGate(config: Config): Gate {
  let credentials = readCredentials(config);
  let problem: string | undefined;
  const authenticates = credentials.length > 0 || config.clientCaFile !== '';
  refuseOpenDoors(config, authenticates);
  const hosts = allowedHosts(config);
  const ingestTenants = new Set<string>();

  const authorize = (headers: Headers, scope: Scope): Credential | undefined => {
    if (credentials.length === 0) {
      return undefined;
    }
    const digest = digestOf(single(headers.authorization) ?? '');
    const credential = credentials.find((candidate) => timingSafeEqual(candidate.digest, digest));
    if (!credential) {
      throw new CodedError('unauthenticated', 'credentials are missing or unknown');
    }
    if (!credential.scopes.includes(scope)) {
      throw new CodedError('permission_denied', `these credentials have no ${scope} scope`);
    }
    return credential;
  };

  const tenantsIn = (headers: Headers, credential: Credential | undefined, several: boolean): readonly string[] => {
    const header = single(headers['x-scope-orgid']);
    const names = several && header ? header.split(tenantSeparator) : [header];
    if (names.length > tenantsPerQueryMax) {
      throw new CodedError('invalid_argument', `a query over ${names.length} tenants, at most ${tenantsPerQueryMax}`);
    }
    if (names.length > 1 && names.includes('')) {
      throw new CodedError('invalid_argument', 'a tenant of the query is empty: separators stand between tenants only');
    }
    const tenants = names.map((name) => checkedTenant(name));
    if (credential?.tenants && !tenants.every((tenant) => credential.tenants!.includes(tenant))) {
      throw new CodedError('permission_denied', 'these credentials are not for this tenant');
    }
    return tenants;
  };

  return {
    authenticates,
    authorize,
    reload() {
      try {
        credentials = readCredentials(config);
        problem = undefined;
      } catch (error) {
        problem = `secrets cannot be read again, those of before hold on: ${messageOf(error)}`;
      }
    },
    problems: () => (problem === undefined ? [] : [problem]),
    admitOne(headers, scope) {
      const credential = authorize(headers, scope);
      return config.multitenancy ? tenantsIn(headers, credential, false)[0] : singleTenant;
    },
    admit(headers, scope) {
      const credential = authorize(headers, scope);
      if (!config.multitenancy) {
        return singleTenant;
      }
      const several = scope === 'query' && config.multiTenantQueries;
      const tenant = federatedTenant(tenantsIn(headers, credential, several));
      if (scope === 'ingest' && !ingestTenants.has(tenant)) {
        if (ingestTenants.size >= config.tenantsMax) {
          throw new CodedError(
            'resource_exhausted',
            `more than ${config.tenantsMax} tenants send spans (limit tenants_max)`
          );
        }
        ingestTenants.add(tenant);
      }
      return tenant;
    },
    checkHost(host) {
      if (hosts !== undefined && host !== undefined && !hosts.has(hostNameOf(host))) {
        throw new CodedError('permission_denied', 'this host name is not allowed (option allowed_hosts)');
      }
    },
  };
}

/** Errors: `unauthenticated` when there is none, `invalid_argument`. Source: Tempo's rules for X-Scope-OrgID. */
export function checkedTenant(header: string | undefined): string {
  if (!header) {
    throw new CodedError('unauthenticated', 'no org id');
  }
  if (header.length > 150) {
    throw new CodedError('invalid_argument', `tenant ID is too long: max 150 characters, got ${header.length}`);
  }
  const bad = /[^0-9A-Za-z!_.*'()-]/.exec(header);
  if (bad) {
    throw new CodedError('invalid_argument', `tenant ID contains unsupported character ${JSON.stringify(bad[0])}`);
  }
  if (header === '.' || header === '..') {
    throw new CodedError('invalid_argument', "tenant ID is '.' or '..'");
  }
  return header;
}

function readCredentials(config: Config): Credential[] {
  const tokens = config.tokens.map((entry) => ({
    name: entry.name,
    digest: digestOf(`Bearer ${secretOf(`token ${entry.name}`, entry.token, entry.token_file)}`),
    scopes: entry.scopes,
    tenants: entry.tenants,
  }));
  const users = config.users.map((entry) => {
    const password = secretOf(`user ${entry.username}`, entry.password, entry.password_file);
    const digest = digestOf(`Basic ${Buffer.from(`${entry.username}:${password}`).toString('base64')}`);
    return { name: entry.username, digest, scopes: entry.scopes, tenants: entry.tenants };
  });
  return [...tokens, ...users];
}

function secretOf(whose: string, secret: string | undefined, file: string | undefined): string {
  if ((secret === undefined) === (file === undefined)) {
    throw new ConfigError(`${whose}: give the secret or a file with it, one of the two`);
  }
  if (secret !== undefined) {
    return secret;
  }
  try {
    const text = readFileSync(file!, 'utf8').trim();
    if (text.length < 8) {
      throw new ConfigError(`${whose}: ${file} holds fewer than 8 characters`);
    }
    return text;
  } catch (error) {
    throw error instanceof ConfigError ? error : new ConfigError(`${whose}: ${(error as Error).message}`);
  }
}

function digestOf(authorization: string): Buffer {
  // The scheme's case does not matter, the secret's does.
  const [, scheme, secret] = /^(\S+)\s+(.*)$/.exec(authorization) ?? ['', '', ''];
  return createHash('sha256').update(`${scheme.toLowerCase()} ${secret}`).digest();
}

function refuseOpenDoors(config: Config, authenticates: boolean): void {
  if (authenticates || config.insecureNoAuth) {
    return;
  }
  for (const address of listenAddresses(config)) {
    if (!isLoopback(address.host)) {
      throw new ConfigError(
        `refusing to listen on ${address.host}:${address.port} without authentication: add tokens or users, or set --insecure-no-auth on a private network`
      );
    }
  }
}

function listenAddresses(config: Config): ListenAddress[] {
  return [
    config.otlpGrpcAddress,
    config.otlpHttpAddress,
    config.queryAddress,
    config.grpcQueryAddress,
    config.zipkinAddress,
    config.jaegerHttpAddress,
    config.jaegerGrpcAddress,
  ].filter((address) => address !== undefined);
}

/** `undefined`: any. A server that other machines reach under names we cannot know has a list only when one is given. */
function allowedHosts(config: Config): ReadonlySet<string> | undefined {
  const addresses = listenAddresses(config);
  const allLoopback = addresses.every((address) => isLoopback(address.host));
  if (config.allowedHosts.includes('*') || (!allLoopback && config.allowedHosts.length === 0)) {
    return undefined;
  }
  const names = ['localhost', '127.0.0.1', '::1', ...addresses.map((address) => address.host), ...config.allowedHosts];
  return new Set(names.map((name) => name.toLowerCase()));
}

/** Without port and brackets. */
function hostNameOf(host: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host);
  return (match?.[1] ?? match?.[2] ?? host).toLowerCase();
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/**
 * The server's options: one table with name, default and reason. Each option can be set in the YAML file (`snake_case`), by an
 * environment variable (`VIVACE_SNAKE_CASE`) and by a flag (`--kebab-case`); flags win over variables, variables over the file.
 */
import { z } from 'zod';
import {
  bool,
  bytes,
  bytesOrZero,
  durationMs,
  durationMsOrZero,
  listenAddress,
  positiveNumber,
  textList,
} from './config-values.ts';
import { storageOptions, withFlatStorage } from './storage-config.ts';

export interface OptionSpec {
  readonly schema: z.ZodType;
  /** As written in a file: the schema turns it into the typed value. */
  readonly default: string | number | boolean;
  /** What it does and why the default is what it is; the text of `--help`. */
  readonly reason: string;
}

export const options = {
  otlpGrpcAddress: {
    schema: listenAddress,
    default: '127.0.0.1:4317',
    reason: 'OTLP/gRPC spans in. Loopback: reaching further needs authentication. "off" closes the door.',
  },
  otlpHttpAddress: {
    schema: listenAddress,
    default: '127.0.0.1:4318',
    reason: 'OTLP/HTTP spans in (POST /v1/traces).',
  },
  queryAddress: {
    schema: listenAddress,
    default: '127.0.0.1:3200',
    reason: 'Query API (Tempo compatible; Jaeger and Zipkin under /jaeger and /zipkin) and page.',
  },
  grpcQueryAddress: {
    schema: listenAddress,
    default: '127.0.0.1:9095',
    reason: 'Streaming queries over gRPC, on the port that Tempo has them on. They are on query_address too.',
  },
  zipkinAddress: {
    schema: listenAddress,
    default: '127.0.0.1:9411',
    reason: 'Zipkin spans in (POST /api/v2/spans, JSON). "off" where a Zipkin has the port.',
  },
  jaegerHttpAddress: {
    schema: listenAddress,
    default: '127.0.0.1:14268',
    reason: 'Jaeger spans in, Thrift over HTTP (POST /api/traces). "off" where a Jaeger has the port.',
  },
  jaegerGrpcAddress: {
    schema: listenAddress,
    default: '127.0.0.1:14250',
    reason: 'Jaeger spans in over gRPC (CollectorService/PostSpans).',
  },
  storage: {
    schema: z.enum(['embedded', 's3', 'gcs', 'azure', 'memory']),
    default: 'embedded',
    reason:
      'embedded: our engine, blocks in data_dir. s3, gcs, azure: our engine, blocks and manifest in a bucket. memory: nothing is kept over a restart, for tests.',
  },
  ...storageOptions,
  dataDir: {
    schema: z.string().min(1),
    default: './data',
    reason: 'Folder of the embedded engine; one server at a time.',
  },
  retention: {
    schema: durationMsOrZero,
    default: '14d',
    reason: 'How long traces are kept. Two weeks, as Tempo; 0 keeps them for good.',
  },
  flushInterval: {
    schema: durationMs,
    default: '5m',
    reason: 'Longest time a span waits in memory (and in the write-ahead log) before it is in a Parquet block.',
  },
  demo: { schema: bool, default: false, reason: 'Start a small shop that sends spans to this server.' },
  demoRate: { schema: positiveNumber, default: 5, reason: 'Requests per second in the demo shop.' },
  pageDir: {
    schema: z.string(),
    default: '',
    reason: 'Folder of the built page; empty: the one that came with the server.',
  },
  insecureNoAuth: {
    schema: bool,
    default: false,
    reason: 'Allow a listener that other machines can reach without any authentication.',
  },
  tlsCertFile: { schema: z.string(), default: '', reason: 'PEM certificate for all doors; needs tls_key_file.' },
  tlsKeyFile: { schema: z.string(), default: '', reason: 'PEM private key.' },
  clientCaFile: {
    schema: z.string(),
    default: '',
    reason: 'PEM certificates: clients must show one that these have signed (mutual TLS); needs tls_cert_file.',
  },
  allowedHosts: {
    schema: textList,
    default: '',
    reason:
      'Host names that requests may use, besides loopback names and listen addresses ("*": any). Stops web pages that rebind DNS.',
  },
  multitenancy: {
    schema: bool,
    default: false,
    reason: 'Tenant from the X-Scope-OrgID header. Off: one tenant, header ignored.',
  },
  tenantsMax: {
    schema: positiveNumber,
    default: 10_000,
    reason: 'Most tenants that may send spans: a header must not fill the disk with folders.',
  },
  multiTenantQueries: {
    schema: bool,
    default: true,
    reason: 'With multitenancy: queries over several tenants, X-Scope-OrgID: a|b, answered as if they were one.',
  },
  overridesFile: {
    schema: z.string(),
    default: '',
    reason: 'YAML file with limits of single tenants ("*": of all), read again when it changes.',
  },
  userOverrides: {
    schema: bool,
    default: false,
    reason: 'Tenants may tighten limits of their own through /api/overrides (admin scope). Off, as in Tempo.',
  },
  reloadInterval: {
    schema: durationMs,
    default: '10s',
    reason: 'How often the overrides file, TLS files and secrets in files are looked at for changes.',
  },
  ingestRateBytes: {
    schema: bytesOrZero,
    default: 0,
    reason: 'Decoded bytes of spans a second and tenant, on average. 0: no limit; nothing ordinary is lost by default.',
  },
  ingestBurstBytes: {
    schema: bytesOrZero,
    default: 0,
    reason: 'So much may come at once above ingest_rate_bytes. 0: what one second may bring.',
  },
  attributeBytesMax: {
    schema: bytes,
    default: '1MiB',
    reason: 'Longest attribute value; longer strings are cut and marked. Tempo cuts at 2048.',
  },
  bodyBytesMax: {
    schema: bytes,
    default: '64MiB',
    reason: 'Largest request, decoded. The OTLP specification recommends 64 MiB.',
  },
  bodyBudgetBytes: {
    schema: bytes,
    default: '256MiB',
    reason: 'Memory for all bodies in flight; beyond it senders are told to retry.',
  },
  requestTimeout: {
    schema: durationMs,
    default: '30s',
    reason: 'From the first byte of a request to its last: slow senders are cut.',
  },
  queryTimeout: {
    schema: durationMs,
    default: '30s',
    reason: 'Longest query. Shortly before it a query ends with what it has found, and says so.',
  },
  queryThreads: {
    schema: z.union([z.literal('').transform(() => undefined), positiveNumber]),
    default: '',
    reason: 'Threads that queries share; empty: one less than there are cores.',
  },
  queriesMax: {
    schema: positiveNumber,
    default: 16,
    reason: 'Queries that run at once, look-ups by trace id aside. More would make all of them late.',
  },
  queriesPerTenantMax: {
    schema: positiveNumber,
    default: 8,
    reason: 'Of them those of one tenant, so that one cannot keep the others out.',
  },
  queryQueueMax: {
    schema: positiveNumber,
    default: 100,
    reason: 'Queries of one tenant that wait for their turn; beyond it they are told to come back.',
  },
  queryQueueTimeout: {
    schema: durationMs,
    default: '10s',
    reason: 'Longest wait for a turn. Grafana gives up after 30 s, and the query itself takes time too.',
  },
  queryBytesMax: {
    schema: bytes,
    default: '10GiB',
    reason: 'Most bytes that one query reads from the disk; beyond it the answer is partial.',
  },
  querySpansMax: {
    schema: positiveNumber,
    default: 1_000_000_000,
    reason: 'Most spans that one query looks at; beyond it the answer is partial.',
  },
  queryMemoryBytesMax: {
    schema: bytes,
    default: '768MiB',
    reason: 'Memory of a query thread, its caches included (256 MiB at most); beyond it the answer is partial.',
  },
  logsLokiUrl: {
    schema: z.string().regex(/^(https?:\/\/[^\s]+)?$/, 'must be an http or https URL'),
    default: '',
    reason: 'A Loki-compatible server whose log lines stand beside the spans of a trace. Empty: no logs.',
  },
  logsLokiSelector: {
    schema: z.string().regex(/^\{.+\}$/s, 'must be a stream selector in braces'),
    default: '{service_name=~".+"}',
    reason: 'Which streams are searched for the trace id. Loki wants at least one matcher.',
  },
  mcpServer: {
    schema: bool,
    default: false,
    reason: 'Tools for language models at /api/mcp. Off: traces then reach whoever runs the model.',
  },
  shutdownTimeout: { schema: durationMs, default: '5s', reason: 'How long requests in flight may take after SIGTERM.' },
  connectionsMax: { schema: positiveNumber, default: 10_000, reason: 'Open connections per door.' },
  connectionsPerAddressMax: {
    schema: positiveNumber,
    default: 1_000,
    reason: 'Of them, from one address: one client must not take them all. Raise it behind a proxy.',
  },
  logLevel: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']),
    default: 'info',
    reason: 'Log lines are JSON on standard error.',
  },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof options;

export const scopes = ['ingest', 'query', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** Who may do what; in the file only. Secrets may stand in files of their own. */
const credential = {
  scopes: z.array(z.enum(scopes)).min(1),
  /** Absent: every tenant. */
  tenants: z.array(z.string()).optional(),
};
export const credentialLists = {
  tokens: z
    .array(
      z.strictObject({
        name: z.string(),
        token: z.string().min(16).optional(),
        token_file: z.string().optional(),
        ...credential,
      })
    )
    .default([]),
  users: z
    .array(
      z.strictObject({
        username: z.string(),
        password: z.string().min(8).optional(),
        password_file: z.string().optional(),
        ...credential,
      })
    )
    .default([]),
};

export type Config = { readonly [Name in OptionName]: z.output<(typeof options)[Name]['schema']> } & {
  readonly tokens: z.output<typeof credentialLists.tokens>;
  readonly users: z.output<typeof credentialLists.users>;
};

/** Wrong options: one clear line, before anything is touched. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export const fileKeyOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const flagOf = (name: string): string => `--${fileKeyOf(name).replaceAll('_', '-')}`;
export const variableOf = (name: string): string => `VIVACE_${fileKeyOf(name).toUpperCase()}`;

export interface ConfigSources {
  /** By option name; only those that stand on the command line. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The parsed YAML file; `{}` when there is none. */
  readonly file: unknown;
  readonly fileName: string;
}

/** Errors: {@link ConfigError}. */
export function resolveConfig(sources: ConfigSources): Config {
  const file = checkedFile(sources);
  const config: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(options) as [OptionName, OptionSpec][]) {
    const places: readonly (readonly [value: unknown, place: string])[] = [
      [sources.flags[name], flagOf(name)],
      [sources.variables[variableOf(name)] || undefined, variableOf(name)],
      [file[fileKeyOf(name)], `${sources.fileName}: ${fileKeyOf(name)}`],
      [spec.default, name],
    ];
    const [value, place] = places.find(([candidate]) => candidate !== undefined)!;
    config[name] = parsed(spec.schema, value, place);
  }
  for (const [key, schema] of Object.entries(credentialLists)) {
    config[key] = parsed(schema, file[key], `${sources.fileName}: ${key}`);
  }
  return config as Config;
}

function parsed(schema: z.ZodType, value: unknown, place: string): unknown {
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = issue.path.length === 0 ? '' : ` (${issue.path.join('.')})`;
    throw new ConfigError(`${place}${path}: ${issue.message}`);
  }
  return result.data;
}

function checkedFile({ file, fileName }: ConfigSources): Readonly<Record<string, unknown>> {
  if (file === undefined || file === null) {
    return {};
  }
  if (typeof file !== 'object' || Array.isArray(file)) {
    throw new ConfigError(`${fileName}: expected keys and values`);
  }
  const known = [...Object.keys(options).map(fileKeyOf), ...Object.keys(credentialLists)];
  const flat = withFlatStorage(file as Readonly<Record<string, unknown>>);
  for (const key of Object.keys(flat)) {
    if (!known.includes(key)) {
      const near = nearest(key, known);
      throw new ConfigError(
        `${fileName}: unknown option ${JSON.stringify(key)}${near ? `, did you mean ${near}?` : ''}`
      );
    }
  }
  return flat;
}

/** The known word at the smallest edit distance, when that is small. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  scored.sort((a, b) => a.distance - b.distance);
  return scored.length > 0 && scored[0].distance <= Math.max(2, word.length / 3) ? scored[0].candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    previous = row;
  }
  return previous[b.length];
}

/** What holds without file, variables and flags. */
export function defaultConfig(): Config {
  return resolveConfig({ flags: {}, variables: {}, file: {}, fileName: '' });
}

/** What `/status/config` may show: secrets never. */
export function printableConfig(config: Config): Readonly<Record<string, unknown>> {
  const plain = Object.fromEntries(
    (Object.keys(options) as OptionName[]).map((name) => [fileKeyOf(name), config[name]])
  );
  const masked = (list: readonly object[]): unknown[] =>
    list.map((entry) => ({
      ...entry,
      ...('token' in entry ? { token: '***' } : {}),
      ...('password' in entry ? { password: '***' } : {}),
    }));
  return { ...plain, tokens: masked(config.tokens), users: masked(config.users) };
}

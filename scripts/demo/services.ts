/** The shop's services as their SDKs would describe them: several languages, each with its own conventions. */
import type { Attributes, Tracer } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';

interface ServiceDescription {
  readonly language: string;
  readonly version: string;
  readonly scope: string;
  readonly runtime: Attributes;
}

const descriptions = {
  storefront: {
    language: 'webjs',
    version: '5.2.0',
    scope: '@opentelemetry/instrumentation-fetch',
    runtime: { 'browser.platform': 'macOS', 'user_agent.original': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5)' },
  },
  gateway: {
    language: 'go',
    version: '1.31.0',
    scope: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp',
    runtime: { 'process.runtime.name': 'go', 'process.runtime.version': 'go1.24.2' },
  },
  cart: {
    language: 'dotnet',
    version: '1.11.1',
    scope: 'OpenTelemetry.Instrumentation.AspNetCore',
    runtime: { 'process.runtime.name': '.NET', 'process.runtime.version': '9.0.3' },
  },
  catalog: {
    language: 'java',
    version: '1.49.0',
    scope: 'io.opentelemetry.tomcat-10.0',
    runtime: { 'process.runtime.name': 'OpenJDK Runtime Environment', 'process.runtime.version': '21.0.6+7' },
  },
  recommendation: {
    language: 'python',
    version: '1.32.1',
    scope: 'opentelemetry.instrumentation.grpc',
    runtime: { 'process.runtime.name': 'cpython', 'process.runtime.version': '3.12.9' },
  },
  checkout: {
    language: 'go',
    version: '1.31.0',
    scope: 'go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc',
    runtime: { 'process.runtime.name': 'go', 'process.runtime.version': 'go1.24.2' },
  },
  payment: {
    language: 'nodejs',
    version: '2.0.1',
    scope: '@opentelemetry/instrumentation-http',
    runtime: { 'process.runtime.name': 'nodejs', 'process.runtime.version': '24.1.0' },
  },
  shipping: {
    language: 'rust',
    version: '0.29.0',
    scope: 'tracing-opentelemetry',
    runtime: { 'process.runtime.name': 'rustc', 'process.runtime.version': '1.87.0' },
  },
  inventory: {
    language: 'python',
    version: '1.32.1',
    scope: 'opentelemetry.instrumentation.sqlalchemy',
    runtime: { 'process.runtime.name': 'cpython', 'process.runtime.version': '3.12.9' },
  },
  fraud: {
    language: 'java',
    version: '1.49.0',
    scope: 'io.opentelemetry.kafka-clients-2.6',
    runtime: { 'process.runtime.name': 'OpenJDK Runtime Environment', 'process.runtime.version': '21.0.6+7' },
  },
  email: {
    language: 'ruby',
    version: '1.8.0',
    scope: 'OpenTelemetry::Instrumentation::Sidekiq',
    runtime: { 'process.runtime.name': 'ruby', 'process.runtime.version': '3.4.2' },
  },
} as const satisfies Record<string, ServiceDescription>;

export type ServiceName = keyof typeof descriptions;
export const serviceNames = Object.keys(descriptions) as ServiceName[];

/** Releases by service; one of checkout's is the slow one, see `shop.ts`. */
const releases: Readonly<Partial<Record<ServiceName, string>>> = {
  payment: '3.8.1',
  checkout: '2.14.0',
  catalog: '7.0.3',
};

/** One tracer per service, all leaving through the same processors. */
export function openServices(processors: SpanProcessor[]): Record<ServiceName, Tracer> {
  const tracers = serviceNames.map((name, index) => {
    const { language, version, scope, runtime } = descriptions[name];
    const pod = `${name}-${(0x5f3a + index * 7919).toString(16)}-${'bcdfg'[index % 5]}x${index}z`;
    const provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': name,
        'service.namespace': 'shop',
        'service.version': releases[name] ?? '1.0.0',
        'service.instance.id': pod,
        'deployment.environment.name': 'demo',
        'telemetry.sdk.name': 'opentelemetry',
        'telemetry.sdk.language': language,
        'telemetry.sdk.version': version,
        ...(language === 'webjs'
          ? {}
          : {
              'k8s.namespace.name': 'shop',
              'k8s.deployment.name': name,
              'k8s.pod.name': pod,
              'k8s.node.name': `node-${1 + (index % 3)}`,
              'host.arch': 'arm64',
            }),
        ...runtime,
      }),
      spanProcessors: processors,
    });
    return [name, provider.getTracer(scope, version)] as const;
  });
  return Object.fromEntries(tracers) as Record<ServiceName, Tracer>;
}

/** Attributes by what they mean: the families of the OpenTelemetry semantic conventions, told apart by the start of their keys. */
import type { Attribute } from '../../trace/model.ts';

export interface Family {
  readonly title: string;
  /** By key. */
  readonly attributes: readonly Attribute[];
}

/** Title → starts of keys. A key belongs to the first family with the longest start that it has. */
const families: readonly (readonly [title: string, starts: readonly string[]])[] = [
  ['Exception', ['exception.', 'error.', 'otel.status']],
  ['HTTP', ['http.', 'url.', 'user_agent.']],
  ['RPC', ['rpc.', 'grpc.', 'jsonrpc.', 'connect_rpc.']],
  ['Database', ['db.', 'elasticsearch.', 'cassandra.', 'redis.', 'pool.name']],
  ['Messaging', ['messaging.', 'message.', 'kafka.', 'cloudevents.', 'signalr.']],
  ['GenAI', ['gen_ai.', 'llm.', 'openai.', 'mcp.']],
  ['GraphQL', ['graphql.']],
  ['Functions', ['faas.', 'aws.lambda.']],
  ['Object storage', ['aws.s3.', 'azure.blob.']],
  ['Feature flags', ['feature_flag.']],
  ['User', ['enduser.', 'user.', 'session.', 'client.geo', 'geo.', 'browser.', 'app.installation']],
  ['Network', ['network.', 'net.', 'server.', 'client.', 'peer.', 'source.', 'destination.', 'tls.', 'dns.']],
  ['Code', ['code.', 'thread.']],
  ['Service', ['service.', 'deployment.']],
  ['Kubernetes', ['k8s.', 'openshift.']],
  ['Container', ['container.', 'oci.']],
  ['Host', ['host.', 'os.', 'device.', 'hw.', 'system.']],
  ['Process', ['process.', 'webengine.', 'jvm.', 'nodejs.', 'dotnet.', 'go.']],
  ['Cloud', ['cloud.', 'aws.', 'gcp.', 'azure.', 'heroku.']],
  ['Telemetry', ['telemetry.', 'otel.', 'sampler.', 'zipkin.']],
];

const otherTitle = 'Other';

/** Families that occur, in a fixed order with what explains a failure first; what belongs to none comes last, as "Other". */
export function familiesOf(attributes: readonly Attribute[]): readonly Family[] {
  const byTitle = new Map<string, Attribute[]>();
  for (const attribute of attributes) {
    const title = familyOf(attribute.key);
    const known = byTitle.get(title);
    if (known) {
      known.push(attribute);
    } else {
      byTitle.set(title, [attribute]);
    }
  }
  return [...families.map(([title]) => title), otherTitle]
    .filter((title) => byTitle.has(title))
    .map((title) => ({ title, attributes: byTitle.get(title)!.sort(byKey) }));
}

function familyOf(key: string): string {
  let best = otherTitle;
  let bestLength = 0;
  for (const [title, starts] of families) {
    for (const start of starts) {
      if (start.length > bestLength && key.startsWith(start)) {
        best = title;
        bestLength = start.length;
      }
    }
  }
  return best;
}

function byKey(a: Attribute, b: Attribute): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** The gRPC methods of the query port: one request message in, response messages out. */
import { CodedError } from '../../base/coded-error.ts';
import type { ApiContext } from '../exchange.ts';
import { jaegerMethods, jaegerService } from '../jaeger/v3-grpc.ts';
import { tempoMethods, tempoService } from './tempo-grpc.ts';

/** Who calls: what a gRPC call has besides its message. */
export interface GrpcCall {
  readonly tenant: string;
  readonly signal: AbortSignal;
}

export interface GrpcMethod {
  /** For metrics and logs. */
  readonly name: string;
  /** Response messages, encoded. Errors, thrown or by the iteration: those of the HTTP route that means the same. */
  open(message: Uint8Array, call: GrpcCall, context: ApiContext): AsyncIterable<Uint8Array>;
}

const services: readonly (readonly [string, Readonly<Record<string, GrpcMethod>>])[] = [
  [tempoService, tempoMethods],
  [jaegerService, jaegerMethods],
];

/** The method of a `:path`. Errors: `unsupported`. */
export function grpcMethodOf(path: string): GrpcMethod {
  for (const [service, methods] of services) {
    const name = path.startsWith(service) ? path.slice(service.length) : '';
    if (Object.hasOwn(methods, name)) {
      return methods[name];
    }
  }
  throw new CodedError('unsupported', `unknown method ${path.slice(0, 200)}`);
}

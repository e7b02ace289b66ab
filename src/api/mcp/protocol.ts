/** JSON-RPC 2.0 and the few messages of the Model Context Protocol that a server of tools and documents needs. Source: modelcontextprotocol.io/specification. */

/** Newest first: what a client does not know is answered with the first. */
export const protocolVersions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

export type RpcId = string | number | null;

/** Numbers of JSON-RPC's errors, and MCP's own for a document that does not exist. */
export const rpcError = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  resourceNotFound: -32002,
} as const;

/** A fault of the request: the answer is an error of JSON-RPC, not of HTTP. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface ToolArgument {
  readonly name: string;
  readonly description: string;
  readonly isRequired?: boolean;
  readonly values?: readonly string[];
  readonly fallback?: string;
}

/** Texts by the name of the argument; an argument that was not given is absent. */
export type ToolArguments = Readonly<Record<string, string | undefined>>;

/** What a tool found: text of a kind that `type` and `encoding` name to clients that draw it. */
export interface ToolOutput {
  readonly text: string;
  readonly type: string;
  readonly encoding: 'json' | 'markdown';
  readonly version: string;
}

export function toolResult({ text, type, encoding, version }: ToolOutput): unknown {
  return { _meta: { type, encoding, version }, content: [{ type: 'text', text }] };
}

/** For the model to read and do better: not an error of the protocol. */
export function toolError(text: string): unknown {
  return { content: [{ type: 'text', text }], isError: true };
}

/** JSON Schema of a tool's arguments. */
export function inputSchema(args: readonly ToolArgument[]): unknown {
  const properties = args.map(({ name, description, values, fallback }) => [
    name,
    { type: 'string', description, enum: values, default: fallback },
  ]);
  const required = args.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(properties) as unknown,
    required: required.length === 0 ? undefined : required,
  };
}

/** Errors: {@link RpcError} for a missing or mistyped argument. */
export function toolArguments(args: readonly ToolArgument[], given: Readonly<Record<string, unknown>>): ToolArguments {
  return Object.fromEntries(
    args.map(({ name, isRequired, values, fallback }) => {
      const value = given[name] ?? fallback;
      if (value === undefined && !isRequired) {
        return [name, undefined];
      }
      if (typeof value !== 'string' || (isRequired && value === '')) {
        throw new RpcError(
          rpcError.invalidParams,
          `argument ${name} is ${value === undefined ? 'required' : 'no text'}`
        );
      }
      if (values !== undefined && !values.includes(value)) {
        throw new RpcError(rpcError.invalidParams, `argument ${name} must be one of ${values.join(', ')}`);
      }
      return [name, value];
    })
  );
}

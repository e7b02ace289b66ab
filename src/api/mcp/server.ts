/**
 * `/api/mcp`: tools and documents for language models, over the streamable HTTP transport of the Model Context Protocol. No session is kept and
 * nothing is sent unasked: a request is answered in its own response.
 */
import { CodedError } from '../../base/coded-error.ts';
import { isObject, parseJson, type JsonObject } from '../../wire/json.ts';
import { errorText } from '../error-response.ts';
import type { ApiContext, ApiRequest, ApiResponse } from '../exchange.ts';
import { contentTypes, textResponse } from '../exchange.ts';
import { configDocuments, traceqlDocuments, type ConfigTexts, type McpDocument } from './documents.ts';
import {
  inputSchema,
  protocolVersions,
  rpcError,
  RpcError,
  toolArguments,
  toolError,
  toolResult,
  type RpcId,
} from './protocol.ts';
import { tools } from './tools.ts';

/** What the server gives; a server that has it switched off gives none. */
export interface McpOptions {
  readonly config: ConfigTexts;
  /** For metrics; `tool` is one of a fixed list. */
  readonly onCall: (tool: string) => void;
}

/** Requests in one body; older versions of the protocol allow it. */
const batchMax = 20;

export async function mcp(request: ApiRequest, context: ApiContext): Promise<ApiResponse> {
  if (context.mcp === undefined) {
    throw new CodedError('not_found', 'the MCP server is off (option mcp_server)');
  }
  if (request.method !== 'POST') {
    // A client asks for a stream of our own messages: there are none.
    return { ...textResponse(405, 'Method Not Allowed'), headers: { allow: 'POST' } };
  }
  let body: unknown;
  try {
    body = parseJson(request.body, 'body');
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not JSON';
    return rpcResponse(400, { jsonrpc: '2.0', id: null, error: { code: rpcError.parse, message } });
  }
  const messages: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (messages.length === 0 || messages.length > batchMax) {
    const error = { code: rpcError.invalidRequest, message: `expected 1 to ${batchMax} messages` };
    return rpcResponse(400, { jsonrpc: '2.0', id: null, error });
  }
  const answers: unknown[] = [];
  for (const message of messages) {
    const answer = await answerMessage(message, request, context, context.mcp);
    if (answer !== undefined) {
      answers.push(answer);
    }
  }
  if (answers.length === 0) {
    return { status: 202, contentType: contentTypes.text, body: '' };
  }
  return rpcResponse(200, Array.isArray(body) ? answers : answers[0]);
}

function rpcResponse(status: number, value: unknown): ApiResponse {
  return { status, contentType: contentTypes.json, body: JSON.stringify(value) };
}

/** `undefined` for what is not answered: notifications, and answers to nothing. */
async function answerMessage(
  message: unknown,
  request: ApiRequest,
  context: ApiContext,
  options: McpOptions
): Promise<unknown> {
  const id = isObject(message) ? idOf(message) : null;
  try {
    if (!isObject(message) || message.jsonrpc !== '2.0' || typeof message.method !== 'string') {
      throw new RpcError(rpcError.invalidRequest, 'expected a request of JSON-RPC 2.0');
    }
    if (message.id === undefined) {
      return undefined;
    }
    const params = isObject(message.params) ? message.params : {};
    return { jsonrpc: '2.0', id, result: await resultOf(message.method, params, request, context, options) };
  } catch (error) {
    if (error instanceof RpcError) {
      return { jsonrpc: '2.0', id, error: { code: error.code, message: error.message } };
    }
    throw error;
  }
}

function idOf({ id }: JsonObject): RpcId {
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

async function resultOf(
  method: string,
  params: JsonObject,
  request: ApiRequest,
  context: ApiContext,
  options: McpOptions
): Promise<unknown> {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: protocolVersions.find((version) => version === params.protocolVersion) ?? protocolVersions[0],
        capabilities: { tools: {}, resources: {} },
        serverInfo: { name: 'tempo', title: 'Vivace', version: context.build.version },
        instructions:
          'Traces of distributed systems. Read docs-traceql (basic) first; find names and values of attributes before you search for them.',
      };
    case 'ping':
      return {};
    case 'tools/list':
      return { tools: tools.map(describeTool) };
    case 'tools/call':
      return callTool(params, request, context, options);
    case 'resources/list':
      return {
        resources: documents(options).map(({ uri, name, description }) => ({ uri, name, description, mimeType })),
      };
    case 'resources/templates/list':
      return { resourceTemplates: [] };
    case 'resources/read':
      return readDocument(params, options);
    default:
      throw new RpcError(rpcError.methodNotFound, `unknown method ${method.slice(0, 100)}`);
  }
}

const mimeType = 'text/markdown';

function documents({ config }: McpOptions): readonly McpDocument[] {
  return [...Object.values(traceqlDocuments), ...Object.values(configDocuments(config))];
}

function readDocument({ uri }: JsonObject, options: McpOptions): unknown {
  const found = documents(options).find((document) => document.uri === uri);
  if (found === undefined) {
    throw new RpcError(rpcError.resourceNotFound, `no document ${String(uri).slice(0, 100)}`);
  }
  return { contents: [{ uri: found.uri, mimeType, text: found.text }] };
}

function describeTool({ name, description, args }: (typeof tools)[number]): unknown {
  const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
  return { name, description, inputSchema: inputSchema(args), annotations };
}

async function callTool(
  { name, arguments: given }: JsonObject,
  request: ApiRequest,
  context: ApiContext,
  { config, onCall }: McpOptions
): Promise<unknown> {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) {
    throw new RpcError(rpcError.invalidParams, `unknown tool ${String(name).slice(0, 100)}`);
  }
  onCall(tool.name);
  const args = toolArguments(tool.args, isObject(given) ? given : {});
  try {
    return toolResult(await tool.run({ request, context, args, config }));
  } catch (error) {
    // What the caller can mend is for the model to read; our own faults, and a client that left, are the door's.
    if (error instanceof CodedError && error.code !== 'internal' && error.code !== 'canceled') {
      return toolError(errorText(error, () => ''));
    }
    throw error;
  }
}

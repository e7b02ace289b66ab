/** What the MCP server tells about this process: its options, from the one table that has them. */
import type { McpOptions } from '../api/mcp/server.ts';
import { fileKeyOf, flagOf, options, variableOf, type Config, type OptionSpec } from './config.ts';
import type { Telemetry } from './telemetry.ts';

/** `undefined` where the option is off. */
export function mcpOptions(config: Config, telemetry: Telemetry): McpOptions | undefined {
  return config.mcpServer ? { config: configTexts(), onCall: telemetry.mcpCalled } : undefined;
}

function configTexts(): McpOptions['config'] {
  const specs = Object.entries(options) as [string, OptionSpec][];
  const addresses = specs.filter(([name]) => name.endsWith('Address')).map(([name, { reason }]) => line(name, reason));
  const others = specs.filter(([name]) => !name.endsWith('Address')).map(([name, { reason }]) => line(name, reason));
  const overview = [
    '# Vivace: configuration',
    'One process, one YAML file (`--config`); every option is also a flag and an environment variable. Flags win over variables, variables over the file.',
    '## Doors',
    ...addresses,
    '## Everything else',
    ...others,
  ];
  const reference = specs.map(
    ([name, spec]) =>
      `- \`${fileKeyOf(name)}\`, \`${flagOf(name)}\`, \`${variableOf(name)}\`; default \`${JSON.stringify(spec.default)}\`. ${spec.reason}`
  );
  return { overview: overview.join('\n'), reference: ['# Vivace: every option', ...reference].join('\n') };
}

const line = (name: string, reason: string): string => `- \`${fileKeyOf(name)}\`: ${reason}`;

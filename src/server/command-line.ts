/** `vivace [options]`: flags, variables and file become a {@link Config}. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { parse as parseYaml } from 'yaml';
import { commandList } from './commands/index.ts';
import { ConfigError, flagOf, options, resolveConfig, variableOf, type Config, type OptionSpec } from './config.ts';

/** What the command line asks for: to serve, or to print a text and end. */
export type CommandLine =
  { readonly kind: 'serve'; readonly config: Config } | { readonly kind: 'exit'; readonly code: number };

/** `args` without program names. Prints help, version and usage errors itself. Errors: {@link ConfigError}. */
export function readCommandLine(
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
  version: string
): CommandLine {
  const command = new Command('vivace')
    .description(
      'Distributed tracing without a backend to operate: receives OTLP spans, answers Grafana and shows them.'
    )
    .version(version, '--version')
    .allowExcessArguments(false)
    .exitOverride()
    .option('--config <file>', 'YAML file with the options below in snake_case (also VIVACE_CONFIG)')
    .addHelpText(
      'after',
      `\n${commandList()}\n\nEvery option can also be set by a variable: --data-dir is VIVACE_DATA_DIR. Flags win over variables over the file.`
    );
  for (const [name, spec] of Object.entries(options) as [string, OptionSpec][]) {
    const argument = typeof spec.default === 'boolean' ? '' : ' <value>';
    const shown = spec.default === '' || spec.default === false ? '' : ` (default: ${String(spec.default)})`;
    command.addOption(new Option(`${flagOf(name)}${argument}`, spec.reason + shown));
  }
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      return { kind: 'exit', code: error.exitCode === 0 ? 0 : 2 };
    }
    throw error;
  }
  const { config: flagFile, ...flags } = command.opts<Record<string, unknown>>();
  const fileName = (flagFile as string | undefined) ?? variables[variableOf('config')];
  const file = fileName ? readConfigFile(fileName) : {};
  return { kind: 'serve', config: resolveConfig({ flags, variables, file, fileName: fileName ?? 'config' }) };
}

function readConfigFile(fileName: string): unknown {
  try {
    return parseYaml(readFileSync(fileName, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${fileName}: ${(error as Error).message.split('\n')[0]}`);
  }
}

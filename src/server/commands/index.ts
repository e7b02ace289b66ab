/** `vivace <command>`: tools that work on the files of a stopped server, or send to a running one. */
import { Command, CommanderError } from 'commander';
import type { CommandWorld, ExitCode } from './command.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { inspectCommand } from './inspect.ts';
import { salvageCommand } from './salvage.ts';
import { verifyCommand } from './verify.ts';

const commands: Readonly<Record<string, (world: CommandWorld) => Command>> = {
  export: exportCommand,
  import: importCommand,
  inspect: inspectCommand,
  verify: verifyCommand,
  salvage: salvageCommand,
};

export function isCommand(name: string | undefined): name is string {
  return name !== undefined && Object.hasOwn(commands, name);
}

/** One line a command, for the server's own `--help`. */
export function commandList(): string {
  const world: CommandWorld = { variables: {}, print: () => undefined, note: () => undefined, exit: () => undefined };
  const lines = Object.entries(commands).map(([name, make]) => `  ${name.padEnd(10)}${make(world).summary()}`);
  return `Commands (vivace <command> --help):\n${lines.join('\n')}`;
}

/** `args[0]` is a command's name. Answers the exit code; prints help and errors itself. */
export async function runCommand(
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>
): Promise<ExitCode> {
  let code: ExitCode = 0;
  const world: CommandWorld = {
    variables,
    print: (line) => process.stdout.write(`${line}\n`),
    note: (line) => process.stderr.write(`${line}\n`),
    exit: (answer) => {
      code = answer;
    },
  };
  const [name, ...rest] = args;
  const command = commands[name](world).name(`vivace ${name}`).exitOverride();
  try {
    await command.parseAsync(rest, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : 2;
    }
    throw error;
  }
  return code;
}

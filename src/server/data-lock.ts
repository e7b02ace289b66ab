import { constants } from 'node:fs';
import { mkdir, open, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { CodedError } from '../base/coded-error.ts';
import { osErrorCode } from '../engine/os-error.ts';

const lockName = 'lock.sock';
const holderName = 'lock.json';
/** `sun_path` holds 108 bytes on Linux, 104 on macOS. */
const socketPathBytesMax = 100;

/**
 * Makes this process the only one on a data folder: a Unix socket inside it, which lives exactly as long as its process (a dead one's
 * refuses connections), also across containers that share the folder. Answers how to let go.
 *
 * Errors: `unavailable`, naming the holder.
 */
export async function lockDataFolder(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const socketPath = socketPathOf(dataDir);
  const server = await listenOrTakeOver(socketPath, dataDir);
  const holder = await open(
    join(dataDir, holderName),
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
    0o600
  );
  await holder.writeFile(`${JSON.stringify({ pid: process.pid, host: hostname() })}\n`);
  await holder.close();
  server.unref();
  return () => new Promise((done) => server.close(() => done()));
}

async function listenOrTakeOver(socketPath: string, dataDir: string): Promise<Server> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      return await listen(socketPath);
    } catch (error) {
      if (osErrorCode(error) !== 'EADDRINUSE') {
        throw error;
      }
    }
    if (await answers(socketPath)) {
      throw new CodedError('unavailable', `${dataDir} is in use by another vivace process${await holderOf(dataDir)}`);
    }
    // Its process is gone. Should two take over at once, the second listen fails and asks again.
    await unlink(socketPath).catch(() => undefined);
  }
  throw new CodedError('unavailable', `${dataDir} cannot be locked: ${socketPath} changes hands`);
}

function listen(socketPath: string): Promise<Server> {
  return new Promise((done, failed) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', failed);
    server.listen(socketPath, () => done(server));
  });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

async function holderOf(dataDir: string): Promise<string> {
  try {
    const file = await open(join(dataDir, holderName), constants.O_RDONLY | constants.O_NOFOLLOW);
    const text = await file.readFile('utf8');
    await file.close();
    const { pid, host } = JSON.parse(text) as { pid?: unknown; host?: unknown };
    return ` (pid ${String(pid)} on ${String(host)})`;
  } catch {
    return '';
  }
}

/** Inside the folder; for a path too long for a socket, in the temporary folder under a name made from it. */
function socketPathOf(dataDir: string): string {
  const inside = join(resolve(dataDir), lockName);
  if (Buffer.byteLength(inside) <= socketPathBytesMax) {
    return inside;
  }
  const name = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 24);
  return join(tmpdir(), `vivace-${name}.sock`);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { SimDisk, type DiskFault, type DiskImage, type DiskOp } from '../sim-disk.ts';
import type { WalEntry } from './record.ts';
import { readRecord, recoverWal, type WalRecovery } from './recover.ts';
import { SlotPool } from './slots.ts';
import { Wal } from './wal.ts';

const storeId = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const segmentBytes = 4096;

function entryOf(number: number, sizeBytes = 40, tenant = 'single-tenant'): WalEntry {
  const body = seededRandom(number).fill(new Uint8Array(sizeBytes));
  const notes = { acceptedSpans: 1, rejectedSpans: 0, walkerVersion: 1, head: 1, limits: {} };
  return { tenant, encoding: 'otlp-protobuf', compression: 'gzip', receivedUnixNanos: BigInt(number), body, notes };
}

async function openWal(disk: SimDisk, coveredFloor = 0): Promise<{ wal: Wal; recovery: WalRecovery }> {
  const recovery = await recoverWal({
    disk,
    storeId,
    coveredFloor,
    isCovered: (_, sequence) => sequence <= coveredFloor,
  });
  const slots = new SlotPool(disk, { free: recovery.freeSlots, nextNumber: recovery.nextSlotNumber, freeSlotsMax: 2 });
  const { segments, sequence, segmentSequence } = recovery;
  const wal = new Wal({
    disk,
    storeId,
    segmentBytes,
    batchBytesMax: 1 << 20,
    segments,
    slots,
    durableSequence: sequence,
    segmentSequence,
  });
  return { wal, recovery };
}

function append(wal: Wal, entry: WalEntry): Promise<number> {
  return new Promise((resolve, reject) => wal.append(entry, { durable: resolve, failed: reject }));
}

async function bodiesOf(disk: SimDisk, recovery: WalRecovery): Promise<number[]> {
  const numbers: number[] = [];
  for (const address of recovery.addresses) {
    const record = await readRecord(disk, address, storeId);
    assert.ok(record);
    assert.deepEqual(record.body, entryOf(Number(record.receivedUnixNanos), record.body.length).body);
    numbers.push(Number(record.receivedUnixNanos));
  }
  return numbers;
}

const failingAt =
  (kind: DiskOp['kind'], count: number, fault: DiskFault, times = 1) =>
  (state = { seen: 0 }) =>
  (op: DiskOp): DiskFault | undefined =>
    op.kind === kind && ++state.seen >= count && state.seen < count + times ? fault : undefined;

test('what was appended is replayed in order, over several segments', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  const sequences = await Promise.all(Array.from({ length: 100 }, (_, i) => append(wal, entryOf(i, 200))));
  assert.deepEqual(
    sequences,
    Array.from({ length: 100 }, (_, i) => i + 1)
  );
  const { recovery } = await openWal(new SimDisk({}, disk.crash(seededRandom(1), 'none')));
  assert.deepEqual(
    await bodiesOf(disk, recovery),
    Array.from({ length: 100 }, (_, i) => i)
  );
  assert.deepEqual(recovery.problems, []);
  assert.ok(recovery.segments.length > 5);
});

test('while one sync runs the next batch collects', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  await Promise.all(Array.from({ length: 15 }, (_, i) => append(wal, entryOf(i))));
  assert.equal(disk.log.filter(({ kind }) => kind === 'datasync').length, 1);
});

test('a record larger than a segment gets a segment of its own', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  await Promise.all([append(wal, entryOf(1)), append(wal, entryOf(2, 20_000)), append(wal, entryOf(3))]);
  const { recovery } = await openWal(new SimDisk({}, disk.killImage()));
  assert.deepEqual(await bodiesOf(disk, recovery), [1, 2, 3]);
});

test('freed segments are used again and their old records never come back', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  for (let i = 1; i <= 200; i++) {
    await append(wal, entryOf(i, 300));
    if (i % 20 === 0) {
      await wal.free((_, sequence) => sequence <= i - 5);
    }
  }
  const files = (await disk.list('wal')).length;
  assert.ok(files <= 6, `${files} files`);
  // Records up to 195 are free to go, those above must be there; nothing older than the oldest kept segment may come back.
  const { recovery } = await openWal(new SimDisk({}, disk.killImage()), 190);
  const numbers = await bodiesOf(disk, recovery);
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => 201 - numbers.length + i)
  );
  assert.ok(numbers.length >= 5 && numbers.length <= 10, numbers.join());
});

test('a failed sync seals the segment; the batch is acknowledged from a new one', async () => {
  const disk = new SimDisk({ fault: failingAt('datasync', 3, 'EIO')() });
  const { wal } = await openWal(disk);
  for (let i = 1; i <= 5; i++) {
    assert.equal(await append(wal, entryOf(i)), i);
  }
  const { recovery } = await openWal(new SimDisk({}, disk.crash(seededRandom(2), 'none')));
  assert.deepEqual(await bodiesOf(disk, recovery), [1, 2, 3, 4, 5]);
  assert.equal(recovery.segments.length, 2);
});

test('two failures in a row make the log read-only, and say so', async () => {
  const disk = new SimDisk({ fault: failingAt('datasync', 2, 'EIO', 2)() });
  const { wal } = await openWal(disk);
  await append(wal, entryOf(1));
  await assert.rejects(append(wal, entryOf(2)), { code: 'unavailable' });
  assert.match(wal.readOnlyReason ?? '', /read-only after two failures/);
  await assert.rejects(append(wal, entryOf(3)), { code: 'unavailable' });
});

for (const fault of ['ENOSPC', 'short'] as const) {
  test(`${fault}: everything waiting is refused, nothing half, and it resumes by itself`, async () => {
    const disk = new SimDisk({ fault: failingAt('write', 2, fault)() });
    const { wal } = await openWal(disk);
    await append(wal, entryOf(1));
    const refused = await Promise.allSettled([append(wal, entryOf(2)), append(wal, entryOf(3))]);
    assert.deepEqual(
      refused.map(({ status }) => status),
      ['rejected', 'rejected']
    );
    assert.equal(await append(wal, entryOf(4)), 2);
    const { recovery } = await openWal(new SimDisk({}, disk.crash(seededRandom(3), 'none')));
    assert.deepEqual(await bodiesOf(disk, recovery), [1, 4]);
    // Even when the refused bytes reached the disk, the sequence belongs to the request that was acknowledged with it.
    const kept = new SimDisk({}, disk.crash(seededRandom(3), 'all'));
    assert.deepEqual(await bodiesOf(kept, (await openWal(kept)).recovery), [1, 4]);
  });
}

test('a damaged middle is skipped, kept in quarantine and reported as lost; the rest is replayed', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  for (let i = 1; i <= 5; i++) {
    await append(wal, entryOf(i, 50));
  }
  const image = new Map(disk.killImage());
  const bytes = image.get('wal/00000000.wal') ?? new Uint8Array();
  const { recovery: intact } = await openWal(new SimDisk({}, image));
  bytes[intact.addresses[2].offset + 100] ^= 1;
  const damaged = new SimDisk({}, image);
  const { recovery } = await openWal(damaged);
  assert.deepEqual(await bodiesOf(damaged, recovery), [1, 2, 4, 5]);
  assert.match(recovery.problems.join('\n'), /acknowledged requests 3 to 3 are damaged/);
  assert.match(recovery.problems.join('\n'), /kept as quarantine\/wal-1-/);
  assert.deepEqual(
    (await damaged.list('quarantine')).map((name) => name.split('.').slice(1).join('.')),
    ['bin', 'bin.why']
  );
});

test('every flipped bit of a small log is either harmless or costs one record and is reported', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  for (let i = 1; i <= 4; i++) {
    await append(wal, entryOf(i, 30));
  }
  const image: DiskImage = disk.killImage();
  const bytes = image.get('wal/00000000.wal') ?? new Uint8Array();
  let written = bytes.length;
  while (bytes[written - 1] === 0) {
    written--;
  }
  for (let bit = 0; bit < written * 8; bit++) {
    bytes[bit >> 3] ^= 1 << (bit & 7);
    const damaged = new SimDisk({}, image);
    const { recovery } = await openWal(damaged);
    const numbers = await bodiesOf(damaged, recovery);
    assert.ok(numbers.length >= 3, `bit ${bit}: only ${numbers.join()} came back`);
    assert.ok(numbers.length === 4 || recovery.problems.length > 0, `bit ${bit}: ${numbers.join()} without a problem`);
    bytes[bit >> 3] ^= 1 << (bit & 7);
  }
});

test('flipped bits of a segment that is used again bring no old record back and lose at most one new one, reported', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  let last = 0;
  // Until a file that has been full before has three new records in front of its old ones.
  for (let inFile = 0; inFile < 3;) {
    const before = disk.killImage().get('wal/00000000.wal')?.slice() ?? new Uint8Array();
    await append(wal, entryOf(++last, 100));
    await wal.free((_, sequence) => sequence <= last - 4);
    const after = disk.killImage().get('wal/00000000.wal') ?? new Uint8Array();
    inFile += last > 40 && before.some((byte, i) => byte !== after[i]) ? 1 : 0;
  }
  const floor = last - 3;
  const image: DiskImage = disk.killImage();
  const bytes = image.get('wal/00000000.wal') ?? new Uint8Array();
  const expected = [last - 2, last - 1, last];
  const random = seededRandom(4);
  let lost = 0;
  for (let at = 0; at < bytes.length; at++) {
    const bit = 1 << random.below(8);
    bytes[at] ^= bit;
    const damaged = new SimDisk({}, image);
    const { recovery } = await openWal(damaged, floor);
    const numbers = await bodiesOf(damaged, recovery);
    const missing = expected.filter((number) => !numbers.includes(number));
    const where = `byte ${at}, bit ${bit}: ${numbers.join()} of ${expected.join()}`;
    assert.ok(missing.length <= 1 && numbers.length === expected.length - missing.length, where);
    assert.ok(missing.length === 0 || recovery.problems.length > 0, `${where}, without a problem`);
    lost += missing.length;
    bytes[at] ^= bit;
  }
  assert.ok(lost > 300, `only ${lost} flips cost a record: nothing was tested`);
});

test('a segment of another store is left alone and named', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  await append(wal, entryOf(1));
  const recovery = await recoverWal({
    disk,
    storeId: new Uint8Array(16).fill(9),
    coveredFloor: 0,
    isCovered: () => false,
  });
  assert.deepEqual(recovery.addresses, []);
  assert.match(recovery.problems.join(), /belongs to another store; left alone/);
});

test('an append in any turn after the last batch is answered', async () => {
  const disk = new SimDisk();
  const { wal } = await openWal(disk);
  for (let turns = 0; turns < 12; turns++) {
    await append(wal, entryOf(turns));
    for (let turn = 0; turn < turns; turn++) {
      await undefined;
    }
    const answered = append(wal, entryOf(100 + turns)).then(() => true);
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500).unref());
    assert.ok(await Promise.race([answered, late]), `${turns} turns later`);
  }
});

/** The other thread of the snapshot test: opens what it was given and answers its contents. */
import { parentPort, workerData } from 'node:worker_threads';
import { canonicalSpan } from '../../trace/canonical.ts';
import { spansOfRows } from '../rows-to-spans.ts';
import { openSnapshot, type HeadSnapshot } from './snapshot.ts';

const rowSet = openSnapshot(workerData as HeadSnapshot);
const rows = Uint32Array.from({ length: rowSet.rowCount }, (_, row) => row);
parentPort?.postMessage(spansOfRows(rowSet, rows).map(canonicalSpan).sort());

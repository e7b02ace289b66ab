import { type PlainOptions, PlainWriter } from '../parquet/plain.ts';
import type { ChunkValues, ListCut } from '../parquet/write.ts';
import { ByteDictionary } from './byte-dictionary.ts';
import { type ListField, type ListName, listSchemas } from './list-schema.ts';

/** Rows of a list's page are a multiple of this. */
const pageRowsStep = 1024;
/** The page of a list's largest field is about so large before compression: stack traces compress against each other. */
const pageBytesWanted = 256 * 1024;
/** A dictionary that holds more than this share of all bytes saves less than it costs the reader of a few rows. */
const dictionaryShareMax = 0.5;

/** Codes of bools: they have no dictionary. */
export const falseCode = 1;
export const trueCode = 2;

/** One list column of one row group, element by element, row by row; used again for the next row group. */
export class ListBuilder {
  readonly name: ListName;
  /** Parallel to the schema's fields; `undefined` for bools. */
  readonly dictionaries: readonly (ByteDictionary | undefined)[];
  /** Whether all values of a field, in all row groups, are UTF-8. */
  readonly isText: boolean[];
  elementCount = 0;
  private readonly fields: readonly ListField[];
  private codes: Uint32Array[];
  private starts = new Uint32Array(1024);
  private rowCount = 0;
  private readonly writer = new PlainWriter();

  constructor(name: ListName) {
    this.name = name;
    this.fields = listSchemas[name];
    this.dictionaries = this.fields.map(({ type }) => (type === 'bool' ? undefined : new ByteDictionary(type)));
    this.isText = this.fields.map(({ type }) => type === 'string');
    this.codes = this.fields.map(() => new Uint32Array(1024));
  }

  clear(): void {
    this.elementCount = 0;
    this.rowCount = 0;
    this.dictionaries.forEach((dictionary) => dictionary?.clear());
  }

  /** A new element of the current row, without values. */
  add(): void {
    const element = this.elementCount++;
    if (element === this.codes[0].length) {
      this.codes = this.codes.map((codes) => grown(codes));
    }
    for (const codes of this.codes) {
      codes[element] = 0;
    }
  }

  /** The value of the latest element; the latest one counts. */
  set(field: number, code: number): void {
    this.codes[field][this.elementCount - 1] = code;
  }

  setBytes(field: number, bytes: Uint8Array, from: number, to: number): void {
    this.set(field, this.dictionaryOf(field).codeOf(bytes, from, to));
  }

  /** Eight bytes: an int, or the bits of a double. */
  setWords(field: number, low: number, high: number): void {
    this.set(field, this.dictionaryOf(field).codeOfWords(low, high));
  }

  /** Nothing, or zero, where the latest element has no value. */
  setDefault(field: number): void {
    const { codes, elementCount, fields } = this;
    if (codes[field][elementCount - 1] === 0) {
      if (fields[field].type === 'int') {
        this.setWords(field, 0, 0);
      } else {
        this.setBytes(field, nothing, 0, 0);
      }
    }
  }

  endRow(): void {
    this.rowCount++;
    if (this.rowCount === this.starts.length) {
      this.starts = grown(this.starts);
    }
    this.starts[this.rowCount] = this.elementCount;
  }

  codeOf(field: number, element: number): number {
    return this.codes[field][element];
  }

  /** The chunk of one field; what is answered holds until {@link clear}. */
  chunk(field: number): ChunkValues {
    const { elementCount } = this;
    const { optional } = this.fields[field];
    const codes = this.codes[field];
    const list: ListCut = { starts: this.starts.subarray(0, this.rowCount + 1), pageRows: this.pageRows() };
    const dense = new Uint32Array(elementCount);
    const present = optional ? new Uint8Array(Math.ceil(elementCount / 8)) : undefined;
    let presentCount = 0;
    for (let element = 0; element < elementCount; element++) {
      if (codes[element] !== 0) {
        dense[presentCount++] = codes[element] - 1;
        if (present !== undefined) {
          present[element >>> 3] |= 1 << (element & 7);
        }
      }
    }
    const rest = { present, presentCount, list, zstdLevelMin: longTextLevel };
    const dictionary = this.dictionaries[field];
    if (dictionary === undefined) {
      return { ...rest, content: { kind: 'plain', values: bools(dense, presentCount), compress: true } };
    }
    // Values of the whole row group are in the dictionary, each of them used.
    if (presentCount > 0 && dictionary.byteLength <= dictionaryShareMax * valueBytes(dictionary, dense, presentCount)) {
      return { ...rest, content: { kind: 'dictionary', entries: this.values(field, dictionary), codes: dense } };
    }
    const values = this.values(field, dictionary, dense.subarray(0, presentCount));
    return { ...rest, content: { kind: 'plain', values, compress: true } };
  }

  /** Entries of the dictionary, or one value for each of `entries`. */
  private values(field: number, dictionary: ByteDictionary, entries?: Uint32Array): ReturnType<PlainWriter['finish']> {
    const { writer } = this;
    const count = entries?.length ?? dictionary.size;
    writer.start(optionsOf(this.fields[field], this.isText[field]));
    for (let i = 0; i < count; i++) {
      const entry = entries === undefined ? i : entries[i];
      if (dictionary.isNumeric) {
        dictionary.copyWords(entry, writer);
      } else {
        writer.byteArray(dictionary.bytesAt(entry));
      }
    }
    if (!writer.isUtf8) {
      this.isText[field] = false;
    }
    const values = writer.finish();
    // The writer's order is that of signed numbers.
    return this.fields[field].isUnsigned === true ? { ...values, min: undefined, max: undefined } : values;
  }

  /** Of all fields, so that they are cut alike: as many steps as keep the largest field's pages small. */
  private pageRows(): number {
    const largest = Math.max(
      ...this.dictionaries.map((dictionary) => dictionary?.byteLength ?? 0),
      4 * this.elementCount
    );
    const bytesOfStep = (largest * pageRowsStep) / Math.max(1, this.rowCount);
    return pageRowsStep * Math.max(1, Math.floor(pageBytesWanted / Math.max(1, bytesOfStep)));
  }

  private dictionaryOf(field: number): ByteDictionary {
    return this.dictionaries[field] as ByteDictionary;
  }
}

const nothing = new Uint8Array();

/** Stack traces gain a tenth from level 3; there are few enough of them. */
const longTextLevel = 3;

function optionsOf({ type }: ListField, text: boolean): PlainOptions {
  const content = type === 'int' ? 'int64' : type === 'double' ? 'double' : 'byteArrays';
  return { content, text: type === 'string' && text, bloomValuesMin: Infinity };
}

function valueBytes(dictionary: ByteDictionary, entries: Uint32Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += dictionary.lengthAt(entries[i]);
  }
  return sum;
}

function bools(dense: Uint32Array, count: number): { bytes: Uint8Array; count: number } {
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (let i = 0; i < count; i++) {
    bytes[i >>> 3] |= (dense[i] + 1 === trueCode ? 1 : 0) << (i & 7);
  }
  return { bytes, count };
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}

/**
 * Answers of Tempo's API as its strictest client reads them: every field is known, every value in the one encoding that protobuf's JSON mapping
 * has for its type, no default written. Made from the restated definitions in `tests/fixtures/tempo-schema.ts`; none of our codecs is used.
 */
import assert from 'node:assert/strict';
import protobuf from 'protobufjs';
import { tempoSchema } from '../fixtures/tempo-schema.ts';

/** A top-level list is written also when it is empty: clients map over it. */
const listsKept: ReadonlySet<string> = new Set(['traces', 'series', 'tagNames', 'tagValues', 'scopes']);

/** Grafana's older decoders do not know these. */
const fieldsRefused: ReadonlySet<string> = new Set(['OtlpSpan.flags', 'Link.flags']);

const typeNamed = (name: string): protobuf.Type => tempoSchema.lookupType(`tempopb.${name}`);

/** Throws for what a strict decoder refuses; the message says where. */
export function checkTempoJson(typeName: string, body: unknown): void {
  checkMessage(typeNamed(typeName), body, '', true);
}

function checkMessage(type: protobuf.Type, value: unknown, path: string, isTop = false): void {
  assert.ok(isPlainObject(value), `${path || 'body'}: expected an object, found ${JSON.stringify(value)}`);
  const fields = new Map(type.fieldsArray.map((field) => [jsonName(field.name), field]));
  for (const [name, part] of Object.entries(value)) {
    const field = fields.get(name)?.resolve();
    const at = `${path}.${name}`;
    assert.ok(field && !fieldsRefused.has(`${type.name}.${name}`), `${at}: unknown field of ${type.name}`);
    checkField(field, part, at, isTop && listsKept.has(name));
  }
  for (const { oneof } of type.oneofsArray) {
    const present = oneof.filter((name) => Object.hasOwn(value, name));
    assert.ok(present.length <= 1, `${path}: more than one of ${present.join(', ')}`);
  }
}

function checkField(field: protobuf.Field, value: unknown, at: string, mayBeEmpty: boolean): void {
  if (field.map) {
    assert.ok(isPlainObject(value) && Object.keys(value).length > 0, `${at}: expected a map with entries`);
    Object.entries(value).forEach(([key, entry]) => checkValue(field, entry, `${at}.${key}`, true));
  } else if (field.repeated) {
    assert.ok(Array.isArray(value), `${at}: expected a list`);
    assert.ok(value.length > 0 || mayBeEmpty, `${at}: an empty list is left out`);
    value.forEach((element, index) => checkValue(field, element, `${at}[${index}]`, true));
  } else {
    checkValue(field, value, at, field.partOf !== null);
  }
}

/** A value that stands alone is no default: it would have been left out. */
function checkValue(field: protobuf.Field, value: unknown, at: string, mayBeDefault: boolean): void {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) {
    return checkMessage(resolvedType, value, at);
  }
  if (resolvedType instanceof protobuf.Enum) {
    assert.ok(typeof value === 'string' && Object.hasOwn(resolvedType.values, value), `${at}: no name of an enum`);
    assert.ok(mayBeDefault || resolvedType.values[value] !== 0, `${at}: a default is left out`);
    return;
  }
  const check = scalars[field.type];
  assert.ok(check, `${at}: no check for ${field.type}`);
  assert.ok(check.is(value), `${at}: not ${field.type} in JSON: ${JSON.stringify(value)}`);
  assert.ok(mayBeDefault || !check.isDefault(value), `${at}: a default is left out`);
}

interface ScalarCheck {
  is(value: unknown): boolean;
  isDefault(value: unknown): boolean;
}

const wholeText = (min: bigint, max: bigint): ScalarCheck => ({
  is: (value) =>
    typeof value === 'string' && /^(0|-?[1-9]\d*)$/.test(value) && BigInt(value) >= min && BigInt(value) <= max,
  isDefault: (value) => value === '0',
});

const uint32: ScalarCheck = {
  is: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32,
  isDefault: (value) => value === 0,
};

const scalars: Readonly<Record<string, ScalarCheck>> = {
  string: { is: (value) => typeof value === 'string' && value.isWellFormed(), isDefault: (value) => value === '' },
  bool: { is: (value) => typeof value === 'boolean', isDefault: (value) => value === false },
  double: {
    is: (value) => typeof value === 'number' || ['NaN', 'Infinity', '-Infinity'].includes(value as string),
    isDefault: (value) => Object.is(value, 0),
  },
  bytes: {
    is: (value) => typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value,
    isDefault: (value) => value === '',
  },
  uint32,
  fixed32: uint32,
  uint64: wholeText(0n, 2n ** 64n - 1n),
  fixed64: wholeText(0n, 2n ** 64n - 1n),
  int64: wholeText(-(2n ** 63n), 2n ** 63n - 1n),
};

function jsonName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws for a field that the message does not have, or has in another wire type, at any depth. */
export function checkTempoProtobuf(typeName: string, bytes: Uint8Array): void {
  checkWire(typeNamed(typeName), bytes, typeName);
}

const wireTypes: Readonly<Record<string, number>> = {
  ...protobuf.types.basic,
  string: 2,
  bytes: 2,
};

function checkWire(type: protobuf.Type, bytes: Uint8Array, path: string): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3]?.resolve();
    assert.ok(field, `${path}: unknown field number ${tag >>> 3} of ${type.name}`);
    const at = `${path}.${field.name}`;
    if (field.map) {
      const valueType = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
      checkMapEntry(reader.bytes(), valueType, field.type, at);
    } else if (field.resolvedType instanceof protobuf.Type) {
      assert.equal(tag & 7, 2, `${at}: wire type`);
      checkWire(field.resolvedType, reader.bytes(), at);
    } else {
      const expected = field.resolvedType instanceof protobuf.Enum ? 0 : wireTypes[field.type];
      assert.equal(tag & 7, expected, `${at}: wire type`);
      reader.skipType(tag & 7);
    }
  }
}

function checkMapEntry(bytes: Uint8Array, valueType: protobuf.Type | undefined, scalar: string, path: string): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((2 << 3) | 2) && valueType) {
      checkWire(valueType, reader.bytes(), path);
    } else {
      const expected = tag >>> 3 === 1 ? 2 : wireTypes[scalar];
      assert.ok(tag >>> 3 <= 2 && (tag & 7) === expected, `${path}: map entry with tag ${tag}`);
      reader.skipType(tag & 7);
    }
  }
}

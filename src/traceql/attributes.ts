/** How fields are written: attribute names with quotes, intrinsics and their aliases. */
import type { AttributeScope, Field, IntrinsicName, OwnField } from './ast.ts';
import type { StaticType } from './static.ts';

/** A character that ends an unquoted attribute name. Everything else, `+ - * / % . :` too, is part of it. */
const nameEnd = /[\s{}()=~!<>&|^,]/;
// Sticky expressions carry lastIndex; it is set before each use.
const wordBeforeScope = /[A-Za-z_][A-Za-z0-9_]{0,63}(?=[.:])/y;
const attributeScopes: readonly AttributeScope[] = ['span', 'resource', 'event', 'link', 'instrumentation'];

/** Type of each intrinsic. */
export const intrinsicTypes: Readonly<Record<IntrinsicName, StaticType>> = {
  duration: 'duration',
  name: 'string',
  status: 'status',
  statusMessage: 'string',
  kind: 'kind',
  rootName: 'string',
  rootServiceName: 'string',
  traceDuration: 'duration',
  nestedSetLeft: 'int',
  nestedSetRight: 'int',
  nestedSetParent: 'int',
  'trace:id': 'string',
  'span:id': 'string',
  'span:parentID': 'string',
  'span:childCount': 'int',
  'event:name': 'string',
  'event:timeSinceStart': 'duration',
  'link:traceID': 'string',
  'link:spanID': 'string',
  'instrumentation:name': 'string',
  'instrumentation:version': 'string',
};

/** Every spelling of an intrinsic to its canonical name. */
export const intrinsicSpellings: Readonly<Record<string, IntrinsicName>> = Object.assign(
  Object.create(null) as Record<string, IntrinsicName>,
  Object.fromEntries(Object.keys(intrinsicTypes).map((name) => [name, name])),
  {
    'trace:duration': 'traceDuration',
    'trace:rootName': 'rootName',
    'trace:rootService': 'rootServiceName',
    'span:duration': 'duration',
    'span:name': 'name',
    'span:kind': 'kind',
    'span:status': 'status',
    'span:statusMessage': 'statusMessage',
  }
);

/** What tag look-ups list under the scope `intrinsic`: the unscoped names and the scoped ones. Sorted. */
export const listedIntrinsics: readonly string[] = Object.keys(intrinsicSpellings)
  .filter((name) => !name.startsWith('nestedSet'))
  .sort();

/** What can be read of a parent by intrinsic: `parent:name` is the `span:name` of the parent. */
export const parentSpellings: readonly string[] = Object.keys(intrinsicSpellings)
  .filter((name) => name.startsWith('span:'))
  .map((name) => name.replace('span:', 'parent:'));

/** The field of the parent of a span. */
export function parentField(field: OwnField): Field {
  const { name } = field;
  return { kind: 'parent', name: field.kind === 'attribute' ? `parent.${name}` : printParentIntrinsic(name), field };
}

function printParentIntrinsic(name: string): string {
  return `parent:${name.replace(/^span:/, '')}`;
}

/** An attribute or intrinsic reference found in a text. */
export interface ReadField {
  readonly field: Field;
  readonly end: number;
}

/** Why no field could be read, with the place. */
export interface ReadFieldError {
  readonly message: string;
  readonly expected: string;
  readonly start: number;
  readonly end: number;
  /** A spelling that would work instead of `[start, end)`. */
  readonly suggestion?: string;
}

/**
 * Reads the field that starts at `start`, or `undefined` when none starts there: `.`, `scope.` or `scope:`. Bare words (`name`) are not
 * read here: whether they are intrinsics depends on where they stand.
 */
export function readField(text: string, start: number): ReadField | ReadFieldError | undefined {
  if (text[start] === '.') {
    return readName(text, start, start + 1, 'any');
  }
  wordBeforeScope.lastIndex = start;
  const head = wordBeforeScope.exec(text)?.[0];
  if (head === undefined) {
    return undefined;
  }
  const afterHead = start + head.length;
  if (text[afterHead] === ':') {
    return readScopedIntrinsic(text, start, afterHead);
  }
  const scope = attributeScopes.find((name) => name === head);
  if (scope !== undefined) {
    return readName(text, start, afterHead + 1, scope);
  }
  if (head === 'parent') {
    return readParentAttribute(text, start, afterHead + 1);
  }
  const name = readName(text, start, afterHead + 1, 'any');
  const end = 'field' in name ? name.end : afterHead + 1;
  return {
    message: `unknown scope \`${head}.\``,
    expected: 'one of span., resource., event., link., instrumentation., parent. or a leading dot',
    start,
    end,
    suggestion: `.${text.slice(start, end)}`,
  };
}

/** `parent.x` of any scope, `parent.span.x`, `parent.resource.x`, `parent.instrumentation.x`. */
function readParentAttribute(text: string, start: number, at: number): ReadField | ReadFieldError {
  wordBeforeScope.lastIndex = at;
  const head = wordBeforeScope.exec(text)?.[0];
  const scope = text[at + (head?.length ?? 0)] === '.' ? attributeScopes.find((name) => name === head) : undefined;
  if (scope === 'event' || scope === 'link') {
    return {
      message: `${scope}s of the parent cannot be read: it may have several`,
      expected: `a structural operator, such as \`{ ${scope}.… } > { }\``,
      start,
      end: at + scope.length + 1,
    };
  }
  const read = readName(text, start, scope === undefined ? at : at + scope.length + 1, scope ?? 'any');
  return 'field' in read ? { field: parentField(read.field), end: read.end } : read;
}

function readScopedIntrinsic(text: string, start: number, colon: number): ReadField | ReadFieldError {
  const word = /^[A-Za-z]*/.exec(text.slice(colon + 1, colon + 65))![0];
  const end = colon + 1 + word.length;
  const spelling = text.slice(start, end);
  if (parentSpellings.includes(spelling)) {
    const name = intrinsicSpellings[spelling.replace('parent:', 'span:')];
    return { field: parentField({ kind: 'intrinsic', name }), end };
  }
  const name = intrinsicSpellings[spelling];
  if (name !== undefined) {
    return { field: { kind: 'intrinsic', name }, end };
  }
  const scope = text.slice(start, colon + 1);
  const known = [...Object.keys(intrinsicSpellings), ...parentSpellings].filter((candidate) =>
    candidate.startsWith(scope)
  );
  return {
    message: `unknown intrinsic \`${spelling}\``,
    expected:
      known.length > 0
        ? `one of ${known.join(', ')}`
        : 'one of the scopes trace:, span:, parent:, event:, link:, instrumentation:',
    start,
    end,
  };
}

/** The name from `at`: plain characters and quoted parts, in any order. */
function readName(
  text: string,
  start: number,
  at: number,
  scope: AttributeScope
): { readonly field: OwnField; readonly end: number } | ReadFieldError {
  let name = '';
  let quoted = false;
  let i = at;
  while (i < text.length && !nameEnd.test(text[i])) {
    if (text[i] !== '"') {
      name += text[i++];
      continue;
    }
    const part = readQuotedPart(text, i);
    if (part === undefined) {
      return {
        message: 'the quoted part of the attribute name does not end',
        expected: '`"`',
        start: i,
        end: text.length,
      };
    }
    name += part.value;
    quoted = true;
    i = part.end;
  }
  if (name === '' && !quoted) {
    const prefix = text.slice(start, at);
    return {
      message: `no attribute name after \`${prefix}\``,
      expected: `an attribute after \`${prefix}\``,
      start,
      end: at,
    };
  }
  return { field: { kind: 'attribute', scope, name }, end: i };
}

/** `"…"` with the escapes `\"` and `\\` only. */
function readQuotedPart(text: string, start: number): { value: string; end: number } | undefined {
  let value = '';
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '"') {
      return { value, end: i + 1 };
    }
    if (text[i] === '\\' && (text[i + 1] === '"' || text[i + 1] === '\\')) {
      i++;
    }
    value += text[i];
  }
  return undefined;
}

/** A field as a whole text: `.service.name`, `resource.service.name`, `span:name`, `name`, quoted parts. `undefined` when it is none. */
export function parseAttribute(text: string): OwnField | undefined {
  const intrinsic = intrinsicSpellings[text];
  if (intrinsic !== undefined) {
    return { kind: 'intrinsic', name: intrinsic };
  }
  const read = readField(text, 0);
  return read !== undefined && 'field' in read && read.end === text.length && read.field.kind !== 'parent'
    ? read.field
    : undefined;
}

/** The canonical spelling: parses back to an equal field. */
export function printField(field: Field): string {
  if (field.kind === 'intrinsic') {
    return field.name;
  }
  if (field.kind === 'parent') {
    return printParentField(field.field);
  }
  const prefix = field.scope === 'any' ? '.' : `${field.scope}.`;
  return prefix + printAttributeName(field);
}

function printParentField(field: OwnField): string {
  if (field.kind === 'intrinsic') {
    return printParentIntrinsic(field.name);
  }
  // `parent.span.x` would be the attribute `x` of the span.
  const isScoped = field.scope === 'any' && attributeScopes.some((scope) => field.name.startsWith(`${scope}.`));
  const name = isScoped ? `"${field.name.replace(/["\\]/g, '\\$&')}"` : printAttributeName(field);
  return field.scope === 'any' ? `parent.${name}` : `parent.${field.scope}.${name}`;
}

function printAttributeName({ scope, name }: { scope: AttributeScope; name: string }): string {
  // `.5` would be a number.
  const plain = name !== '' && !nameEnd.test(name) && !name.includes('"') && !(scope === 'any' && /^[0-9]/.test(name));
  return plain ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
}

export function sameField(a: Field, b: Field): boolean {
  if (a.kind === 'parent' || b.kind === 'parent') {
    return a.kind === 'parent' && b.kind === 'parent' && sameField(a.field, b.field);
  }
  return (
    a.name === b.name && (a.kind === 'attribute' ? b.kind === 'attribute' && a.scope === b.scope : a.kind === b.kind)
  );
}

export { fieldValues } from './fields.ts';

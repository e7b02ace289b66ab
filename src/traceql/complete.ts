/** Completion: what could stand at the cursor. Portable; the editor brings the tags and values it knows. */
import type { AttributeScope, OwnField } from './ast.ts';
import { intrinsicSpellings, intrinsicTypes, parentField, parentSpellings, printField } from './attributes.ts';
import type { Token } from './lexer.ts';
import { lexAll } from './lexer.ts';
import { printStatic } from './literals.ts';
import type { Static } from './static.ts';
import type { Word } from './vocabulary.ts';
import {
  comparisonWords,
  intrinsicDocumentation,
  logicalWords,
  metricsTailWords,
  scopeWords,
  spansetWords,
  stageWords,
} from './vocabulary.ts';

export interface KnownAttributes {
  /** Attribute names by scope, as tag look-ups answer. */
  readonly names: ReadonlyMap<Exclude<AttributeScope, 'any'>, readonly string[]>;
  /** Values of a field, as far as they are known now; `undefined` while they are not. */
  valuesOf(field: OwnField): readonly Static[] | undefined;
}

export interface Candidate {
  readonly label: string;
  /** Replaces `[from, to)`; the cursor goes to `cursorOffset` within it. */
  readonly insert: string;
  readonly cursorOffset: number;
  readonly kind: 'attribute' | 'intrinsic' | 'scope' | 'value' | 'operator' | 'function' | 'spanset';
  readonly documentation: string;
}

export interface Completion {
  /** What a candidate replaces: the word at the cursor. */
  readonly from: number;
  readonly to: number;
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** The field whose values belong here: what an editor has to fetch. */
  readonly valuesOf: OwnField | undefined;
}

/** Candidates at `cursor` (0 … text.length), filtered by what has been typed of the word there. */
export function complete(text: string, cursor: number, known: KnownAttributes): Completion {
  const tokens = lexAll(text.slice(0, cursor)).filter((token) => token.kind !== 'end');
  const last = tokens.at(-1);
  if (last?.kind === 'comment' && last.end >= cursor) {
    return { from: cursor, to: cursor, candidates: [], valuesOf: undefined };
  }
  const isTyping = last !== undefined && last.end === cursor && (last.kind !== 'symbol' || /^[.]/.test(last.text));
  const typed = isTyping ? text.slice(last.start, cursor) : '';
  const before = (isTyping ? tokens.slice(0, -1) : tokens).filter((token) => token.kind !== 'comment');
  const place = placeAfter(before);
  const valuesOf = place.kind === 'value' ? place.field : undefined;
  const from = cursor - typed.length;
  const candidates = candidatesFor(place, known).filter((candidate) => fits(candidate, typed));
  return { from, to: endOfWord(text, cursor, typed), candidates: rank(candidates, typed), valuesOf };
}

/** The word goes on behind the cursor: all of `na|me` is replaced, and all of `"na|me"`. */
function endOfWord(text: string, cursor: number, typed: string): number {
  const rest = typed.startsWith('"') ? /^[^"\n}]*"|/ : /^[A-Za-z0-9_.:]*/;
  return typed === '' ? cursor : cursor + rest.exec(text.slice(cursor))![0].length;
}

type Place =
  | {
      readonly kind:
        'spanset' | 'after-spanset' | 'stage' | 'after-metrics' | 'field' | 'after-field' | 'after-value' | 'nothing';
    }
  | { readonly kind: 'value'; readonly field: OwnField };

const comparisons = ['=', '==', '!=', '=~', '!~', '<', '<=', '>', '>='];

function placeAfter(tokens: readonly Token[]): Place {
  const last = tokens.at(-1);
  const { inBraces, call } = enclosing(tokens);
  if (inBraces) {
    return placeInBraces(tokens);
  }
  if (last === undefined) {
    return { kind: 'spanset' };
  }
  if (call !== undefined) {
    return { kind: isText(last, '(', ',') ? 'field' : 'nothing' };
  }
  if (isText(last, '|')) {
    return { kind: 'stage' };
  }
  if (isText(last, ')')) {
    return {
      kind: tokens.some((token) => token.kind === 'word' && /^rate$|_over_time$/.test(token.text))
        ? 'after-metrics'
        : 'after-spanset',
    };
  }
  return {
    kind: isText(last, '}')
      ? 'after-spanset'
      : last.kind === 'symbol' && !comparisons.includes(last.text)
        ? 'spanset'
        : 'nothing',
  };
}

function placeInBraces(tokens: readonly Token[]): Place {
  const last = tokens[tokens.length - 1];
  if (last.kind === 'symbol' && comparisons.includes(last.text)) {
    const field = fieldOf(tokens.at(-2));
    return field === undefined ? { kind: 'field' } : { kind: 'value', field };
  }
  if (fieldOf(last) !== undefined) {
    return { kind: 'after-field' };
  }
  return { kind: last.kind === 'symbol' && last.text !== ')' ? 'field' : 'after-value' };
}

/** Whether the innermost open bracket is a brace, or the word in front of it when it is a parenthesis. */
function enclosing(tokens: readonly Token[]): { inBraces: boolean; call: string | undefined } {
  const open: { brace: boolean; call: string | undefined }[] = [];
  tokens.forEach((token, index) => {
    const previous = tokens[index - 1];
    if (isText(token, '{', '(')) {
      const call = previous?.kind === 'word' ? previous.text : undefined;
      open.push({
        brace: isText(token, '{') || (open.at(-1)?.brace ?? false),
        call: isText(token, '(') ? call : undefined,
      });
    } else if (isText(token, '}', ')')) {
      open.pop();
    }
  });
  return { inBraces: open.at(-1)?.brace ?? false, call: open.at(-1)?.call };
}

/** Of a field of the parent the field: its values are the same. */
function fieldOf(token: Token | undefined): OwnField | undefined {
  if (token?.kind === 'field') {
    return token.field.kind === 'parent' ? token.field.field : token.field;
  }
  const name = token?.kind === 'word' ? intrinsicSpellings[token.text] : undefined;
  return name === undefined ? undefined : { kind: 'intrinsic', name };
}

function isText(token: Token, ...texts: readonly string[]): boolean {
  return token.kind === 'symbol' && texts.includes(token.text);
}

function candidatesFor(place: Place, known: KnownAttributes): readonly Candidate[] {
  switch (place.kind) {
    case 'spanset':
      return [candidate({ label: '{ }', documentation: 'spans that satisfy a condition' }, 'spanset', '{ ^ }')];
    case 'after-spanset':
      return [
        candidate({ label: '|', documentation: 'a stage over the spansets so far' }, 'operator', '| '),
        ...words(spansetWords, 'operator'),
      ];
    case 'stage':
      return stageWords.map((word) => candidate(word, 'function', word.insert));
    case 'after-metrics':
      return metricsTailWords.map((word) => candidate(word, 'function', word.insert));
    case 'field':
      return fieldCandidates(known);
    case 'after-field':
      return words(comparisonWords, 'operator');
    case 'after-value':
      return words(logicalWords, 'operator');
    case 'value':
      return valueCandidates(place.field, known);
    case 'nothing':
      return [];
  }
}

function words(list: readonly Word[], kind: Candidate['kind']): readonly Candidate[] {
  return list.map((word) => candidate(word, kind, `${word.label} `));
}

function candidate({ label, documentation }: Word, kind: Candidate['kind'], template: string): Candidate {
  const mark = template.indexOf('^');
  const insert = mark === -1 ? template : template.slice(0, mark) + template.slice(mark + 1);
  return { label, insert, cursorOffset: mark === -1 ? insert.length : mark, kind, documentation };
}

function fieldCandidates({ names }: KnownAttributes): readonly Candidate[] {
  const attributes = [...names].flatMap(([scope, list]) =>
    list.flatMap((name) => {
      const field: OwnField = { kind: 'attribute', scope, name };
      const label = printField(field);
      const own = candidate({ label, documentation: `attribute, ${scope}` }, 'attribute', label);
      if (scope === 'event' || scope === 'link') {
        return [own];
      }
      const ofParent = printField(parentField(field));
      return [
        own,
        candidate({ label: ofParent, documentation: `attribute, ${scope}, of the parent` }, 'attribute', ofParent),
      ];
    })
  );
  const intrinsics = Object.entries(intrinsicSpellings).map(([label, name]) =>
    candidate({ label, documentation: intrinsicDocumentation[name] }, 'intrinsic', label)
  );
  const parents = parentSpellings.map((label) => {
    const name = intrinsicSpellings[label.replace('parent:', 'span:')];
    return candidate({ label, documentation: `of the parent: ${intrinsicDocumentation[name]}` }, 'intrinsic', label);
  });
  const scopes = scopeWords.map((word) => candidate(word, 'scope', word.label));
  return [...intrinsics, ...attributes, ...scopes, ...parents];
}

const fixedValues: Readonly<Partial<Record<string, readonly string[]>>> = {
  status: ['error', 'ok', 'unset'],
  kind: ['server', 'client', 'producer', 'consumer', 'internal', 'unspecified'],
  duration: ['10ms', '100ms', '1s', '10s'],
  bool: ['true', 'false'],
};

function valueCandidates(field: OwnField, known: KnownAttributes): readonly Candidate[] {
  const fixed = field.kind === 'intrinsic' ? fixedValues[intrinsicTypes[field.name]] : undefined;
  const labels = fixed ?? (known.valuesOf(field) ?? []).map(printStatic);
  return labels.map((label) => candidate({ label, documentation: `value of ${printField(field)}` }, 'value', label));
}

/**
 * Typed letters occur in the label: at its start, at the start of a part, or anywhere. Quotes do not count. What is of the parent comes
 * when it is asked for: it would double every list.
 */
function fits({ label }: Candidate, typed: string): boolean {
  const isOfParent = /^parent[.:]./.test(label);
  return plain(label).includes(plain(typed)) && (!isOfParent || plain(typed).startsWith('par'));
}

function plain(text: string): string {
  return text.replaceAll('"', '').toLowerCase();
}

function rank(candidates: readonly Candidate[], typed: string): readonly Candidate[] {
  const word = plain(typed);
  const place = ({ label }: Candidate): number => {
    const at = plain(label).indexOf(word);
    return at <= 0 ? at : /[.:_-]/.test(plain(label)[at - 1]) ? 1 : 2;
  };
  return word === '' ? candidates : [...candidates].sort((a, b) => place(a) - place(b));
}

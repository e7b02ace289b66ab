/**
 * Regular expressions of `=~` and `!~`: RE2 syntax in linear time, anchored at both ends, dot matches newline. What comes down to
 * comparing text (literals, prefixes, suffixes, alternations of literals) is compared as text.
 */
import { RE2JS } from 're2js';

export type TextPredicate = (text: string) => boolean;

/** Compiles a pattern. Errors: throws when the pattern is no RE2 syntax; `message` says why. */
export function compileRegex(pattern: string): TextPredicate {
  return compilePlain(pattern) ?? compileRe2(pattern);
}

/** The general way, also for patterns that have a fast path. */
export function compileRe2(pattern: string): TextPredicate {
  // A group, so that an alternation is anchored as a whole.
  const compiled = RE2JS.compile(`^(?s:${checkedAlone(pattern)})$`);
  return (text) => compiled.matches(text);
}

/** `a)(b` is no pattern, though it would be one inside the group. */
function checkedAlone(pattern: string): string {
  RE2JS.compile(pattern);
  return pattern;
}

/** No character of these means itself; without them a pattern is the text it matches. */
const special = /[\\^$.|?*+()[\]{}]/;

function compilePlain(pattern: string): TextPredicate | undefined {
  const alternatives = pattern.split('|');
  if (alternatives.every((alternative) => !special.test(alternative))) {
    const set = new Set(alternatives);
    return alternatives.length === 1 ? (text) => text === pattern : (text) => set.has(text);
  }
  const [, left, middle, right] = /^(\.[*+])?(.*?)(\.[*+])?$/s.exec(pattern)!;
  if (special.test(middle) || pattern === '') {
    return undefined;
  }
  // `.+` wants at least one character more on its side.
  const more = (left === '.+' ? 1 : 0) + (right === '.+' ? 1 : 0);
  if (middle === '') {
    return (text) => text.length >= more;
  }
  if (left === undefined) {
    return (text) => text.startsWith(middle) && text.length >= middle.length + more;
  }
  if (right === undefined) {
    return (text) => text.endsWith(middle) && text.length >= middle.length + more;
  }
  return (text) => {
    const at = text.indexOf(middle, left === '.+' ? 1 : 0);
    return at !== -1 && (right === '.*' || at + middle.length < text.length);
  };
}

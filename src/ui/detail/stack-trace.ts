/** Stack traces for reading: frames of libraries and runtimes fold, what stays is the own code and every cause. */

export interface StackPart {
  /** `library` parts fold; `own` holds messages, causes and frames of the application. */
  readonly kind: 'own' | 'library';
  readonly lines: readonly string[];
}

/** A line that is a frame, in the traces of JVM, JavaScript, Python, .NET, Go, Ruby, PHP and Rust. */
const frame = /^\s*(at\s|File "|from\s.+:\d+|#\d+\s|\d+:\s)|^\s+\S+:\d+|^\S+\(.*\)$|^\t/;

/** Frames that nobody of the application wrote. */
const library =
  /node_modules|node:internal|\(node:|<anonymous>|site-packages|dist-packages|\/lib\/python|\/usr\/(local\/)?lib\/|\bjava\.|\bjavax\.|\bjdk\.|\bsun\.|\borg\.(springframework|apache|eclipse|hibernate|jboss)\.|\bio\.(netty|grpc|opentelemetry|undertow|vertx|micrometer)\.|\breactor\.|\bkotlin(x)?\.|\bscala\.|\bSystem\.|\bMicrosoft\.|\/usr\/local\/go\/|\bruntime\.|\bnet\/http\.|\/go\/pkg\/mod\/|\/gems\/|\/vendor\/|core::|std::|tokio::|\/rustc\//;

/** Fewer in a row are not worth a fold. */
const foldLinesMin = 2;

/** The trace in parts, in order; all lines of it, none changed. */
export function stackParts(stackTrace: string): readonly StackPart[] {
  const parts: { kind: 'own' | 'library'; lines: string[] }[] = [];
  let previous: 'own' | 'library' = 'own';
  for (const line of stackTrace.trimEnd().split('\n')) {
    // The source line under a frame (Python, Go) goes with the frame.
    const isSource: boolean = previous === 'library' && /^\s{4,}\S/.test(line) && !frame.test(line);
    const kind: 'own' | 'library' = isSource || (frame.test(line) && library.test(line)) ? 'library' : 'own';
    const last: (typeof parts)[number] | undefined = parts.at(-1);
    if (last?.kind === kind) {
      last.lines.push(line);
    } else {
      parts.push({ kind, lines: [line] });
    }
    previous = kind;
  }
  return joined(
    parts.map((part) => (part.kind === 'library' && part.lines.length < foldLinesMin ? { ...part, kind: 'own' } : part))
  );
}

function joined(parts: readonly { readonly kind: 'own' | 'library'; readonly lines: string[] }[]): StackPart[] {
  const all: { kind: 'own' | 'library'; lines: string[] }[] = [];
  for (const { kind, lines } of parts) {
    const last = all.at(-1);
    if (last?.kind === kind) {
      last.lines.push(...lines);
    } else {
      all.push({ kind, lines: [...lines] });
    }
  }
  return all;
}

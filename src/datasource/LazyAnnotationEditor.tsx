import { lazy, Suspense, type ComponentProps } from 'react';
import type { AnnotationEditor } from './AnnotationEditor.tsx';

/** It brings the TraceQL field with its checks, which a dashboard that only shows annotations does not need. */
const Editor = lazy(async () => ({ default: (await import('./AnnotationEditor.tsx')).AnnotationEditor }));

export function LazyAnnotationEditor(props: ComponentProps<typeof AnnotationEditor>) {
  return (
    <Suspense fallback={<p>Loading…</p>}>
      <Editor {...props} />
    </Suspense>
  );
}

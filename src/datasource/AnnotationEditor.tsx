import type { AnnotationQuery, QueryEditorProps } from '@grafana/data';
import { InlineField, Input, RadioButtonGroup } from '@grafana/ui';
import { defaultSlowerThan, type VivaceAnnotationQuery } from './annotations.ts';
import type { VivaceQuery } from './query.ts';
import { TraceqlField } from './TraceqlField.tsx';

const kinds = [
  { label: 'Errors', value: 'errors', description: 'Traces whose root span failed' },
  { label: 'Slow traces', value: 'slow' },
  { label: 'Search', value: 'search', description: 'Whatever a TraceQL query finds: deployments, releases' },
] satisfies { label: string; value: VivaceAnnotationQuery['annotates']; description?: string }[];
const labelWidth = 16;

// The data source's class is not named here: it names this editor.
type Props = QueryEditorProps<any, VivaceQuery> & {
  annotation?: AnnotationQuery<VivaceQuery>;
  onAnnotationChange?: (annotation: AnnotationQuery<VivaceQuery>) => void;
};

/** Which traces an annotation marks. */
export function AnnotationEditor({ datasource, query, range, annotation, onAnnotationChange, onRunQuery }: Props) {
  const target: VivaceAnnotationQuery = annotation?.target ?? query;
  const annotates = target.annotates ?? 'search';
  const set = (part: Partial<VivaceAnnotationQuery>) => {
    const changed: VivaceAnnotationQuery = { ...target, annotates, ...part };
    if (annotation !== undefined) {
      onAnnotationChange?.({ ...annotation, target: changed });
    }
  };
  return (
    <div data-testid="vivace-annotation-editor">
      <InlineField label="Mark" labelWidth={labelWidth}>
        <RadioButtonGroup options={kinds} value={annotates} onChange={(kind) => set({ annotates: kind })} />
      </InlineField>
      {annotates === 'slow' && (
        <InlineField label="Slower than" labelWidth={labelWidth}>
          <Input
            aria-label="Slower than"
            width={20}
            placeholder={defaultSlowerThan}
            defaultValue={target.slowerThan}
            onBlur={(event) => set({ slowerThan: event.currentTarget.value.trim() || undefined })}
          />
        </InlineField>
      )}
      {annotates === 'search' ? (
        <TraceqlField
          counts
          client={datasource.client}
          range={range}
          text={target.query ?? ''}
          onCommit={(text) => set({ query: text })}
          onRun={onRunQuery}
        />
      ) : (
        <InlineField label="Service" labelWidth={labelWidth} tooltip="The service that the request enters by">
          <Input
            aria-label="Service"
            width={40}
            placeholder="all"
            defaultValue={target.service}
            onBlur={(event) => set({ service: event.currentTarget.value.trim() || undefined })}
          />
        </InlineField>
      )}
    </div>
  );
}

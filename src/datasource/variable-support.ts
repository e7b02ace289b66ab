import {
  CustomVariableSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
} from '@grafana/data';
import { Observable } from 'rxjs';
import type { VivaceQuery } from './query.ts';
import type { VivaceJsonData } from './settings.ts';
import { VariableEditor } from './VariableEditor.tsx';
import { variableFrame, type VivaceVariableQuery } from './variables.ts';

/** The data source, as far as variables need it. */
interface VariableSource {
  listVariable(query: VivaceVariableQuery, request: DataQueryRequest, signal: AbortSignal): Promise<string[]>;
}

/** Dashboard variables: names and values as the server knows them in the dashboard's time range. */
export class VariableSupport extends CustomVariableSupport<
  DataSourceApi<VivaceQuery, VivaceJsonData>,
  VivaceVariableQuery,
  VivaceQuery,
  VivaceJsonData
> {
  override readonly editor = VariableEditor;
  private readonly dataSource: VariableSource;

  constructor(dataSource: VariableSource) {
    super();
    this.dataSource = dataSource;
  }

  override getDefaultQuery(): Partial<VivaceVariableQuery> {
    return { kind: 'services' };
  }

  /** Unsubscribing cancels the request. */
  override query(request: DataQueryRequest<VivaceVariableQuery>): Observable<DataQueryResponse> {
    return new Observable((subscriber) => {
      const controller = new AbortController();
      const [target] = request.targets;
      this.dataSource.listVariable(target, request, controller.signal).then(
        (values) => {
          subscriber.next({ data: [variableFrame(values, target.refId)] });
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error)
      );
      return () => controller.abort();
    });
  }
}

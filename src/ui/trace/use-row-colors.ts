import { useMemo } from 'react';
import type { Theme } from '../kit/theme.ts';
import { attributeOfName, colorsByService, colorsByValue, columnValues, intrinsicValues } from './row-colors.ts';
import type { RowColors } from './row-colors.ts';
import type { Signal, TraceData } from './trace-data.ts';
import { useAnswer } from './use-trace-data.ts';

/** Colours of the rows by `colorBy`; by service until its column is there, and where there is no such attribute. */
export function useRowColors(data: TraceData, colorBy: string | undefined, theme: Theme): RowColors {
  const { table } = data.model;
  const intrinsic = useMemo(
    () => (colorBy === undefined ? undefined : intrinsicValues(table, colorBy)),
    [table, colorBy]
  );
  const attribute = colorBy === undefined || intrinsic ? undefined : attributeOfName(colorBy);
  const isService = colorBy === undefined || colorBy === 'resource.service.name' || (!intrinsic && !attribute);
  const { value: column } = useAnswer(
    data,
    colorBy,
    attribute && !isService
      ? async (signal: Signal) => {
          const keys = (await data.keys(signal)).filter(
            ({ scope, key }) => scope === attribute.scope && key === attribute.key
          );
          const columns = await Promise.all(keys.map((key) => data.column(key, signal)));
          return columnValues(attribute.scope, attribute.key, columns, table.rowCount);
        }
      : undefined
  );
  const values = intrinsic ?? column;
  return useMemo(
    () =>
      isService || !values || values.texts.length === 0
        ? colorsByService(table, theme)
        : colorsByValue(values, table.rowCount, theme),
    [isService, values, table, theme]
  );
}

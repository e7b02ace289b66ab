import { FileDropzone } from '@grafana/ui';
import { useState } from 'react';
import type { DataSource } from './data-source.ts';

interface UploadFieldProps {
  readonly datasource: Pick<DataSource, 'upload'>;
  readonly onRead: () => void;
}

/** A trace file to look at, read in the browser: nothing is sent anywhere. */
export function UploadField({ datasource, onRead }: UploadFieldProps) {
  const [problem, setProblem] = useState<string>();
  const read = async (file: File) => {
    try {
      await datasource.upload(new Uint8Array(await file.arrayBuffer()));
      setProblem(undefined);
      onRead();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div data-testid="vivace-upload">
      <FileDropzone options={{ multiple: false, onDrop: ([file]) => void (file && read(file)) }} />
      {problem !== undefined && <p role="alert">{problem}</p>}
    </div>
  );
}

import { Component } from 'react';
import type { ReactNode } from 'react';
import { ErrorNote } from './controls.tsx';

interface Props {
  /** What could not be shown: "this span". */
  readonly what: string;
  readonly children: ReactNode;
}

/** Our own fault in one view leaves the others standing. Give it a `key`, so that another thing to show starts anew. */
export class ErrorBoundary extends Component<Props, { readonly error: Error | undefined }> {
  override state: { readonly error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    return error ? (
      <ErrorNote>{`Vivace failed to show ${this.props.what}: ${error.message}`}</ErrorNote>
    ) : (
      this.props.children
    );
  }
}

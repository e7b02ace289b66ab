/** Saved in dashboards. */
export interface ServiceGraphOptions {
  readonly isListShown: boolean;
}

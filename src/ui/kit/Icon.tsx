import type { ReactElement } from 'react';

const paths = {
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3l3.2 3.2',
  file: 'M4 1.8h5l3 3v9.4H4zM9 1.8v3h3',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13',
  moon: 'M13.5 9.8A5.8 5.8 0 0 1 6.2 2.5a5.8 5.8 0 1 0 7.3 7.3Z',
  contrast: 'M8 1.8a6.2 6.2 0 1 0 0 12.4zM8 1.8a6.2 6.2 0 0 1 0 12.4',
  note: 'M2.5 2.5h11v7.5l-3.5 3.5H2.5zM13.5 10H10v3.5M5 5.5h6M5 8h4',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  download: 'M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11',
  filter: 'M2 3h12L9.5 8.5V13l-3 1V8.5z',
  link: 'M6.5 9.5 9.5 6.5M7 4.5l1.8-1.8a2.6 2.6 0 0 1 3.6 3.6L10.6 8M9 11.5l-1.8 1.8a2.6 2.6 0 0 1-3.6-3.6L5.4 8',
  help: 'M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 11.6v.2',
  up: 'M3.5 10 8 5.5l4.5 4.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  play: 'M5 3.2v9.6L12.5 8z',
  pause: 'M5 3.5v9M11 3.5v9',
  group: 'M2.5 3.5h4v3h-4zM2.5 9.5h4v3h-4zM9.5 5h4M9.5 11h4',
  color: 'M8 1.8c2.6 3 4.2 5.2 4.2 7.4a4.2 4.2 0 0 1-8.4 0C3.8 7 5.4 4.8 8 1.8Z',
} as const;

export type IconName = keyof typeof paths;

/** 16 px line drawing in the colour of the text; always beside a label or on a labelled button. */
export function Icon({ name, size = 15 }: { readonly name: IconName; readonly size?: number }): ReactElement {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: 'none' }}
    >
      <path d={paths[name]} />
    </svg>
  );
}

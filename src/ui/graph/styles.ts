import { css } from '@emotion/css';

/** A name that selects what it names. */
export const nameButton = css({
  border: 0,
  padding: 0,
  background: 'none',
  font: 'inherit',
  color: 'var(--v-accent)',
  textAlign: 'left',
  cursor: 'pointer',
  '&:focus-visible': { outline: '2px solid var(--v-focus)', outlineOffset: 2 },
});

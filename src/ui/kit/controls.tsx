import { css, cx } from '@emotion/css';
import type {
  ButtonHTMLAttributes,
  InputHTMLAttributes,
  ReactElement,
  ReactNode,
  Ref,
  SelectHTMLAttributes,
} from 'react';

const focusRing = { outline: '2px solid var(--v-focus)', outlineOffset: 1 };

const field = {
  height: 30,
  boxSizing: 'border-box',
  padding: '0 9px',
  border: '1px solid var(--v-line)',
  borderRadius: 5,
  background: 'var(--v-background)',
  color: 'var(--v-text)',
  font: 'inherit',
  minWidth: 0,
  '&:focus-visible': { ...focusRing, outlineOffset: -1 },
  '&::placeholder': { color: 'var(--v-text-muted)', opacity: 1 },
} as const;

const styles = {
  button: css({
    display: 'inline-flex',
    alignItems: 'center',
    justifyContent: 'center',
    gap: 6,
    height: 30,
    padding: '0 11px',
    border: '1px solid var(--v-line)',
    borderRadius: 5,
    background: 'var(--v-surface)',
    color: 'var(--v-text)',
    font: 'inherit',
    textDecoration: 'none',
    whiteSpace: 'nowrap',
    cursor: 'pointer',
    flex: 'none',
    '&:hover': { background: 'var(--v-surface-hover)' },
    '&:focus-visible': focusRing,
    '&:disabled': { color: 'var(--v-text-muted)', cursor: 'default' },
    '&[aria-pressed=true]': { borderColor: 'var(--v-accent)', color: 'var(--v-accent)' },
  }),
  primary: css({
    background: 'var(--v-accent)',
    borderColor: 'var(--v-accent)',
    color: 'var(--v-on-accent)',
    fontWeight: 600,
    '&:hover': { background: 'var(--v-accent)', filter: 'brightness(1.08)' },
  }),
  quiet: css({ background: 'transparent', borderColor: 'transparent', color: 'var(--v-text-muted)', padding: '0 7px' }),
  small: css({ height: 24, padding: '0 7px', fontSize: 12 }),
  input: css(field),
  select: css({ ...field, padding: '0 6px' }),
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: 'primary' | 'quiet';
  readonly small?: boolean;
}

export function Button({ look, small, className, type = 'button', ...rest }: ButtonProps): ReactElement {
  const looks = cx(
    styles.button,
    look === 'primary' && styles.primary,
    look === 'quiet' && styles.quiet,
    small && styles.small
  );
  return <button type={type} className={cx(looks, className)} {...rest} />;
}

export function TextInput({
  inputRef,
  className,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { readonly inputRef?: Ref<HTMLInputElement> }): ReactElement {
  return (
    <input ref={inputRef} className={cx(styles.input, className)} spellCheck={false} autoComplete="off" {...rest} />
  );
}

export function Select({ className, ...rest }: SelectHTMLAttributes<HTMLSelectElement>): ReactElement {
  return <select className={cx(styles.select, className)} {...rest} />;
}

const noticeStyles = {
  root: css({
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    gap: 8,
    padding: '48px 24px',
    textAlign: 'center',
    color: 'var(--v-text-muted)',
    '& > strong': { color: 'var(--v-text)', fontSize: 15 },
    '& > div': { maxWidth: 560, lineHeight: 1.5 },
  }),
  actions: css({ display: 'flex', gap: 8, flexWrap: 'wrap', justifyContent: 'center', marginTop: 8 }),
  banner: css({
    display: 'flex',
    alignItems: 'center',
    gap: 2,
    minHeight: 26,
    padding: '1px 12px',
    fontSize: 12.5,
    color: 'var(--v-warning)',
    background: 'var(--v-warning-surface)',
  }),
  error: css({
    margin: 12,
    padding: '10px 12px',
    borderRadius: 5,
    color: 'var(--v-error)',
    background: 'var(--v-error-surface)',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  }),
  skeleton: css({
    height: 12,
    borderRadius: 3,
    background: 'var(--v-surface-hover)',
    '@media (prefers-reduced-motion: no-preference)': { animation: 'vivace-pulse 1.2s ease-in-out infinite' },
    '@keyframes vivace-pulse': { '50%': { opacity: 0.45 } },
  }),
};

/** An empty state: says why nothing is here and what to do about it. */
export function Notice({
  title,
  children,
  actions,
}: {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}): ReactElement {
  return (
    <div className={noticeStyles.root} role="status">
      <strong>{title}</strong>
      {children !== undefined && <div>{children}</div>}
      {actions !== undefined && <div className={noticeStyles.actions}>{actions}</div>}
    </div>
  );
}

export function WarningBanner({ children }: { children: ReactNode }): ReactElement {
  return <div className={noticeStyles.banner}>{children}</div>;
}

export function ErrorNote({ children }: { children: ReactNode }): ReactElement {
  return (
    <div className={noticeStyles.error} role="alert">
      {children}
    </div>
  );
}

/** Grey lines where rows will be; steady widths, so that nothing jumps. */
export function SkeletonRows({ rows }: { readonly rows: number }): ReactElement {
  return (
    <div role="status" aria-busy="true" aria-label="Loading" style={{ padding: 12, display: 'grid', gap: 12 }}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={noticeStyles.skeleton} style={{ width: `${90 - ((index * 37) % 55)}%` }} />
      ))}
    </div>
  );
}

// Runs first, as a script of its own: every style that emotion inserts afterwards carries the nonce that the server wrote into the page.
import { cache } from '@emotion/css';

/** `undefined` where the page was served without a policy. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content || undefined;
if (styleNonce) {
  cache.nonce = styleNonce;
  cache.sheet.nonce = styleNonce;
}

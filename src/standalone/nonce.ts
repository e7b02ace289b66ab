// Imported first: every style that emotion inserts afterwards carries the nonce that the server wrote into the page.
import { cache } from '@emotion/css';

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
if (nonce) {
  cache.nonce = nonce;
  cache.sheet.nonce = nonce;
}

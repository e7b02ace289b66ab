import { styleNonce } from './nonce.ts';
import { injectGlobal } from '@emotion/css';
import { createRoot } from 'react-dom/client';
import { App } from '../ui/index.ts';
import { browserHost } from './browser-host.ts';

injectGlobal({
  'html, body, #root': { height: '100%', margin: 0 },
  body: { background: 'light-dark(#ffffff, #101317)', colorScheme: 'light dark' },
});

createRoot(document.getElementById('root')!).render(<App host={browserHost(styleNonce)} />);

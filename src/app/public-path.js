/**
 * Lazy chunks lie in the root of the app's folder, but Grafana serves a nested plugin under its own id (or, from a CDN, in a
 * sub-folder of the app). So every entry, nested ones too, loads chunks from the app's folder. The build puts this file before
 * each `module.ts(x)`.
 */
import amdModule from 'amd-module';

const appId = 'vivace-traces-app';
const uri = amdModule?.uri ?? `public/plugins/${appId}/module.js`;

__webpack_public_path__ = uri.replace(/(^|.*\/)public\/plugins\/[^/]+\/.*$/, `$1public/plugins/${appId}/`);

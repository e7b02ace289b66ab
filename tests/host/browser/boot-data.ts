/** Must be evaluated before anything of `@grafana/*`: its configuration is read when the module is. */
const theme = new URLSearchParams(location.search).get('theme') === 'light' ? 'light' : 'dark';

export interface HostConfig {
  readonly version: string;
  readonly subPath: string;
  /** URL below which every plugin has a folder of its id. */
  readonly plugins: string;
}

export const hostConfig = JSON.parse(document.getElementById('host-config')!.textContent) as HostConfig;

const role = new URLSearchParams(location.search).get('role') ?? 'Viewer';

Object.assign(window, {
  grafanaBootData: {
    settings: {
      appSubUrl: hostConfig.subPath,
      buildInfo: { version: hostConfig.version, edition: 'Open Source', env: 'production' },
      featureToggles: {},
      datasources: {},
      panels: {},
      apps: {},
    },
    user: {
      id: 1,
      login: 'viewer',
      orgId: 1,
      orgRole: role,
      theme,
      timezone: 'utc',
      weekStart: 'monday',
      language: 'en-US',
      permissions: {},
    },
    navTree: [],
    assets: { dark: '', light: '' },
  },
  __grafana_public_path__: `${hostConfig.subPath}/public/host/`,
});

/** Must be evaluated before anything of `@grafana/*`: its configuration is read when the module is. */
const theme = new URLSearchParams(location.search).get('theme') === 'light' ? 'light' : 'dark';

Object.assign(window, {
  grafanaBootData: {
    settings: {
      appSubUrl: '',
      buildInfo: { version: '13.2.2', edition: 'Open Source', env: 'production' },
      featureToggles: {},
      datasources: {},
      panels: {},
      apps: {},
    },
    user: {
      id: 1,
      login: 'viewer',
      orgId: 1,
      orgRole: 'Viewer',
      theme,
      timezone: 'utc',
      weekStart: 'monday',
      language: 'en-US',
      permissions: {},
    },
    navTree: [],
    assets: { dark: '', light: '' },
  },
  __grafana_public_path__: '/public/host/',
});

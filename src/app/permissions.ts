import { config } from '@grafana/runtime';

/** Whether this person may do what Grafana's action names; Grafana's server decides in the end, this decides what is offered. */
export function mayDo(action: string): boolean {
  const { user } = config.bootData;
  const permissions = user.permissions as Readonly<Record<string, boolean>> | undefined;
  return permissions?.[action] === true || user.orgRole === 'Admin' || user.isGrafanaAdmin;
}

/** Between the tenants of a query over several (`a|b`). No tenant's own name may hold it: doors refuse that. */
export const tenantSeparator = '|';

/** Tenant of a query over all of `tenants`, which are asked as if they were one: traces are merged, duplicates count once. */
export function federatedTenant(tenants: readonly string[]): string {
  return [...new Set(tenants)].sort().join(tenantSeparator);
}

/** The tenants that a query's tenant stands for. */
export function tenantsOf(tenant: string): readonly string[] {
  return tenant.split(tenantSeparator);
}

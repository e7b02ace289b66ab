/** What we use of `semver`, which comes without types. */
declare module 'semver' {
  const semver: {
    validRange(range: string): string | null;
    satisfies(version: string, range: string, options: { includePrerelease: boolean }): boolean;
  };
  export default semver;
}

import type { RegistryHosts, RegistryName } from '#core/registries.ts';

/** The hosts of core/registries.ts: one too few or too many does not compile. */
const table: { [R in RegistryName]: Record<RegistryHosts<R>, true> } = {
  npm: { 'registry.npmjs.org': true },
  pypi: { 'pypi.org': true, 'files.pythonhosted.org': true },
  crates: { 'index.crates.io': true, 'static.crates.io': true },
  goproxy: { 'proxy.golang.org': true, 'sum.golang.org': true, 'storage.googleapis.com': true },
  rubygems: { 'rubygems.org': true, 'index.rubygems.org': true },
  maven: { 'repo.maven.apache.org': true, 'repo1.maven.org': true },
};

export const registryNames = Object.keys(table) as [RegistryName, ...RegistryName[]]; // its keys and no others

export const registryHosts = (name: RegistryName): string[] => Object.keys(table[name]);

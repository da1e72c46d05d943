// The public package registries that a repository's setup may read, by name, and where they really are. A new one is a row here, one in
// worker-image/registry/tools.ts and its hosts in infra/registry-hosts.ts: neither compiles without it.

export const registryNames = ['npm', 'pypi', 'crates', 'goproxy', 'rubygems', 'maven'] as const;
export type RegistryName = (typeof registryNames)[number];

export type Registry = {
  /** Paths below the registry's name on the mirror, each with the address that it stands for. The first that fits counts. */
  routes: readonly (readonly [path: string, address: string])[];
  /** Where answers may send us on to, beside the routes. */
  redirects?: readonly string[];
  /** Its indexes name files by whole addresses, which the mirror replaces by its own. */
  namesFiles?: boolean;
  /** Questions about the mirror itself: here yes is the answer. */
  confirms?: string;
};

export const registries = {
  npm: { routes: [['', 'https://registry.npmjs.org/']], namesFiles: true },
  pypi: {
    routes: [
      ['files/', 'https://files.pythonhosted.org/'],
      ['', 'https://pypi.org/'],
    ],
    namesFiles: true,
  },
  crates: {
    routes: [
      ['files/', 'https://static.crates.io/'],
      ['', 'https://index.crates.io/'],
    ],
    namesFiles: true,
  },
  goproxy: {
    routes: [
      ['sumdb/sum.golang.org/', 'https://sum.golang.org/'],
      ['', 'https://proxy.golang.org/'],
    ],
    redirects: ['https://storage.googleapis.com/proxy-golang-org-prod/'],
    confirms: 'sumdb/sum.golang.org/supported', // https://go.dev/design/25530-sumdb#proxying-a-checksum-database
  },
  rubygems: {
    routes: [['', 'https://rubygems.org/']],
    redirects: ['https://index.rubygems.org/'],
  },
  maven: {
    routes: [['', 'https://repo.maven.apache.org/maven2/']],
    redirects: ['https://repo1.maven.org/maven2/'],
  },
} as const satisfies { [R in RegistryName]: Registry };

type HostOf<A> = A extends `https://${infer Host}/${string}` ? Host : never;
type RedirectOf<R> = R extends { redirects: readonly (infer A)[] } ? A : never;
/** What hostsOf gives, for the compiler. */
export type RegistryHosts<R extends RegistryName> = HostOf<
  (typeof registries)[R]['routes'][number][1] | RedirectOf<(typeof registries)[R]>
>;

/** Every host that the registry needs. */
export const hostsOf = (registry: Registry): string[] => [
  ...new Set([...registry.routes.map(([, address]) => address), ...(registry.redirects ?? [])].map(hostOf)),
];

/** What these hosts hold and nothing else: registries as far as their hosts are listed, every other host under its own name. */
export const registriesOn = (hosts: readonly string[]): Record<string, Registry> => {
  const isListed = (address: string) => hosts.includes(hostOf(address));
  const table: [string, Registry][] = Object.entries(registries);
  const known = table.map(([name, registry]): [string, Registry] => [
    name,
    {
      ...registry,
      routes: registry.routes.filter(([, address]) => isListed(address)),
      redirects: (registry.redirects ?? []).filter(isListed),
    },
  ]);
  const inTable = new Set(table.flatMap(([, registry]) => hostsOf(registry)));
  const others = hosts.filter((host) => !inTable.has(host));
  return Object.fromEntries([
    ...known.filter(([, { routes }]) => routes.length > 0),
    ...others.map((host): [string, Registry] => [host, { routes: [['', `https://${host}/`]] }]),
  ]);
};

const hostOf = (address: string) => new URL(address).hostname;

/** A whole host name, never an address: its last label begins with a letter. */
export const isHostName = (name: string): boolean =>
  name.length <= 253 &&
  /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name);

// What package managers are told: where the mirror is, or that there is none, and where they keep what must outlive HOME.
import { join } from 'node:path';
import type { RegistryName } from '#core/registries.ts';
import { registryNames } from '#core/registries.ts';

type Place = {
  /** The agent's folder for packages. */
  folder: string;
  /** The registry on the mirror, with a slash at the end; undefined while it is closed. */
  mirror: string | undefined;
};
type Settings = {
  env: Record<string, string>;
  /** Where the environment does not do; the name of each is below the folder. */
  files: Record<string, string>;
};

type Opened = { folder: string; proxyUrl: string | undefined; open: readonly string[] };

/** For all of them, also for those that are closed: a tool that knows it fails at once, and does not hang. */
export const toolSettings = ({ folder, proxyUrl, open }: Opened): Settings => {
  const all = registryNames.map((name) => {
    const mirror = open.includes(name) && proxyUrl !== undefined ? `${proxyUrl}/${name}/` : undefined;
    return tools[name]({ folder, mirror });
  });
  return {
    env: Object.assign({}, ...all.map(({ env }) => env)) as Settings['env'], // put together from nothing else
    files: Object.assign({}, ...all.map(({ files }) => files ?? {})) as Settings['files'],
  };
};

type Tool = Pick<Settings, 'env'> & Partial<Settings>;

const tools: { [R in RegistryName]: (place: Place) => Tool } = {
  /** https://docs.npmjs.com/cli/using-npm/config; https://yarnpkg.com/configuration/yarnrc */
  npm: ({ folder, mirror }) => ({
    env: {
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
      YARN_GLOBAL_FOLDER: join(folder, 'yarn'),
      ...(mirror
        ? {
            npm_config_registry: mirror,
            YARN_NPM_REGISTRY_SERVER: mirror.replace(/\/$/, ''),
            YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
          }
        : { npm_config_offline: 'true' }),
    },
  }),
  /** https://pip.pypa.io/en/stable/topics/configuration; https://docs.astral.sh/uv/reference/environment */
  pypi: ({ mirror }) => ({
    env: {
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      ...(mirror
        ? { PIP_INDEX_URL: `${mirror}simple/`, UV_DEFAULT_INDEX: `${mirror}simple/` }
        : { PIP_NO_INDEX: '1', UV_OFFLINE: '1' }),
    },
  }),
  /** Sources are replaced by a file only. https://doc.rust-lang.org/cargo/reference/source-replacement.html */
  crates: ({ folder, mirror }) => ({
    env: { CARGO_HOME: join(folder, 'cargo'), ...(!mirror && { CARGO_NET_OFFLINE: 'true' }) },
    ...(mirror && {
      files: {
        'cargo/config.toml': `[source.crates-io]\nreplace-with = "mirror"\n\n[source.mirror]\nregistry = "sparse+${mirror}"\n`,
      },
    }),
  }),
  /** https://go.dev/ref/mod#environment-variables */
  goproxy: ({ folder, mirror }) => ({
    env: { GOMODCACHE: join(folder, 'go'), GOPROXY: mirror ? mirror.replace(/\/$/, '') : 'off' },
  }),
  /** The name of its variable is none for a shell, which drops it. https://bundler.io/man/bundle-config.1.html */
  rubygems: ({ folder, mirror }) => ({
    env: { BUNDLE_PATH: join(folder, 'gems'), BUNDLE_USER_CONFIG: join(folder, 'bundle-config') },
    ...(mirror && {
      files: { 'bundle-config': `---\nBUNDLE_MIRROR__HTTPS://RUBYGEMS__ORG/: "${mirror}"\n` },
    }),
  }),
  /** https://maven.apache.org/configure.html#maven_args-environment-variable */
  maven: ({ folder, mirror }) => {
    const settings = join(folder, 'maven-settings.xml');
    const repository = join(folder, 'maven');
    const args = `--settings ${settings} -Dmaven.repo.local=${repository}`;
    return {
      env: { MAVEN_ARGS: mirror ? args : `${args} --offline` },
      ...(mirror && { files: { 'maven-settings.xml': mavenSettings(mirror) } }),
    };
  },
};

const mavenSettings = (mirror: string) =>
  `<settings><mirrors><mirror><id>mirror</id><mirrorOf>*</mirrorOf><url>${mirror}</url></mirror></mirrors></settings>\n`;

// One secret of each published form, put together here so that none stands in this repository.
const base62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const hex = '0123456789abcdef';

/** Looks random and is the same in every run: a linear congruential generator. */
export const textsOf = (seed: number) => {
  let state = seed;
  return (length: number, alphabet = base62): string =>
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return alphabet[(state >>> 8) % alphabet.length];
    }).join('');
};

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const digits = '0123456789';
const base64Url = `${base62}-_`;
const base64 = `${base62}+/`;

/** `value` is the secret; `text` how it is told to be one, where its looks alone do not. */
type Sample = { value: string; text?: string };

export const secretSamples = (seed = 7): Record<string, Sample[]> => {
  const some = textsOf(seed);
  const is = (...parts: string[]): Sample => ({ value: parts.join('') });
  const within = (before: string, value: string, after = ''): Sample => ({
    value,
    text: `${before}${value}${after}`,
  });
  return {
    'github-installation-token': [
      is('ghs', '_', some(36)),
      // the newer form: the App's id and a signed token, 520 characters
      is(
        'ghs',
        '_123456_',
        'ey',
        some(140, base64Url),
        '.ey',
        some(200, base64Url),
        '.',
        some(162, base64Url),
      ),
    ],
    'github-personal-token': [is('ghp', '_', some(36))],
    'github-oauth-token': [is('gho', '_', some(36))],
    'github-user-token': [is('ghu', '_', some(36))],
    'github-refresh-token': [is('ghr', '_', some(76))],
    'github-fine-grained-token': [is('github', '_pat_', some(22), '_', some(59))],
    'gitlab-token': [is('glpat', '-', some(20)), is('glrt', '-', some(20))],
    'bitbucket-password': [is('AT', 'BB', some(32))],
    'aws-access-key-id': [is('AK', 'IA', some(16, upper)), is('AS', 'IA', some(16, upper))],
    'aws-secret-key': [
      within('aws_secret_access_key = ', some(40, base64)),
      within('"SecretAccessKey": "', some(40, base64), '"'),
    ],
    'aws-session-token': [is('IQoJb3', 'JpZ2lu', some(300, base64))],
    'aws-presigned-url': [within('https://x/?X-Amz-Date=1&X-Amz-Signature=', some(64, hex))],
    'aws-bedrock-key': [is('AB', 'SK', some(128))],
    'anthropic-key': [
      is('sk-', 'ant-api03-', some(93, base64Url), 'AA'),
      is('sk-', 'ant-oat01-', some(93), 'AA'),
    ],
    'openai-key': [is('sk-', 'proj-', some(120)), is('sk-', some(20), 'T3Blbk', 'FJ', some(20))],
    'openrouter-key': [is('sk-', 'or-v1-', some(64, hex))],
    'groq-key': [is('gs', 'k_', some(52))],
    'perplexity-key': [is('pp', 'lx-', some(48))],
    'xai-key': [is('xa', 'i-', some(80))],
    'replicate-token': [is('r8', '_', some(37))],
    'hugging-face-token': [is('hf', '_', some(34))],
    'langsmith-key': [is('lsv2', '_pt_', some(32, hex), '_', some(10, hex))],
    'slack-token': [
      is('xox', 'b-', some(12, digits), '-', some(12, digits), '-', some(24)),
      is('xox', 'p-', some(12, digits), '-', some(12, digits), '-', some(32, hex)),
    ],
    'slack-app-token': [is('xap', 'p-1-A', some(10, upper), '-', some(13, digits), '-', some(64, hex))],
    'slack-webhook': [
      within(
        'https://hooks.slack.com/',
        ['services/T', some(8, upper), '/B', some(8, upper), '/', some(24)].join(''),
      ),
    ],
    'atlassian-token': [is('ATA', 'TT3xFfGF0', some(180, base64Url), '=', some(8, '0123456789ABCDEF'))],
    'sentry-token': [is('sntry', 'u_', some(64, hex)), is('sntry', 's_', some(120, base64))],
    'sentry-dsn': [within('https://', some(32, hex), '@o12345.ingest.sentry.io/4504')],
    'linear-key': [is('lin', '_api_', some(40))],
    'notion-token': [is('nt', 'n_', some(11, digits), some(35))],
    'figma-token': [is('fig', 'd_', some(40, base64Url))],
    'airtable-token': [is('pa', 't', some(14), '.', some(64, hex))],
    'postman-key': [is('PM', 'AK-', some(24, hex), '-', some(34, hex))],
    'telegram-token': [is('7', some(9, digits), ':', 'AA', some(33, base64Url))],
    'discord-token': [is('MT', some(24), '.', some(6), '.', some(38))],
    'discord-webhook': [within('https://discord.com/api/webhooks/', `1${some(18, digits)}/${some(68)}`)],
    'private-key': [aPrivateKey(some), { value: aPrivateKey(some).value.replaceAll('\n', String.raw`\n`) }],
    'age-key': [is('AGE-SECRET', '-KEY-1', some(58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'))],
    'json-web-token': [is('ey', 'J', some(33), '.ey', 'J', some(90), '.', some(43, base64Url))],
    'database-password': [within('postgres://app:', some(20), '@db.internal:5432/app')],
    'password-in-url': [within('https://bot:', some(20), '@git.internal/x.git')],
    'basic-authorization': [within('Authorization: Basic ', some(40, base64))],
    'bearer-authorization': [within('Authorization: Bearer ', some(40))],
    'npm-token': [is('np', 'm_', some(36))],
    'pypi-token': [is('pypi', '-AgEIcHlwaS5vcmc', some(150, base64Url))],
    'rubygems-key': [is('ruby', 'gems_', some(48, hex))],
    'nuget-key': [is('oy', '2', some(43, 'abcdefghijklmnopqrstuvwxyz234567'))],
    'docker-token': [is('dckr', '_pat_', some(27))],
    'docker-login': [within('{"auths":{"x":{"auth": "', some(40, base64), '"}}}')],
    'artifactory-key': [is('AK', 'Cp', some(69))],
    'buildkite-token': [is('bk', 'ua_', some(40, hex))],
    'circleci-token': [is('CCI', 'PAT_', some(22), '_', some(40, hex))],
    'stripe-key': [is('sk', '_live_', some(24)), is('rk', '_test_', some(99))],
    'stripe-webhook-secret': [is('wh', 'sec_', some(32))],
    'square-token': [is('sq0', 'csp-', some(43, base64Url))],
    'shopify-token': [is('shp', 'at_', some(32, hex))],
    'twilio-key': [is('S', 'K', some(32, hex))],
    'sendgrid-key': [is('S', 'G.', some(22, base64Url), '.', some(43, base64Url))],
    'mailgun-key': [is('ke', 'y-', some(32, hex))],
    'mailchimp-key': [is(some(32, hex), '-us', '21')],
    'google-api-key': [is('AI', 'za', some(35, base64Url))],
    'google-client-secret': [is('GOC', 'SPX-', some(28, base64Url))],
    'google-access-token': [is('ya', '29.', some(120, base64Url))],
    'google-refresh-token': [is('1/', '/0', some(100, base64Url))],
    'azure-storage-key': [within('AccountName=a;AccountKey=', `${some(86, base64)}==`, ';')],
    'azure-sas': [within('?sv=2024-11-04&sig=', `${some(43, base62)}%3D`, '&se=2030')],
    'azure-client-secret': [is(some(3), '8Q', '~', some(34))],
    'azure-devops-token': [is(some(76), 'AZ', 'DO', some(4))],
    'alibaba-key': [is('LT', 'AI', some(20))],
    'vault-token': [is('hv', 's.', some(90))],
    'terraform-token': [is(some(14), '.atlas', 'v1.', some(67))],
    'doppler-token': [is('dp', '.pt.', some(43))],
    'onepassword-token': [is('ops', '_ey', 'J', some(250))],
    'digitalocean-token': [is('dop', '_v1_', some(64, hex))],
    'heroku-key': [is('HR', 'KU-', some(60, base64Url))],
    'databricks-token': [is('da', 'pi', some(32, hex))],
    'supabase-key': [is('sb', 'p_', some(40, hex)), is('sb', '_secret_', some(31))],
    'planetscale-token': [is('psc', 'ale_tkn_', some(43))],
    'netlify-token': [is('nf', 'p_', some(36))],
    'pulumi-token': [is('pu', 'l-', some(40, hex))],
    'fly-token': [is('fm', '2_', some(300, base64))],
    'grafana-token': [is('gl', 'sa_', some(32), '_', some(8, hex)), is('gl', 'c_', some(120, base64))],
    'new-relic-key': [is('NR', 'AK-', some(27, upper))],
    'cloudflare-key': [is('v1', '.0-', some(24, hex), '-', some(146, hex))],
  };
};

const aPrivateKey = (some: ReturnType<typeof textsOf>): Sample => {
  const lines = Array.from({ length: 24 }, () => some(64, base64));
  const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} RSA PRIVATE ${'KEY'}-----`);
  return { value: [begin, `MIIE${some(60, base64)}`, ...lines, `${some(22, base64)}==`, end].join('\n') };
};

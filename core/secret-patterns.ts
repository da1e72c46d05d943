// What secrets look like by their published formats: the last resort for those that nobody has told us of.

export type SecretPattern = {
  kind: string;
  /** How it begins. Only where one of these stands is the pattern tried. */
  begins: readonly string[];
  /**
   * Linear by its shape: a fixed beginning, then classes whose number is bounded (an open one is bounded here); what could
   * be tried again within itself asks for what stands before it. `secret`, where it is named, is the part that is one; `before`
   * belongs to it and stands before the beginning.
   */
  pattern: RegExp;
};

const longest = 8_192;

const row = (kind: string, begins: readonly string[], pattern: RegExp): SecretPattern => ({
  kind,
  begins,
  // where it is tried is said by whoever tries
  pattern: new RegExp(pattern.source.replace(/\{(\d+),\}/g, `{$1,${longest}}`), `${pattern.flags}y`),
});

const databaseSchemes =
  'postgres|postgresql|mysql|mariadb|mongodb|mongodb+srv|redis|rediss|amqp|amqps|mssql|clickhouse';
const webSchemes = 'http|https|ftp|ftps|sftp|ssh|git|ws|wss|smtp|smtps|ldap|ldaps';
const urlsOf = (schemes: string) => schemes.split('|').map((scheme) => `${scheme}://`);
const password = String.raw`:\/\/[^\s:\/@"'<>\x60]{0,100}:(?<secret>[^\s\/@"'<>\x60]{5,300})@[\w.[-]`;

export const secretPatterns: readonly SecretPattern[] = [
  // https://github.blog/changelog and https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
  row('github-installation-token', ['ghs_'], /ghs_[A-Za-z0-9._-]{36,}/),
  row('github-personal-token', ['ghp_'], /ghp_[A-Za-z0-9]{36,255}/),
  row('github-oauth-token', ['gho_'], /gho_[A-Za-z0-9]{36,255}/),
  row('github-user-token', ['ghu_'], /ghu_[A-Za-z0-9]{36,}/),
  row('github-refresh-token', ['ghr_'], /ghr_[A-Za-z0-9]{36,}/),
  row('github-fine-grained-token', ['github_pat_'], /github_pat_[A-Za-z0-9_]{60,255}/),
  // https://docs.gitlab.com/security/tokens/#token-prefixes
  row('gitlab-token', ['gl'], /gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[\w.-]{20,300}/),
  row('bitbucket-password', ['ATBB'], /ATBB[A-Za-z0-9]{24,64}/),

  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  row(
    'aws-access-key-id',
    ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    /(?<![A-Za-z0-9])A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])/,
  ),
  row(
    'aws-secret-key',
    ['secret_access_key', 'secretaccesskey', 'secret_key', 'secretkey'],
    /secret_?(?:access_?)?key["']?\s{0,4}(?:[:=]|=>|:=)\s{0,4}["']?(?<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/i,
  ),
  row(
    'aws-session-token',
    ['IQoJb3JpZ2lu', 'FwoGZXIvYXdz'],
    /(?:IQoJb3JpZ2lu|FwoGZXIvYXdz)[A-Za-z0-9/+=]{80,}/,
  ),
  row('aws-presigned-url', ['X-Amz-Signature='], /X-Amz-Signature=(?<secret>[0-9a-f]{64})/),
  row('aws-bedrock-key', ['ABSK'], /(?<![A-Za-z0-9+/])ABSK[A-Za-z0-9+/]{100,}={0,2}/),

  // https://docs.anthropic.com/en/api/overview and https://platform.openai.com/docs/api-reference/authentication
  row('anthropic-key', ['sk-ant-'], /sk-ant-[a-z]{2,8}\d{2}-[\w-]{20,}/),
  row('openai-key', ['sk-proj-', 'sk-svcacct-', 'sk-admin-'], /sk-(?:proj|svcacct|admin)-[\w-]{40,}/),
  row('openai-key', ['T3BlbkFJ'], /(?<=(?<before>sk-[A-Za-z0-9]{20}))T3BlbkFJ[A-Za-z0-9]{20}/),
  row('openrouter-key', ['sk-or-v1-'], /sk-or-v1-[0-9a-f]{64}/),
  row('groq-key', ['gsk_'], /gsk_[A-Za-z0-9]{40,}/),
  row('perplexity-key', ['pplx-'], /pplx-[A-Za-z0-9]{40,}/),
  row('xai-key', ['xai-'], /xai-[A-Za-z0-9]{70,}/),
  row('replicate-token', ['r8_'], /(?<![A-Za-z0-9])r8_[A-Za-z0-9]{37}/),
  // https://huggingface.co/docs/hub/security-tokens
  row('hugging-face-token', ['hf_'], /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{34,}/),
  row('langsmith-key', ['lsv2_'], /lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}/),

  // https://docs.slack.dev/authentication/tokens
  row('slack-token', ['xox'], /xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}/),
  row('slack-app-token', ['xapp-'], /xapp-\d-[A-Z0-9]{5,20}-\d{5,20}-[A-Za-z0-9]{20,}/),
  row(
    'slack-webhook',
    ['hooks.slack.com/'],
    /hooks\.slack\.com\/(?<secret>(?:services|workflows|triggers)\/[\w/+-]{20,})/,
  ),
  // https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/
  row('atlassian-token', ['ATATT3', 'ATCTT3'], /AT[AC]TT3[\w=-]{50,}/),
  // https://docs.sentry.io/account/auth-tokens/ and https://docs.sentry.io/concepts/key-terms/dsn-explainer/
  row('sentry-token', ['sntrys_', 'sntryu_'], /sntry[su]_[\w+/=-]{40,}/),
  row(
    'sentry-dsn',
    ['http://', 'https://'],
    /https?:\/\/(?<secret>[0-9a-f]{32}(?::[0-9a-f]{32})?)@[\w.-]{1,100}\/\d{1,20}/,
  ),
  row('linear-key', ['lin_'], /lin_(?:api|oauth)_[A-Za-z0-9]{40,}/),
  row('notion-token', ['ntn_'], /ntn_\d{11}[A-Za-z0-9]{35}/),
  row('figma-token', ['figd_', 'figu_'], /fig[du]_[\w-]{36,}/),
  row('airtable-token', ['pat'], /(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[0-9a-f]{64}/),
  row('postman-key', ['PMAK-'], /PMAK-[0-9a-f]{24}-[0-9a-f]{34}/),
  // https://core.telegram.org/bots/api#authorizing-your-bot
  row('telegram-token', ['AA'], /(?<=(?<before>(?<!\d)\d{8,10}:))AA[\w-]{33}(?![\w-])/),
  // https://docs.discord.com/developers/reference#authentication: the number of the bot, in base64, comes first
  row(
    'discord-token',
    ['MT', 'Mj', 'Mz', 'ND', 'NT', 'Nj', 'Nz', 'OD', 'OT'],
    /(?<![\w-])[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w-])/,
  ),
  row(
    'discord-webhook',
    ['discord'],
    /discord(?:app)?\.com\/api\/webhooks\/(?<secret>\d{15,22}\/[\w-]{60,})/,
  ),

  // RFC 7468 and its older kin; across the escapes and quotes of whatever language it stands in
  row(
    'private-key',
    ['BEGIN '],
    /BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-{5}(?:[\s"'+,\\]|\\[nr]){0,24}(?:(?:Proc-Type|DEK-Info|Comment|Version): [^\n]{0,200}\n){0,4}\s{0,4}[A-Za-z0-9+/]{20}[A-Za-z0-9+/=\s\\"',]{20,}(?:-{1,5}END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-{5})?/,
  ),
  // https://github.com/FiloSottile/age and https://github.com/C2SP/C2SP/blob/main/age.md
  row('age-key', ['AGE-SECRET-KEY-1'], /AGE-SECRET-KEY-1[A-Z0-9]{58}/),
  row('json-web-token', ['eyJ'], /(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}/),
  row(
    'database-password',
    urlsOf(databaseSchemes),
    new RegExp(`(?:${databaseSchemes.replace('+', '\\+')})${password}`),
  ),
  row('password-in-url', urlsOf(webSchemes), new RegExp(`(?:${webSchemes})${password}`)),
  row(
    'basic-authorization',
    ['authorization'],
    /authorization["']?\s{0,3}[:=]\s{0,3}["']?basic\s{1,3}(?<secret>[A-Za-z0-9+/]{16,}={0,2})/i,
  ),
  row(
    'bearer-authorization',
    ['authorization'],
    /authorization["']?\s{0,3}[:=]\s{0,3}["']?(?:bearer|token)\s{1,3}(?=[\w.~+/-]{0,80}\d)(?<secret>[\w.~+/-]{20,}={0,2})/i,
  ),

  // https://docs.npmjs.com/about-access-tokens, https://docs.pypi.org/api/ and their like
  row('npm-token', ['npm_'], /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/),
  row('pypi-token', ['pypi-'], /pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[\w-]{50,}/),
  row('rubygems-key', ['rubygems_'], /rubygems_[0-9a-f]{48}/),
  row('nuget-key', ['oy2'], /(?<![A-Za-z0-9])oy2[a-z0-9]{43}(?![A-Za-z0-9])/),
  row('docker-token', ['dckr_'], /dckr_[op]at_[\w-]{27,}/),
  row('docker-login', ['"auth"'], /"auth"\s{0,3}:\s{0,3}"(?<secret>[A-Za-z0-9+/]{16,}={0,2})"/),
  row('artifactory-key', ['AKCp'], /(?<![A-Za-z0-9])AKCp[A-Za-z0-9]{60,}/),
  row('buildkite-token', ['bkua_'], /bkua_[0-9a-f]{40}/),
  row('circleci-token', ['CCIPAT_'], /CCIPAT_[A-Za-z0-9]{22}_[0-9a-f]{40}/),

  // https://docs.stripe.com/keys
  row('stripe-key', ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'], /[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/),
  row('stripe-webhook-secret', ['whsec_'], /whsec_[A-Za-z0-9+/=]{24,}/),
  row('square-token', ['sq0'], /sq0(?:atp|csp)-[\w-]{22,}/),
  row('shopify-token', ['shp'], /shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}/),
  // https://www.twilio.com/docs/iam/api-keys and https://www.twilio.com/docs/sendgrid
  row('twilio-key', ['SK'], /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])/),
  row('sendgrid-key', ['SG.'], /SG\.[\w-]{22}\.[\w-]{43}/),
  row('mailgun-key', ['key-'], /(?<![A-Za-z0-9])key-[0-9a-f]{32}(?![A-Za-z0-9])/),
  row('mailchimp-key', ['us'], /(?<=(?<before>(?<![A-Za-z0-9])[0-9a-f]{32}-))us\d{1,2}(?![A-Za-z0-9])/),

  // https://cloud.google.com/docs/authentication/api-keys and https://developers.google.com/identity/protocols/oauth2
  row('google-api-key', ['AIza'], /AIza[\w-]{35}/),
  row('google-client-secret', ['GOCSPX-'], /GOCSPX-[\w-]{28}/),
  row('google-access-token', ['ya29.'], /ya29\.[\w-]{30,}/),
  row('google-refresh-token', ['1//0'], /1\/\/0[\w-]{40,}/),
  // https://learn.microsoft.com/en-us/purview/sit-azure-storage-account-key and the like
  row('azure-storage-key', ['AccountKey='], /AccountKey=(?<secret>[A-Za-z0-9+/]{86}==)/),
  row('azure-sas', ['sig='], /sig=(?<secret>[A-Za-z0-9+/%]{43,60}(?:%3D|=))/),
  row(
    'azure-client-secret',
    ['0Q~', '1Q~', '2Q~', '3Q~', '4Q~', '5Q~', '6Q~', '7Q~', '8Q~', '9Q~'],
    /(?<=(?<before>(?<![\w~.-])[\w~.]{3}))\dQ~[\w~.-]{31,34}/,
  ),
  row('azure-devops-token', ['AZDO'], /(?<=(?<before>[A-Za-z0-9]{76}))AZDO[A-Za-z0-9]{4}/),
  row('alibaba-key', ['LTAI'], /(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{20}(?![A-Za-z0-9])/),

  // https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes
  row('vault-token', ['hvs.', 'hvb.', 'hvr.'], /(?<![A-Za-z0-9])hv[sbr]\.[\w-]{24,}/),
  row('terraform-token', ['atlasv1.'], /(?<=(?<before>[A-Za-z0-9]{14}\.))atlasv1\.[\w=-]{60,}/),
  row(
    'doppler-token',
    ['dp.'],
    /(?<![A-Za-z0-9])dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}/,
  ),
  row('onepassword-token', ['ops_eyJ'], /ops_eyJ[\w+/=-]{100,}/),
  row('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], /do[opr]_v1_[0-9a-f]{64}/),
  row('heroku-key', ['HRKU-'], /HRKU-[\w-]{36,}/),
  row('databricks-token', ['dapi'], /(?<![A-Za-z0-9])dapi[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9])/),
  row('supabase-key', ['sbp_', 'sb_secret_'], /sb(?:p_[0-9a-f]{40}|_secret_[\w-]{20,})/),
  row('planetscale-token', ['pscale_'], /pscale_(?:tkn|pw|oauth)_[\w.=-]{32,}/),
  row('netlify-token', ['nfp_'], /nfp_[A-Za-z0-9]{36,}/),
  row('pulumi-token', ['pul-'], /(?<![A-Za-z0-9])pul-[0-9a-f]{40}(?![A-Za-z0-9])/),
  row('fly-token', ['fm1', 'fm2'], /fm[12][ar]?_[A-Za-z0-9+/=,]{100,}/),
  row('grafana-token', ['glsa_', 'glc_'], /gl(?:sa_[A-Za-z0-9]{32}_[0-9a-f]{8}|c_[A-Za-z0-9+/]{32,}={0,2})/),
  row('new-relic-key', ['NRAK-'], /NRAK-[A-Z0-9]{27}/),
  row('cloudflare-key', ['v1.0-'], /v1\.0-[0-9a-f]{24}-[0-9a-f]{146}/),
];

/** What documentation, templates and tests put where a secret would stand. */
export const isPlaceholder = (secret: string): boolean =>
  new Set(secret.replace(/[^A-Za-z0-9]/g, '').toLowerCase()).size < 4 || placeholder.test(secret);

// in one case: long random texts do hold short words in mixed ones
const placeholder =
  /example|EXAMPLE|placeholder|PLACEHOLDER|changeme|redacted|REDACTED|xxxxxx|XXXXXX|0{10}|\*{3}|\.{3}|\$[{(]|\{\{|<|^[$%]|(?:your|YOUR|insert|INSERT)[-_ ]|^(?:pass(?:word|wd)?|secret|token|postgres|mysecretpassword)\d{0,3}$/;

import { describe, expect, it } from 'vitest';
import { parsePolicy } from '#core/parse-policy.ts';
import { defaultPolicy } from '#core/policy.ts';

const errorsOf = (text: string): string[] => {
  const parsed = parsePolicy(text);
  if (parsed.kind === 'policy') throw new Error('it was taken');
  return parsed.errors;
};
const policyOf = (text: string) => {
  const parsed = parsePolicy(text);
  if (parsed.kind === 'bad') throw new Error(parsed.errors.join('\n'));
  return parsed.policy;
};

describe('a policy', () => {
  it.each(['', '# nothing yet\n', '{}', 'version: 1'])(
    'that says nothing (%j) is the safe default',
    (text) => {
      expect(policyOf(text)).toEqual(defaultPolicy);
      expect(defaultPolicy).toEqual({
        network: { mode: 'setup' },
        setup: [],
        verify: [],
        protected: [],
        allow: [],
        caps: {},
        ci: 'ask',
        labels: [],
      });
    },
  );

  it('may say everything', () => {
    const text = `
version: 1
network: { allowlist: [registry.npmjs.org, Files.PythonHosted.org] }
setup:
  - npm ci
verify:
  - npm test
  - run: npm run e2e
    minutes: 20
protected: [infra/, '*.pem']
allow: [agent-instructions]
caps: { budgetUsd: 2.5, maxTurns: 40, maxMinutes: 20, maxFiles: 30, maxBytes: 100000 }
ci: run
labels: [bug, 'good first issue']
`;
    expect(policyOf(text)).toEqual({
      network: { mode: 'allowlist', hosts: ['registry.npmjs.org', 'files.pythonhosted.org'] },
      setup: [{ run: 'npm ci', minutes: 10 }],
      verify: [
        { run: 'npm test', minutes: 10 },
        { run: 'npm run e2e', minutes: 20 },
      ],
      protected: ['infra/', '*.pem'],
      allow: ['agent-instructions'],
      caps: { budgetUsd: 2.5, maxTurns: 40, maxMinutes: 20, maxFiles: 30, maxBytes: 100_000 },
      ci: 'run',
      labels: ['bug', 'good first issue'],
    });
  });

  it.each([
    ['verify: npm test', 'verify: must be a list of at most 10 commands'],
    ['verify: [3]', 'verify[0]: must be a command, or a map with run and minutes'],
    ['verify: ["a\\nb"]', 'verify[0]: must be a command in one line, at most 1000 characters'],
    [
      'setup: [{ run: npm ci, minutes: 31 }]',
      'setup[0].minutes: must be a whole number of minutes from 1 to 30',
    ],
    ['setup: [{ rum: npm ci, run: x }]', 'setup[0].rum: unknown key; allowed here: run, minutes'],
    ['network: all', 'network: must be setup, none, or a map with allowlist'],
    ['network: { allowlist: [] }', 'network.allowlist: must be a list of 1 to 50 names of hosts'],
    [
      'network: { allowlist: ["https://x.example/"] }',
      'network.allowlist[0]: must be the name of a host, as in registry.npmjs.org',
    ],
    [
      'network: { allowlist: [10.0.0.1] }',
      'network.allowlist[0]: must be the name of a host, as in registry.npmjs.org',
    ],
    [
      'caps: { budget: 3 }',
      'caps.budget: unknown key; allowed here: budgetUsd, maxTurns, maxMinutes, maxFiles, maxBytes',
    ],
    ['caps: { budgetUsd: 0 }', 'caps.budgetUsd: must be dollars above 0, as in 2.50'],
    ['caps: { maxFiles: many }', 'caps.maxFiles: must be a whole number of files, 1 or more'],
    ['ci: never', 'ci: must be ask or run'],
    ['labels: bug', 'labels: must be a list of at most 50 names of labels'],
    ['labels: [""]', 'labels[0]: must be the name of a label, at most 50 characters'],
    ['labels: ["a\\nb"]', 'labels[0]: must be the name of a label, at most 50 characters'],
    ['version: 2', 'version: must be 1'],
    ['allow: workflows', 'allow: must be a list of any of actions, codeowners, '],
    ['allow: [workflows]', 'allow[0]: must be one of actions, codeowners, '],
    ['protected: ["!infra"]', 'protected[0]: must be a pattern as in .gitignore'],
    ['protected: ["a*b*c*d*e*f"]', 'protected[0]: must be a pattern as in .gitignore'],
    ['networks: none', 'networks: unknown key; allowed here: version, network, '],
    ['__proto__: { ci: run }', '__proto__: unknown key'],
    ['<<: { ci: run }', '<<: unknown key'],
    ['- ci', 'the file must be a map with any of these keys: version, '],
    ['a: &a [1]\nb: *a', 'it holds an alias'],
    ['ci: ask\nci: run', 'line 2: '],
    ['ci: [', 'line 1: '],
    ['ci: ask\n---\nci: run', 'line 2: '],
  ])('that says %j is refused with what is allowed', (text, said) => {
    expect(errorsOf(text)).toEqual([expect.stringContaining(said)]);
  });

  it('is refused with all that is wrong at once', () => {
    expect(errorsOf('ci: never\ncaps: { maxFiles: 0 }\nwork: hard')).toHaveLength(3);
  });

  it('that folds itself ten deep is refused at once', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefghijklmnop'.split('').map((name, at) => {
        const before = String.fromCharCode(97 + at);
        return `${name}: &${name} [${`*${before}, `.repeat(9)}*${before}]`;
      }),
    ].join('\n');
    expect(errorsOf(bomb)).toEqual([expect.stringMatching(/^it holds an alias/)]);
    expect(errorsOf('['.repeat(60_000))).toHaveLength(1);
  });
});

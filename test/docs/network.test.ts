import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '#core/parse-policy.ts';
import { hostsOf, registries, registryNames } from '#core/registries.ts';
import { parseSettings } from '#infra/settings.ts';

const guide = readFileSync(new URL('../../docs/network.md', import.meta.url), 'utf8');
const rows = [...guide.matchAll(/^\| `(\w+)` +\|(.*)\|$/gm)].map(([, name = '', rest = '']) => ({
  name,
  cells: rest.split('|').map((cell) => cell.trim().replaceAll('`', '')),
}));
const policies = [...guide.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text);

describe('the guide to the network', () => {
  it('names the registries and their hosts, and no others', () => {
    const told = rows.filter(({ cells }) => cells.length === 3 && cells[0]?.includes('.'));
    expect(
      Object.fromEntries(told.map(({ name, cells }) => [name, cells[0]?.split(', ').toSorted()])),
    ).toEqual(Object.fromEntries(registryNames.map((name) => [name, hostsOf(registries[name]).toSorted()])));
  });

  it('names the operator’s settings with what holds without them', () => {
    const told = Object.fromEntries(rows.map(({ name, cells }) => [name, cells[0]]));
    const { setupRegistries, openHosts, dnsFirewall } = parseSettings({});
    expect(told).toMatchObject({
      setupRegistries: setupRegistries.join(', '),
      openHosts: 'none',
      dnsFirewall,
    });
    expect(openHosts).toEqual([]);
  });

  it.each(policies)('shows a policy that can be used: %j', (text) => {
    expect(parsePolicy(text)).toMatchObject({ kind: 'policy' });
  });
});

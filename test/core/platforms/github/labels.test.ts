import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { addLabels } from '#core/platforms/github/labels.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { asInstallation, startTwin } from '#test/local/github/start-twin.ts';

let house: House;
beforeAll(async () => {
  house = await startTwin();
});
afterEach(() => house.faults.clear());
afterAll(() => house.close());

const anIssue = () =>
  house.twin.openIssue({ repository: house.demo.repository, login: house.demo.writer, title: 'x' }).number;
const add = async (number: number, names: string[], hold = () => Promise.resolve()) =>
  await addLabels(await asInstallation(house), { repository: house.demo.repository, number, names, hold });
const labelsOf = (number: number) =>
  house.twin
    .repository(house.demo.repository)
    .issues.get(number)
    ?.labels.map(({ name }) => name);

it('adds what is there as the repository spells it, and makes no label', async () => {
  const number = anIssue();
  const before = house.twin.repository(house.demo.repository).labels.length;
  expect(await add(number, ['BUG', 'no such label'])).toEqual({
    kind: 'labelled',
    added: ['bug'],
    missing: ['no such label'],
  });
  expect(labelsOf(number)).toEqual(['bug']);
  expect(house.twin.repository(house.demo.repository).labels).toHaveLength(before);
});

it('takes nothing away, and adds nothing twice', async () => {
  const number = anIssue();
  await add(number, ['question']);
  await add(number, ['bug']);
  await add(number, ['bug']);
  expect(labelsOf(number)).toEqual(['question', 'bug']);
});

it('asks whether it may before it writes', async () => {
  const number = anIssue();
  await expect(add(number, ['bug'], () => Promise.reject(new Error('not ours')))).rejects.toThrow('not ours');
  expect(labelsOf(number)).toEqual([]);
});

it.each([403, 410, 422])('gives a refusal of %d', async (status) => {
  house.faults.inject({ call: /^POST .*\/labels$/, fault: { kind: 'answer', status } });
  expect(await add(anIssue(), ['bug'])).toEqual({ kind: 'refused', status });
});

it('throws what may be different in a minute', async () => {
  house.faults.inject({ call: /^POST .*\/labels$/, fault: { kind: 'answer', status: 502 } });
  await expect(add(anIssue(), ['bug'])).rejects.toMatchObject({ status: 502 });
});

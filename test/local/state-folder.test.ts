import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStateFolder } from '#local/state-folder.ts';

const source = new URL('../../local/state-folder.ts', import.meta.url).href;

describe('the state folder', () => {
  let path: string;
  let started: ChildProcess[];
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'state-folder-'));
    started = [];
  });
  afterEach(() => {
    for (const child of started) child.kill('SIGKILL');
    rmSync(path, { recursive: true, force: true });
  });

  const start = (code: string) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      detached: true,
      env: {},
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.push(child);
    return child;
  };
  const said = async (child: ChildProcess) => String((await once(child.stdout!, 'data'))[0]).trim();
  const anotherHouse = (childPid: number) =>
    start(`const { openStateFolder } = await import(${JSON.stringify(source)});
      const opened = await openStateFolder(${JSON.stringify(path)});
      opened.folder.remember(${childPid}); console.log(opened.kind); setInterval(() => {}, 1000);`);
  const aChild = () => start("process.stdout.write('up'); setInterval(() => {}, 1000)");

  it('says who has it while that process runs', async () => {
    const house = anotherHouse(process.pid);
    expect(await said(house)).toBe('opened');

    expect(await openStateFolder(path)).toEqual({ kind: 'in_use', pid: house.pid });
  });

  it('ends what a killed owner left running', async () => {
    const child = aChild();
    await said(child);
    const house = anotherHouse(child.pid!);
    await said(house);
    house.kill('SIGKILL');
    await once(house, 'exit');
    const childEnd = once(child, 'exit');

    expect(await openStateFolder(path)).toMatchObject({ kind: 'opened', cleaned: 1 });
    expect(await childEnd).toEqual([null, 'SIGTERM']);
  });

  it('ends no process that only has the number of an old one', async () => {
    const child = aChild();
    await said(child);
    const gone = { pid: 1, started: 'long ago' };
    writeFileSync(
      join(path, 'house.json'),
      JSON.stringify({ owner: gone, children: [{ pid: child.pid, started: 'long ago' }] }),
    );

    expect(await openStateFolder(path)).toMatchObject({ kind: 'opened', cleaned: 0 });
    expect(child.exitCode).toBeNull();
    expect(child.signalCode).toBeNull();
  });

  it('tells an operator where the functions are called, and nobody else of this machine', async () => {
    const opened = await openStateFolder(path);
    if (opened.kind !== 'opened') throw new Error('not opened');
    const functions = {
      endpoint: 'http://127.0.0.1:9',
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      ledger: 'ledger',
      reconcile: 'reconcile',
    };
    opened.folder.announce(functions);
    opened.folder.remember(process.pid);

    const file = join(path, 'house.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ functions });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    opened.folder.release();
  });

  it('opens after half a file, and is free again when released', async () => {
    writeFileSync(join(path, 'house.json'), '{"owner":');
    const opened = await openStateFolder(path);
    if (opened.kind !== 'opened') throw new Error('not opened');
    expect(existsSync(join(path, 'house.json'))).toBe(true);

    opened.folder.release();

    expect(existsSync(join(path, 'house.json'))).toBe(false);
  });
});

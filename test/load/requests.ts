// The plan as HTTP requests: comments of people on the twin's issues, signed by it, and recorded payloads of GitHub.
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type { LoadHouse } from './load-house.ts';
import type { Ask, Plan, Planned, Repeat } from './plan.ts';

export type Ready = {
  planned: Planned;
  guid: string;
  bodySha256: string;
  headers: Record<string, string>;
  body: string;
};
type Signed = Pick<Ready, 'headers' | 'body'>;

// a JSON file whose own declaration calls it a module
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
  name: string;
  examples: object[];
}[];
/** An installation's event is recorded: all others of these ask for nothing. */
const askingForNothing = examples
  .filter(({ name }) => name !== 'installation')
  .flatMap(({ name: event, examples }) =>
    examples.map((example) => ({ event, body: JSON.stringify(example) })),
  );

/** The door takes 4 MiB. */
const tooLarge = `{"padding":"${'x'.repeat(4 * 1024 * 1024)}"}`;
const writers = ['ada', 'bo', 'cy', 'dee', 'eli', 'fay'];

export const prepare = async (house: LoadHouse, plan: Plan, threads: number) => {
  const { github, api, demo } = house;
  const numbers = openThreads(house, threads);
  const sign = (body: string, secret = github.app.webhookSecret) =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  // GitHub signs now and is not heard: what it would have sent is sent at its time
  github.hook.url = `${api.url}/not-yet`;
  const comment = async (index: number, { thread, by, wants }: Omit<Ask, 'kind'>): Promise<Signed> => {
    const login = by === 'stranger' ? demo.stranger : (writers[index % writers.length] ?? '');
    const work = wants === 'change' ? [`do: echo ${index} > note-${index}.txt`] : [];
    const body = [`@agent fix it`, 'case: load', ...work, `say: I did ${index}.`].join('\n');
    const number = numbers[thread] ?? 0;
    const delivery = await github.comment({ repository: demo.repository, number, login, body }).delivered;
    if (!delivery) throw new Error('GitHub sent no webhook');
    return delivery.request;
  };
  const asks = new Map<Ask, Signed>();
  const signedOf = async (planned: Planned, index: number): Promise<Signed> => {
    switch (planned.kind) {
      case 'ask': {
        const signed = await comment(index, planned);
        asks.set(planned, signed);
        return signed;
      }
      case 'same id':
      case 'same body':
      case 'same trigger':
        return repeated(planned, known(asks, planned.of), sign);
      case 'bad signature': {
        const { headers, body } = await comment(index, { thread: 0, by: 'writer', wants: 'change' });
        return { headers: { ...headers, 'x-hub-signature-256': sign(body, 'of somebody else') }, body };
      }
      case 'not JSON':
        return fresh('issue_comment', `{"action":"created",${index}`, sign);
      case 'too large':
        return fresh('push', tooLarge, sign);
      case 'nothing': {
        const { event, body } = askingForNothing[planned.nth % askingForNothing.length] ?? {
          event: '',
          body: '',
        };
        return fresh(event, body, sign);
      }
    }
  };
  const ready: Ready[] = [];
  for (const [index, planned] of [...plan.planned, ...plan.late].entries())
    ready.push(toReady(planned, await signedOf(planned, index)));
  github.hook.url = `${api.url}/webhooks/github`;
  return {
    numbers,
    soon: ready.slice(0, plan.planned.length),
    late: ready.slice(plan.planned.length),
  };
};

const openThreads = ({ github, demo }: LoadHouse, count: number): number[] => {
  const { repository } = demo;
  for (const login of writers) {
    github.createAccount(login);
    github.repository(repository).collaborators.set(login, 'write');
  }
  return Array.from(
    { length: count },
    (_, index) => github.openIssue({ repository, login: demo.writer, title: `Load ${index}` }).number,
  );
};

const known = (asks: Map<Ask, Signed>, ask: Ask): Signed => {
  const signed = asks.get(ask);
  if (!signed) throw new Error('a repeat stands before what it repeats');
  return signed;
};

type Sign = (body: string) => string;

const repeated = ({ kind }: Repeat, { headers, body }: Signed, sign: Sign): Signed => {
  if (kind === 'same id') return { headers, body };
  const others = { ...headers, 'x-github-delivery': randomUUID() };
  if (kind === 'same body') return { headers: others, body };
  // other bytes about the same comment
  return { headers: { ...others, 'x-hub-signature-256': sign(`${body} `) }, body: `${body} ` };
};

const fresh = (event: string, body: string, sign: Sign): Signed => ({
  headers: {
    'content-type': 'application/json',
    'x-github-event': event,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': sign(body),
  },
  body,
});

const toReady = (planned: Planned, { headers, body }: Signed): Ready => ({
  planned,
  guid: headers['x-github-delivery'] ?? '',
  bodySha256: createHash('sha256').update(body).digest('hex'),
  headers,
  body,
});

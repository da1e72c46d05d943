// Everything that is written down or sent anywhere, as text.
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { credentials, region } from '#local/aws/names.ts';
import type { HostileHouse } from './hostile-house.ts';

type Since = {
  from: { journal: number; logs: number };
  /** Whether what the model was told counts. */
  hasModel: boolean;
};

export const readSinks = async (house: HostileHouse, { from, hasModel }: Since) => {
  const { issues } = house.github.repository(house.demo.repository);
  const entries = house.journal.entries().slice(from.journal);
  return [
    { name: 'the logs', text: house.logs.slice(from.logs).join('\n') },
    {
      name: 'the calls of the parts',
      text: JSON.stringify(entries.filter(({ twin }) => twin !== 'model')),
    },
    ...(hasModel
      ? [
          {
            name: 'what the model was told',
            text: JSON.stringify(entries.filter(({ twin }) => twin === 'model')),
          },
        ]
      : []),
    { name: 'the threads', text: JSON.stringify([...issues.values()]) },
    { name: 'Postgres', text: await allRows(house) },
    { name: 'the bucket', text: await allObjects(house) },
    { name: 'the branches', text: await allCommits(house) },
  ];
};

const allRows = async ({ postgres, superuser }: HostileHouse): Promise<string> => {
  const { host, port, database } = postgres;
  const client = new Client({ host, port, database, user: superuser.user, password: superuser.password });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema')`,
    );
    const texts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ text: string | null }>(
        `select jsonb_agg(to_jsonb(rows))::text as text from ${name} as rows`,
      );
      texts.push(`${name}: ${rows[0]?.text ?? ''}`);
    }
    return texts.join('\n');
  } finally {
    await client.end();
  }
};

const allObjects = async ({ surroundings }: HostileHouse): Promise<string> => {
  const client = new S3Client({
    endpoint: surroundings.endpoints.s3,
    region,
    credentials,
    forcePathStyle: true,
  });
  const Bucket = surroundings.bucket;
  try {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
    const texts = Contents.map(async ({ Key }) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return `${Key}: ${await Body?.transformToString('latin1')}`;
    });
    return (await Promise.all(texts)).join('\n');
  } finally {
    client.destroy();
  }
};

const allCommits = async ({ github, demo }: HostileHouse): Promise<string> =>
  await github.git.run(demo.gitDir, [
    'log',
    '--all',
    '--patch',
    '--text',
    '--format=fuller',
    '--glob=agent/*',
  ]);

// Labels of a repository and of its threads.
import * as z from 'zod';
import type { Api, Twin } from './access.ts';
import { requireIssue, requireRepository } from './access.ts';
import { notFound, send, sendPage } from './answers.ts';
import { fireIssue, firePull } from './events.ts';
import { findLabel, findOrMakeLabel } from './labels.ts';
import { pullSize } from './pulls.ts';
import { readBody } from './read-body.ts';
import { toLabel } from './shape-label.ts';
import type { Issue, Label, Repository } from './world.ts';

export const addLabelRoutes = (api: Api, twin: Twin): void => {
  const { site, world } = twin;
  const labels = '/repos/:owner/:name/labels';
  const ofThread = '/repos/:owner/:name/issues/:number{\\d+}/labels';

  api.get(labels, (c) => {
    const repository = requireRepository(twin, c, ['issues:read', 'pull_requests:read']);
    return sendPage(new URL(c.req.url), repository.labels, (label) => toLabel(site, repository, label));
  });
  api.get(`${labels}/:label`, (c) => {
    const repository = requireRepository(twin, c, ['issues:read', 'pull_requests:read']);
    const label = findLabel(repository, c.req.param('label'));
    if (!label) throw notFound();
    return send(toLabel(site, repository, label));
  });
  api.get(ofThread, (c) => {
    const [repository, issue] = requireIssue(twin, c, 'read');
    return sendPage(new URL(c.req.url), issue.labels, (label) => toLabel(site, repository, label));
  });
  api.post(ofThread, async (c) => {
    const [repository, issue] = requireIssue(twin, c, 'write');
    const { labels: names } = await readBody(c, labelsSchema);
    for (const name of names) {
      const label = findOrMakeLabel(world, repository, name);
      if (issue.labels.includes(label)) continue;
      issue.labels.push(label);
      issue.updatedAt = world.now();
      await fireLabelled(twin, { repository, issue, label });
    }
    return send(issue.labels.map((label) => toLabel(site, repository, label)));
  });
};

const labelsSchema = z.object({ labels: z.array(z.string().min(1).max(50)) });

/** Each label is an event of its own, and may start workflows. */
const fireLabelled = async (
  twin: Twin,
  about: { repository: Repository; issue: Issue; label: Label },
): Promise<void> => {
  const by = { sender: twin.site.app.bot, action: 'labeled' };
  const { pull } = about.issue;
  if (!pull) return void fireIssue(twin, by, about);
  const size = await pullSize(twin.git, about.repository, pull);
  void firePull(twin, by, { ...about, pull, size });
};

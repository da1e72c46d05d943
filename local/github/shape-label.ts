import type { Answer } from './answers.ts';
import type { Site } from './site.ts';
import { nodeId } from './site.ts';
import type { Label, Repository } from './world.ts';

/** https://docs.github.com/rest/issues/labels */
export const toLabel = (site: Site, { fullName }: Repository, { isDefault, ...label }: Label) =>
  ({
    ...label,
    node_id: nodeId('LA', label.id),
    url: `${site.apiUrl}/repos/${fullName}/labels/${encodeURIComponent(label.name)}`,
    default: isDefault,
  }) satisfies Answer<'GET /repos/{owner}/{repo}/labels/{name}'>;

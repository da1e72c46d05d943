import { createHash } from 'node:crypto';
import type { Thread } from './task.ts';

/**
 * The FIFO group of a conversation: 64 hex characters (SQS allows 128). Made of ids, not names, so a renamed
 * repository keeps its conversations and a reused name does not inherit them.
 */
export const threadKey = ({ platform, tenantId, repositoryId, number }: Thread): string =>
  createHash('sha256')
    .update(JSON.stringify([platform, tenantId, repositoryId, number]))
    .digest('hex');

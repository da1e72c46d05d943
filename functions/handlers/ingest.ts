import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Delivery, Inbound } from '#core/delivery.ts';
import { describeError } from '#core/describe-error.ts';
import { encodeMessage } from '#core/messages.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueSender } from '#core/ports/queue.ts';
import { threadKey } from '#core/thread-key.ts';
import { answer } from './http.ts';

type Request = { headers: Record<string, string | undefined>; body: Uint8Array };
type Deps = { receive: (request: Request) => Promise<Inbound>; inbox: QueueSender; log: Log };

/**
 * GitHub sends up to 25 MB and API Gateway takes 10, but a Lambda is called with 6 MB at most, the envelope and
 * base64's third included. An event that can ask for anything has a few hundred kB.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const maxBodyBytes = 4 * 1024 * 1024;

/** A webhook's request in, an answer out; 2xx only once the queue has what was accepted. */
export const createIngest =
  ({ receive, inbox, log }: Deps) =>
  async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    const requestId = event.requestContext.requestId;
    try {
      const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      const inbound: Inbound =
        body.length > maxBodyBytes
          ? { kind: 'rejected', status: 413, reason: 'too_large' }
          : await receive({ headers: event.headers, body });
      return await conclude(inbound, { inbox, log, requestId });
    } catch (error) {
      // no secret or no queue: the sender is told to come again, and nothing was taken
      log.error('webhook not served', { requestId, ...describeError(error) });
      return answer(503, { status: 'unavailable' });
    }
  };

type Context = Pick<Deps, 'inbox' | 'log'> & { requestId: string };

const conclude = async (inbound: Inbound, { inbox, log, requestId }: Context) => {
  switch (inbound.kind) {
    case 'accepted': {
      const { delivery } = inbound;
      const groupId = groupOf(delivery);
      await inbox.send({ body: encodeMessage(delivery), groupId, deduplicationId: delivery.id });
      log.info('queued', { requestId, deliveryId: delivery.id, event: delivery.event.kind, groupId });
      return answer(202, { status: 'queued' });
    }
    case 'ignored':
      log.info('ignored', { requestId, reason: inbound.reason });
      return answer(202, { status: 'ignored', reason: inbound.reason });
    case 'rejected':
      // the reason stays in the log: who has no valid signature learns nothing
      log.warn('rejected', { requestId, reason: inbound.reason });
      return answer(inbound.status, { status: 'rejected' });
  }
};

/** What has to stay in order: a conversation, or the comings and goings of one installation. */
const groupOf = ({ platform, event }: Delivery): string =>
  event.kind === 'mention'
    ? threadKey(event.thread)
    : `installation-${platform}-${event.installation.tenantId}`;

import type { APIGatewayProxyEventV2, SQSEvent, SQSRecord } from 'aws-lambda';

type HttpRequest = { headers?: Record<string, string>; body?: string; isBase64Encoded?: boolean };

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
export const anHttpEvent = ({
  headers = {},
  body,
  isBase64Encoded = false,
}: HttpRequest): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: 'POST /webhooks/github',
  rawPath: '/webhooks/github',
  rawQueryString: '',
  headers,
  requestContext: {
    accountId: '000000000000',
    apiId: 'local',
    domainName: 'localhost',
    domainPrefix: 'local',
    http: {
      method: 'POST',
      path: '/webhooks/github',
      protocol: 'HTTP/1.1',
      sourceIp: '127.0.0.1',
      userAgent: 'GitHub-Hookshot/044aadd',
    },
    requestId: 'JKJaXmPLvHcESHA=',
    routeKey: 'POST /webhooks/github',
    stage: '$default',
    time: '12/Mar/2020:19:03:58 +0000',
    timeEpoch: 1_583_348_638_390,
  },
  ...(body !== undefined && { body }),
  isBase64Encoded,
});

type Message = {
  body: string;
  groupId?: string;
  messageId?: string;
  receiptHandle?: string;
  attributes?: Partial<SQSRecord['attributes']>;
  messageAttributes?: Readonly<Record<string, string>>;
};

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-fifo-queue-message-event */
export const anSqsEvent = (messages: Message[]): SQSEvent => ({
  Records: messages.map(toRecord),
});

const toRecord = (
  { body, groupId = 'g', messageId, receiptHandle, attributes, messageAttributes = {} }: Message,
  index: number,
): SQSRecord => ({
  messageId: messageId ?? `message-${index}`,
  receiptHandle: receiptHandle ?? `receipt-${index}`,
  body,
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1573251510774',
    SenderId: 'AIDAIO23YVJENQZJOL4VO',
    ApproximateFirstReceiveTimestamp: '1573251510774',
    MessageGroupId: groupId,
    MessageDeduplicationId: `dedup-${index}`,
    SequenceNumber: String(18_849_496_460_467_696_128n + BigInt(index)),
    ...attributes,
  },
  messageAttributes: Object.fromEntries(
    Object.entries(messageAttributes).map(([name, stringValue]) => [
      name,
      { dataType: 'String', stringValue },
    ]),
  ),
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:inbox.fifo',
  awsRegion: 'us-east-1',
});

/** What is left of the time of an invocation. */
export const aTimeLeft = (ms = 30_000) => ({ getRemainingTimeInMillis: () => ms });

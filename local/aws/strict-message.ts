// What SQS takes as a message: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AwsError } from './json-api.ts';
import { invalidParameter } from './strict-errors.ts';

const attributeSchema = z.object({
  DataType: z.string().regex(/^(?:String|Number|Binary)(?:\.[\w.-]+)?$/),
  StringValue: z.string().min(1).optional(),
  BinaryValue: z.base64().min(1).optional(),
});
type Attribute = z.infer<typeof attributeSchema>;
export type MessageAttributes = Record<string, Attribute>;

const isBinary = ({ DataType }: Attribute) => DataType.startsWith('Binary');
const hasItsValue = (attribute: Attribute) =>
  (isBinary(attribute) ? attribute.BinaryValue : attribute.StringValue) !== undefined;
const bytesOf = (attribute: Attribute) =>
  isBinary(attribute)
    ? Buffer.from(attribute.BinaryValue ?? '', 'base64')
    : Buffer.from(attribute.StringValue ?? '');

export const messageAttributesSchema = z
  .record(
    z.string().regex(/^[\w.-]{1,256}$/),
    attributeSchema.refine(hasItsValue, 'It must contain a non-empty value of its type.'),
  )
  .refine(
    (attributes) => Object.keys(attributes).length <= 10,
    'There can be at most 10 message attributes.',
  );

/** Of groups and of deduplication: the printable ASCII characters but the space. */
export const idSchema = z
  .string()
  .regex(
    /^[!-~]{1,128}$/,
    'It can only include alphanumeric and punctuation characters. 1 to 128 in length.',
  );

/** The characters of XML 1.0. */
const allowedText = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;

export const checkContents = (body: string, attributes: MessageAttributes, maxBytes: number) => {
  const texts = [body, ...Object.values(attributes).map(({ StringValue = '' }) => StringValue)];
  if (!texts.every((text) => allowedText.test(text)))
    throw new AwsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are XML 1.0.',
    );
  const sizes = Object.entries(attributes).map(
    ([name, attribute]) => name.length + attribute.DataType.length + bytesOf(attribute).length,
  );
  const sizeBytes = sizes.reduce((sum, size) => sum + size, Buffer.byteLength(body));
  if (sizeBytes > maxBytes)
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes.`,
    );
};

export const md5 = (content: string | Buffer) => createHash('md5').update(content).digest('hex');

/** undefined without attributes. The encoding is at SQSDeveloperGuide/sqs-message-metadata.html. */
export const md5OfAttributes = (attributes: MessageAttributes): string | undefined => {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  return md5(Buffer.concat(names.flatMap((name) => encode(name, attributes[name]))));
};

const encode = (name: string, attribute: Attribute | undefined): Buffer[] =>
  attribute
    ? [
        withLength(Buffer.from(name)),
        withLength(Buffer.from(attribute.DataType)),
        Buffer.from([isBinary(attribute) ? 2 : 1]),
        withLength(bytesOf(attribute)),
      ]
    : [];

const withLength = (bytes: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

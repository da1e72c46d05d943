// The errors of SQS: the name makes the SDK's class, the old query code travels in a header beside it.
import type * as z from 'zod';
import { AwsError } from './json-api.ts';
import type { Operation } from './json-api.ts';

export const invalidParameter = (message: string) => new AwsError('InvalidParameterValueException', message);

export const invalidReceipt = (receipt: string) =>
  new AwsError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${receipt}" is not a valid receipt handle.`,
  );

export const expiredReceipt = (receipt: string) =>
  invalidParameter(
    `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  );

/** Whose query code is not their name. */
const queryCodes = new Map([
  ['InvalidParameterValueException', 'InvalidParameterValue'],
  ['MissingRequiredParameterException', 'MissingParameter'],
  ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'],
  ['QueueNameExists', 'QueueAlreadyExists'],
  ['ReceiptHandleIsInvalid', 'ReceiptHandleIsInvalid'],
  ['InvalidMessageContents', 'InvalidMessageContents'],
  ['InvalidAttributeName', 'InvalidAttributeName'],
  ['InvalidAttributeValue', 'InvalidAttributeValue'],
]);

export const errorHeaders = (name: string) => ({
  'x-amzn-query-error': `${queryCodes.get(name) ?? `AWS.SimpleQueueService.${name}`};Sender`,
});

/** An operation whose input is checked first, and refused as SQS refuses it. */
export const sqsOperation =
  <S extends z.ZodType>(schema: S, run: (input: z.infer<S>, gone: AbortSignal) => unknown): Operation =>
  (input, gone) => {
    const parsed = schema.safeParse(input, { reportInput: true });
    if (parsed.success) return run(parsed.data, gone);
    throw toError(parsed.error.issues[0]);
  };

const toError = (issue: z.core.$ZodIssue | undefined) => {
  const name = issue?.path.join('.');
  return issue?.code === 'invalid_type' && issue.input === undefined
    ? new AwsError('MissingRequiredParameterException', `The request must contain the parameter ${name}.`)
    : invalidParameter(`Value ${issue?.input} for parameter ${name} is invalid. Reason: ${issue?.message}`);
};

// A receipt handle: opaque to whoever holds it, another one for each receive.
import { randomUUID } from 'node:crypto';
import * as z from 'zod';

const receiptSchema = z.object({ queue: z.string(), sequence: z.int(), receive: z.uuid() });
type Receipt = Omit<z.infer<typeof receiptSchema>, 'receive'>;

export const writeReceipt = (receipt: Receipt) =>
  Buffer.from(JSON.stringify({ ...receipt, receive: randomUUID() })).toString('base64');

/** undefined for what no queue wrote. */
export const readReceipt = (handle: string): Receipt | undefined => {
  try {
    return receiptSchema.parse(JSON.parse(Buffer.from(handle, 'base64').toString()));
  } catch {
    return undefined; // no base64, no JSON or another shape: garbage all of it
  }
};

/** Rows that fauxqs 2.4.1 gets wrong. Each is asserted to be wrong still: an upgrade that mends one is noticed. */
export const emulatorIsWrong: ReadonlySet<string> = new Set([
  // groups: a receive gives one message of a group at most, and sees the whole queue
  'gives several messages of one group in one receive, in order',
  'keeps the rest of a group back while part of what was received together is in flight',
  'looks at the first messages only, so that a backlog hides the group behind it',
  // deduplication
  'takes one id once per group where the scope is the group',
  // receipts: it forgives all of them, so the duplicate that we must survive never comes
  'refuses to delete by an expired receipt, and the message comes again',
  'refuses to delete by the receipt of an earlier receive, and the holder keeps the message',
  'refuses to delete after the message was given back',
  'refuses to extend an expired receipt: the message is not in flight',
  'refuses garbage for a receipt, to delete and to extend',
  'refuses the receipt of another queue',
  'lets nobody hold a message for more than 12 hours since it was received',
  'deletes a batch as far as the receipts go, and names the others',
  // dead letters
  'keeps a dead letter as it was: id, group, attributes, time of sending, count of receives',
  'says of a dead letter which queue gave it up',
  'counts the age of a dead letter from its coming there, as only FIFO queues do',
  'refuses a standard queue as the dead letters of a FIFO queue',
  'refuses dead letters that are not there',
  // limits: no look at ids, no emoji, codes that the SDK does not know
  'refuses the group "gggggggggg" of 129 characters',
  'refuses the group "a b" of 3 characters',
  'refuses the group "é" of 1 characters',
  'refuses the group "line\\n" of 5 characters',
  'refuses the deduplication id "dddddddddd" of 129 characters',
  'refuses the deduplication id "a b" of 3 characters',
  'refuses the deduplication id "é" of 1 characters',
  'takes every character that XML has, emoji too',
  'refuses high throughput with a deduplication over the whole queue',
  'names its errors as the SDK knows them',
  // what is received
  'tells nothing that is not asked for',
  'forgets a message when its retention is over, in flight or not',
]);

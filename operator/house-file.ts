// What a house on this machine writes down for the operator: where its functions are called.
import * as z from 'zod';

export const houseFileName = 'house.json';

export const functionsPlaceSchema = z.object({
  endpoint: z.url(),
  region: z.string().min(1),
  /** Made up, as the house is: the SDK insists on some. */
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  ledger: z.string().min(1),
  reconcile: z.string().min(1),
});
export type FunctionsPlace = z.infer<typeof functionsPlaceSchema>;

/** The part that is there once the house is up. */
export const houseFileSchema = z.object({ functions: functionsPlaceSchema.optional() });

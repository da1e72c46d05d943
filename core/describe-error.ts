/** What of an error may stand in a log: never its cause's or an answer's body. */
export const describeError = (error: unknown): { error: string; detail: string; status?: number } => {
  if (!(error instanceof Error)) return { error: typeof error, detail: '' };
  const status = 'status' in error && typeof error.status === 'number' ? { status: error.status } : {};
  return { error: error.name, detail: error.message.slice(0, 300), ...status };
};

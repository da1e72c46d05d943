/** Settings that lead an SDK client to a server on loopback, without a look at the machine's own configuration. */
export const onLoopback = (url: string) => ({
  endpoint: url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

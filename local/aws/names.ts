// The account and region of the house on a laptop: as made up as its credentials.
export const region = 'us-east-1';
export const accountId = '000000000000';
/** The SDK insists on some; the fakes look only that a request is signed at all. */
export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

export const arn = (service: string, resource: string) =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`;

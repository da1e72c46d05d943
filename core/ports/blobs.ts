/** Write-once objects by key: patches, transcripts, logs. */
export type Blobs = {
  put: (key: string, body: Uint8Array, contentType: string) => Promise<void>;
  /** undefined when there is no such object. */
  get: (key: string) => Promise<Uint8Array | undefined>;
};

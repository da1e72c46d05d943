// The head of a CGI answer (RFC 3875, section 6): header lines, among them Status, an empty line, then the body.
type Head = { status: number; headers: Record<string, string> };

export const createCgiHead = () => {
  let head: Head | undefined;
  let waiting: Buffer = Buffer.alloc(0);

  /** Takes what came and gives the part of it that is body. */
  const feed = (chunk: Buffer): Buffer => {
    if (head) return chunk;
    waiting = Buffer.concat([waiting, chunk]);
    const end = waiting.indexOf('\r\n\r\n');
    if (end < 0) return Buffer.alloc(0);
    head = parseHead(waiting.subarray(0, end).toString('latin1'));
    return waiting.subarray(end + 4);
  };

  return { feed, parsed: () => head };
};

const parseHead = (text: string): Head => {
  const pairs = text.split('\r\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const { status = '200', ...headers } = Object.fromEntries(pairs);
  return { status: Number.parseInt(status, 10), headers };
};

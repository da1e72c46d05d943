/**
 * The text, or its beginning with the mark behind it: at most maxBytes in UTF-8, never half a code point. A lone
 * surrogate counts as the three bytes of its replacement.
 */
export const cutText = (text: string, maxBytes: number, mark: string): string => {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const room = maxBytes - Buffer.byteLength(mark);
  let end = 0;
  let bytes = 0;
  for (const point of text.slice(0, room)) {
    bytes += Buffer.byteLength(point);
    if (bytes > room) break;
    end += point.length;
  }
  return text.slice(0, end) + mark;
};

/** A name as a file system may see it that folds case, composes letters and skips what cannot be seen. */
export const canonical = (segment: string): string =>
  segment
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase()
    .replace(/[. ]+$/, (end, at: number) => (at === 0 ? end : ''));

export const canonicalPath = (path: string): string => path.split('/').map(canonical).join('/');

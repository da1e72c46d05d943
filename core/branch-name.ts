/**
 * True for a branch name that git takes and that can stand in an argument: the rules of git-check-ref-format, and no
 * leading hyphen. https://git-scm.com/docs/git-check-ref-format
 */
export const isBranchName = (name: string): boolean =>
  name.length <= 200 &&
  !/[\p{Cc}\p{Cf}\s~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.\/|\.lock(?:\/|$)/u.test(name) &&
  !/^[-/.]|[/.]$|^@?$/.test(name);

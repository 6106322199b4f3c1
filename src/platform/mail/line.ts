/** Without what breaks a line or turns its direction. */
export const oneLine = (text: string) =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
    .slice(0, 200)

/**
 * A name that somebody chose, so that no mail program makes a link of it: the dot of one character reads the same, and
 * is a dot again where a user name is typed to sign in.
 */
export const unlinked = (name: string) =>
  oneLine(name.normalize('NFKC'))
    .replaceAll('://', ' ')
    .replaceAll('@', ' at ')
    .replace(/(?<=\S)[.。](?=\S)/gu, '\u2024')

/** Removes line breaks and marks that change the text direction. */
export const oneLine = (text: string) =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
    .slice(0, 200)

/**
 * Keeps mail programs from turning a chosen name into a link: its dots become one-dot leaders, which look the same and
 * count as dots when a user name is typed to sign in.
 */
export const unlinked = (name: string) =>
  oneLine(name.normalize('NFKC'))
    .replaceAll('://', ' ')
    .replaceAll('@', ' at ')
    .replace(/(?<=\S)[.。](?=\S)/gu, '\u2024')

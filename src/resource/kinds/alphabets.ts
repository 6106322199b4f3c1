/** Latin as languages use it: without clicks, phonetic letters and small capitals, which look like other letters. */
const LATIN =
  '[[\\p{scx=Latn}--[\\u01c0-\\u01c3\\u0250-\\u02af\\u1d00-\\u1dbf\\u2c60-\\u2c7f\\ua720-\\ua7ff\\uab30-\\uab6f]]ɓɔɖɗəɛɣɨɲʃʉʊʋʒ]'

/**
 * Scripts in use today (UAX 31, table 5), grouped by what may share a word: Latin mixes with scripts that hardly put
 * spaces between words.
 */
const TODAY = [
  `${LATIN}\\p{scx=Hani}\\p{scx=Hira}\\p{scx=Kana}`,
  ...['Hani}\\p{scx=Bopo', 'Hani}\\p{scx=Hang', 'Thai', 'Laoo', 'Khmr', 'Mymr'].map(
    (script) => `${LATIN}\\p{scx=${script}}`,
  ),
  ...'Arab Armn Beng Cyrl Deva Ethi Geor Grek Gujr Guru Hebr Knda Mlym Orya Sinh Taml Telu Thaa Tibt'
    .split(' ')
    .map((script) => `\\p{scx=${script}}`),
]
/** Any other script; a word that mixes them resembles no known word. */
const OTHER = `[^\\p{scx=Latn}${TODAY.map((letters) => letters.replace(LATIN, '')).join('')}]`

const allOf = (alphabets: readonly string[], beside: string) =>
  new RegExp(`^(${alphabets.map((letters) => `[${letters}${beside}]*`).join('|')})$`, 'v')

const WORD = allOf([...TODAY, OTHER], '\\p{M}\\p{N}\\p{scx=Zyyy}\\p{scx=Zinh}')
const USERNAME = allOf(TODAY, '0-9._\\-')

/** The message of both checks. */
export const ONE_ALPHABET = 'Use letters of one alphabet in each word'

/** Whether each word of a name uses one alphabet: "Отдел IT" does, "аdmin" with a Cyrillic а doesn't. */
export const hasWordsOfOneAlphabet = (name: string): boolean =>
  name.split(/[^\p{L}\p{M}\p{N}\u200c\u200d]+/u).every((word) => WORD.test(word))

/** Whether a user name, a single word, uses one alphabet in use today. */
export const isOfOneAlphabet = (username: string): boolean => USERNAME.test(username)

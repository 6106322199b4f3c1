/** Letters with a stroke, a hook or no dot, which Unicode doesn't decompose, and look-alike signs. */
const LETTERS = 'łƚøđðɖħŧŋıȷĸƀǥɨƶʉɉɏȼɍəςґғҗҙқҡңөҫүұҳҷҹә‘’ʼʹʻ‐–—'
const READ_AS = "llodddhtnijkbgizujycraσггжзккносуухчча'''''---"
const ligatures = { ß: 'ss', æ: 'ae', œ: 'oe', þ: 'th' }
const readAs = new Map([
  ...[...LETTERS].map((letter, at) => [letter, READ_AS[at]]),
  ...Object.entries(ligatures),
] as [string, string][])

const MARKS =
  /[\u0300-\u036f]|[\u0483-\u0487]|[\u1ab0-\u1aff]|[\u1dc0-\u1dff]|[\u20d0-\u20ff]|[\ufe20-\ufe2f]/g

/** Mirrors `app.fold`, the form by which names are searched, sorted and unique. A test keeps the two equal. */
export const fold = (text: string): string =>
  [...text.normalize('NFKD').replace(MARKS, '').toLowerCase()]
    .map((letter) => readAs.get(letter) ?? letter)
    .join('')

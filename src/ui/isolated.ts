/** Letters written from right to left, and the mark that turns signs as they do. A run of them is a name, or part of one. */
const LETTER =
  '[\\u0590-\\u08ff\\u200f\\ufb1d-\\ufdff\\ufe70-\\ufeff\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}]'
const RUN = new RegExp(`${LETTER}+(?:[\\s\\d.’'"-]+${LETTER}+)*`, 'gu')
const SOME = new RegExp(LETTER, 'u')

/** Tags; and what holds text alone, with its text. */
const TAG = /<(?:title|option|textarea|script|style)\b.*?<\/\w+>|<[^>]*>/gs

/** Names that run from right to left stay where they are in a sentence, and leave the rest of it where that is. */
export function isolated(html: string): string {
  if (!SOME.test(html)) return html
  let [out, end] = ['', 0]
  for (const { 0: tag, index } of html.matchAll(TAG)) {
    out +=
      html.slice(end, index).replace(RUN, '<bdi>$&</bdi>') +
      (/^<(title|option)/.test(tag) ? isolatedText(tag) : tag)
    end = index + tag.length
  }
  return out + html.slice(end).replace(RUN, '<bdi>$&</bdi>')
}

/** The same for what has no markup: mails, terminals, titles. */
export const isolatedText = (text: string): string => text.replace(RUN, '\u2068$&\u2069')

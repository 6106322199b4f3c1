export interface Noun {
  one: string
  many: string
}

const format = new Intl.NumberFormat('en')
export const number = (count: number) => format.format(count)

export const counted = (count: number, { one, many }: Noun) => `${number(count)} ${count === 1 ? one : many}`

export const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1)

export const midSentence = (label: string) => label.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase())

/** By sound: "a role", "an invoice", "a user", "a one-time code". */
export const withArticle = (noun: string) => `${/^(?!one\b)[aeio]/i.test(noun) ? 'an' : 'a'} ${noun}`

/** What records are called: 'person', 'people'. */
export interface Noun {
  one: string
  many: string
}

const number = new Intl.NumberFormat('en')

/** "1 person", "1,240 people". */
export const counted = (count: number, { one, many }: Noun) =>
  `${number.format(count)} ${count === 1 ? one : many}`

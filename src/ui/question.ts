export const ASK = 'ask'

/** What the button of the dialog sends: its form asks no more. */
export const answered = { name: ASK, value: 'answered' } as const

export type Question = {
  title: string
  text: string
  button: string
  danger: string
}

export const questionFields = (question: Question) =>
  Object.entries(question).map(([name, value]) => [`${ASK}.${name}`, value] as const)

export const isQuestion = (name: string) => name === ASK || name.startsWith(`${ASK}.`)

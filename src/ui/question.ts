export const ASK = 'ask'

/** What the button of the dialog sends: its form asks no more. */
export const answered = { name: ASK, value: 'answered' } as const

/** What a button's form asks before it does anything. */
export type Question = {
  /** Names what it is about. */
  title: string
  /** What it brings about. */
  text: string
  /** Verb and object of the button that does it. */
  button: string
  /** Takes something away. */
  danger: string
}

/** The question as fields of the form that asks it. */
export const questionFields = (question: Question) =>
  Object.entries(question).map(([name, value]) => [`${ASK}.${name}`, value] as const)

/** Whether a field of a form is of its question, and nothing that is sent. */
export const isQuestion = (name: string) => name === ASK || name.startsWith(`${ASK}.`)

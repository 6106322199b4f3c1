/** Who signs in, and the user name of somebody in the same organization. */
export type Travellers = { username: string; password: string; other: string }

/** What a program met that went through the interface by a generated client alone. */
export type Trip = {
  /** User names of who is active or invited, and is called like the other one. */
  people: string[]
  /** The name of a group as it was made, and as it was changed. */
  group: string[]
  /** What a role was made from, and whether it was given to the other one. */
  template: string
  given: number
  /** How many sessions of the other one ended. */
  ended: number
  /** How the secret of an API key begins. */
  key: string
  /** The status of a refusal, by its body. */
  missing: number
}

/** Names of letters beyond ASCII: what a careless pattern refuses. */
export const NAMES = ['Zoë 👍 Łódź', 'Ünïcode ﬁ'] as const

export const NOWHERE = '00000000-0000-7000-8000-000000000000'

export function present<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('there is nothing')
  return value
}

import { z } from 'zod'
import type { Explanation, Path } from '#src/access/explain.ts'
import { normalised } from '#src/domains/accounts/model.ts'

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const PERMISSION = /^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$/

/** An empty field of a form is none. */
export const optional = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

const id = (what: string) => z.guid(`Enter the id of a ${what}`).transform((text) => text.toLowerCase())

const permission = z.string().regex(PERMISSION, 'Enter model:action, like user:read')

/** A person as somebody names them: by id, user name or address. */
export const person = z
  .string()
  .trim()
  .max(254)
  .transform((text) => (UUID.test(text) ? { id: text.toLowerCase() } : { name: normalised(text) }))

export const explainQuery = z.strictObject({
  user: optional(person),
  permission: optional(permission),
  /** Looked at by the handler, so that the form comes again with what was typed. */
  record: optional(z.string().trim().max(100).meta({ format: 'uuid' })),
  request: optional(z.guid('Enter the id of a request')),
})

export type ExplainQuery = z.infer<typeof explainQuery>

const MAX_QUESTIONS = 100

export const questions = z.strictObject({
  user: optional(id('user')),
  questions: z
    .array(z.strictObject({ permission, record: optional(id('record')) }), 'Enter a question')
    .min(1, 'Enter a question')
    .max(MAX_QUESTIONS, `Ask at most ${MAX_QUESTIONS}`),
})

export type Questions = z.infer<typeof questions>

/** Null stands for a name that the asker may not read. */
export const name = z.string().nullable()

export const explained = z.strictObject({
  allowed: z.boolean(),
  because: z.array(
    z.strictObject({
      role: name,
      inherited_through: z.array(name),
      permission: z.string(),
      scope: z.enum(['all', 'group', 'own']),
      matched: z.strictObject({ column: z.string().nullable(), group_path: z.array(name).optional() }),
    }),
  ),
  missing: z.strictObject({ permissions: z.array(z.string()), roles: z.array(z.string()) }).optional(),
  asleep: z.array(z.string()).optional(),
})

const pathJson = ({ role, inherited, permission, scope, column, groups }: Path) => ({
  role: role.name,
  inherited_through: inherited.map((one) => one.name),
  permission,
  scope,
  matched: { column, ...(groups ? { group_path: groups.map((group) => group.name) } : {}) },
})

/** An explanation as JSON. */
export const explanationJson = ({ allowed, because, missing, inactive }: Explanation) => ({
  allowed,
  because: because.map(pathJson),
  ...(missing
    ? { missing: { permissions: missing.permissions, roles: missing.roles.map((role) => role.name) } }
    : {}),
  ...(inactive.length ? { asleep: inactive } : {}),
})

/** What whoever may not read permissions gets to know of a refusal: nothing that names one. */
export function withoutNames(found: Explanation): Explanation {
  const told = (sentence: string) => !/\b[a-z][a-z0-9_]*:[a-z][a-z0-9_]*:(all|group|own)\b/.test(sentence)
  return { ...found, because: [], missing: null, inactive: found.inactive.filter(told) }
}

/** What can be asked, for who asks nothing. */
export const vocabulary = z.strictObject({ permissions: z.array(z.string()) })

export const refusalAnswered = explained.extend({
  /** In which scopes it is held, though this was out of their reach. */
  held: z.array(z.enum(['all', 'group', 'own'])),
  /** For whoever may read permissions. */
  permission: z.string().optional(),
  ask: z.string().optional(),
})

/** What was refused to the caller, and why, as of now. */
export type Refused = {
  explanation: Explanation | null
  /** Null for whoever may not read permissions. */
  permission: string | null
}

/** The explanation of the caller's own refused request as JSON. */
export const refusalJson = ({ explanation, permission }: Refused, request: string) => ({
  ...(explanation ? explanationJson(explanation) : { allowed: false, because: [] }),
  held: explanation?.held ?? [],
  ...(permission ? { permission } : { ask: askWhom(request) }),
})

/** For whoever may not read permissions. */
export const askWhom = (request: string) =>
  `Ask someone who manages roles in your organization and send them the request ID: ${request}.`

export const answered = z.strictObject({
  answers: z.array(
    z.strictObject({ permission: z.string(), record: z.guid().optional(), allowed: z.boolean() }),
  ),
})

export const scope = z.enum(['all', 'group', 'own'])

export const side = z.strictObject({ id: z.guid(), name: z.string() })

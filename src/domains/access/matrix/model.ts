import { z } from 'zod'
import { wholeNumber } from '#src/locale/instructions.ts'

const guid = (what: string) => z.guid(`Choose a ${what}`).transform((text) => text.toLowerCase())
const optional = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

/** Columns of a page where the roles are not named. */
export const ROLES_SHOWN = 12
const MAX_ROLES = 50
const MAX_CHANGES = 1000

const ids = z
  .string()
  .transform((text) => [...new Set(text.toLowerCase().split(',').filter(Boolean))])
  .pipe(z.array(z.guid('Choose roles')).max(MAX_ROLES, `Choose at most ${MAX_ROLES} roles`))

export const matrixQuery = z.strictObject({
  /** Which roles, with commas between; otherwise the first by name. */
  roles: optional(ids),
  q: optional(z.string().trim().max(200)),
  model: optional(z.string().max(100)),
  offset: optional(
    z
      .string()
      .regex(/^\d{1,5}$/, wholeNumber())
      .transform(Number),
  ),
})
export type MatrixQuery = z.infer<typeof matrixQuery>

const change = z.strictObject({ role_id: guid('role'), permission_id: guid('permission'), held: z.boolean() })
export type Change = z.infer<typeof change>

const changes = z.strictObject({
  changes: z
    .array(change, 'Choose a change')
    .min(1, 'Choose a change')
    .max(MAX_CHANGES, `Choose at most ${MAX_CHANGES} changes`),
  /** Versions of roles as they were seen: another one by now is a 412. */
  versions: z.record(guid('role'), z.int()).optional(),
  /** Only finds out what it would do. */
  dry_run: z.boolean().optional(),
  /** For pages: the query of the matrix that comes next. */
  back: z.string().max(2000).optional(),
})
export type Changes = z.infer<typeof changes>

/** A form's boxes: those that are ticked (`held`) and those that were (`had`), each as `role:permission`. */
export const matrixChanges = z.preprocess(
  (sent) => (sent && typeof sent === 'object' && !('changes' in sent) ? fromForm({ ...sent }) : sent),
  changes,
)

const several = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(String))

function fromForm({ held, had, versions, dry_run, ...rest }: Record<string, unknown>) {
  const [now, before] = [new Set(several(held)), new Set(several(had))]
  const named = (pairs: Iterable<string>, held: boolean) =>
    [...pairs].map((pair) => {
      const [role_id, permission_id] = pair.split(':')
      return { role_id, permission_id, held }
    })
  return {
    changes: [
      ...named(
        [...now].filter((pair) => !before.has(pair)),
        true,
      ),
      ...named(
        [...before].filter((pair) => !now.has(pair)),
        false,
      ),
    ],
    versions: Object.fromEntries(
      several(versions).map((pair) => [pair.split(':')[0], Number(pair.split(':')[1])]),
    ),
    ...(dry_run === undefined ? {} : { dry_run: dry_run === 'true' }),
    ...rest,
  }
}

const cell = z.union([z.literal('own'), z.array(z.string())])

export const matrixAnswered = z.strictObject({
  roles: z.array(
    z.strictObject({
      id: z.guid(),
      name: z.string(),
      status: z.enum(['active', 'disabled']),
      builtin: z.boolean(),
      version: z.int(),
    }),
  ),
  permissions: z.array(
    z.strictObject({
      id: z.guid(),
      code: z.string(),
      model: z.string(),
      action: z.string(),
      scope: z.enum(['all', 'group', 'own']),
      description: z.string(),
      status: z.enum(['active', 'disabled']),
    }),
  ),
  /** By role and code: held by itself, or the names of the roles it is inherited from. */
  cells: z.record(z.guid(), z.record(z.string(), cell)),
  page: z.strictObject({ limit: z.int(), offset: z.int(), total: z.int() }),
})

const affected = z.strictObject({
  count: z.int(),
  users: z.array(z.strictObject({ id: z.guid(), name: z.string() })),
})

export const effectsAnswered = z.strictObject({
  effects: z.array(z.strictObject({ permission: z.string(), gains: affected, loses: affected })),
})

export const compareQuery = z.strictObject({ a: optional(guid('role')), b: optional(guid('role')) })

export const rolesCompared = z.strictObject({
  roles: z.array(z.strictObject({ id: z.guid(), name: z.string() })),
  /** `cells` says it of each, in the order of `roles`; null where it has it not. */
  data: z.array(
    z.strictObject({
      code: z.string(),
      model: z.string(),
      action: z.string(),
      scope: z.enum(['all', 'group', 'own']),
      description: z.string(),
      cells: z.array(cell.nullable()),
    }),
  ),
})

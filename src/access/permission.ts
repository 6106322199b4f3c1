/**
 * The grammar of a permission: `model:action:scope`.
 * Every domain's `model.ts` adds its model to `Models`, so that a permission that doesn't exist doesn't compile.
 */
/** @public each model adds itself to it */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Models {}

export type Model = keyof Models & string
type Action<M extends Model> = Models[M] & string

/** Which rows: every one of the organization, those of my groups and the groups beneath, or mine. */
export const scopes = ['all', 'group', 'own'] as const
export type Scope = (typeof scopes)[number]

/** `model:action`, what a route requires; the scopes held decide which rows. */
export type Permission = { [M in Model]: `${M}:${Action<M>}` }[Model]

export type ModelOf<P extends Permission> = P extends `${infer M}:${string}` ? M & Model : never
export type ActionOf<P extends Permission> = P extends `${string}:${infer A}` ? A : never

const GRAMMAR = /^([a-z][a-z0-9_]*):([a-z][a-z0-9_]*):(all|group|own)$/

/** Splits `user:read:own`; null for anything else. */
export function parsePermission(code: string): { model: string; action: string; scope: Scope } | null {
  const [, model, action, scope] = GRAMMAR.exec(code) ?? []
  return model && action && scope ? { model, action, scope: scope as Scope } : null
}

import type { Model, Scope } from '#src/access/permission.ts'

/** A row belongs to a group through another table: `table.key = this.of` and `table.column` names the group. */
export type Through = {
  table: string
  key: string
  of: string
  column: string
  /** Column with the start time; null there means always. */
  begins?: string
}

/** A row belongs to its parent's owner or groups: `this.by` names a record of the model `parent`. */
export type AsParent = { parent: string; by: string }

/** What `own` and `group` mean for a model, declared once beside its table. */
export type AccessModel<Name extends string = string, Act extends string = string> = {
  name: Name
  /** Plural table. */
  table: string
  actions: readonly Act[]
  /** Columns that hold a row's owner, or the parent that decides it. */
  own: readonly (string | AsParent)[]
  /** Columns that hold a group, or a way to one. */
  group: readonly (string | Through | AsParent)[]
  /** Which of these columns a write places a row by; all by default. Owner columns always do. */
  placement?: readonly string[]
}

export const isAsParent = (way: string | Through | AsParent): way is AsParent =>
  typeof way !== 'string' && 'parent' in way

/** A model's columns that name a parent, each with the parent's model. */
export const parentsOf = ({ own, group }: AccessModel): ReadonlyMap<string, string> =>
  new Map([...own, ...group].filter(isAsParent).map(({ by, parent }) => [by, parent]))

const owners = ['owner_user_id', 'owner_group_id']

/** Whether a write places a row by this column: every such column it sets must be in scope. */
export const isPlacement = ({ placement }: AccessModel, column: string): boolean =>
  placement === undefined || placement.includes(column) || owners.includes(column)

export type ActionsOf<M> = M extends AccessModel<string, infer Act> ? Act : never

const models = new Map<string, AccessModel>()

/** Declares a model; the Grant builds its filter from this, and the seed its built-in permissions. */
export function defineModel<const Name extends string, const Act extends string>(
  name: Name,
  declaration: Omit<AccessModel<Name, Act>, 'name'>,
): AccessModel<Name, Act> {
  const model = { name, ...declaration }
  models.set(name, model)
  return model
}

/** @throws if no model of that name is declared */
export function modelOf(name: Model | string): AccessModel {
  const model = models.get(name)
  if (!model) throw new Error(`no model is named ${name}`)
  return model
}

export const allModels = (): readonly AccessModel[] => [...models.values()]

/** The model of that name, if one is declared. */
export const findModel = (name: string): AccessModel | undefined => models.get(name)

/** Every `model:action` that the code declares. */
export const declaredActions = (): { model: string; action: string }[] =>
  [...models.values()].flatMap(({ name, actions }) => actions.map((action) => ({ model: name, action })))

/** The scopes that a model's declaration supports. */
export const scopesOf = (model: AccessModel): Scope[] => [
  'all',
  ...(model.group.length ? (['group'] as const) : []),
  ...(model.own.length ? (['own'] as const) : []),
]

/** Every built-in permission: model × actions × the scopes its declaration supports. */
export const builtinPermissions = () =>
  [...models.values()].flatMap((model) =>
    model.actions.flatMap((action) => scopesOf(model).map((scope) => ({ model: model.name, action, scope }))),
  )

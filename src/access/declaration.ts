import { allModels, scopesOf } from '#src/access/model.ts'
import { permissionsOfTemplate, templates } from '#src/access/templates.ts'
import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

/** What the code declares about access: `own` and `group` for each model, its actions, and the role templates. */
export const accessDeclaration = () => ({
  models: Object.fromEntries(
    allModels().map((model) => {
      const { name, table, actions, own, group } = model
      return [name, { table, actions, own, group, scopes: scopesOf(model) }]
    }),
  ),
  templates: Object.fromEntries(
    Object.keys(templates).map((name) => [name, permissionsOfTemplate(name).sort()]),
  ),
})

/** Stores the declaration if it changed: past access can only be explained by the code of that time. */
export const declareAccess = (db: Pick<Database, 'lookup'>): Promise<boolean | null> =>
  db.lookup(fn.declare_access({ declared: accessDeclaration() }))

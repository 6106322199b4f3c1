import { allModels, scopesOf } from '#src/access/model.ts'
import { permissionsOfTemplate, templates } from '#src/access/templates.ts'
import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'

/** What the code says about access: what own and group mean for each model, what can be done, and what templates hold. */
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

/** Keeps it where it isn't what was kept last: what somebody could do at a time was decided by the code of then. */
export const declareAccess = (db: Pick<Database, 'lookup'>): Promise<boolean | null> =>
  db.lookup(fn.declare_access({ declared: accessDeclaration() }))

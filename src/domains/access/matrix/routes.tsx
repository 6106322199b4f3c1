import { changeMatrix } from '#src/domains/access/matrix/actions.ts'
import {
  effectsAnswered,
  type MatrixQuery,
  matrixAnswered,
  matrixChanges,
  matrixQuery,
  ROLES_SHOWN,
} from '#src/domains/access/matrix/model.ts'
import { type Matrix, matrixOf } from '#src/domains/access/matrix/queries.ts'
import { matrixPath, matrixScreen, previewScreen } from '#src/domains/access/matrix/views.tsx'
import { type Answer, type Call, can, get, post, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'

type Reading = Pick<Call<{ can: 'role:read' }>, 'db' | 'actor'>

const load = ({ db, actor }: Reading, query: MatrixQuery) =>
  matrixOf(
    db,
    actor,
    { roles: actor.require('role:read'), permissions: actor.require('permission:read') },
    query,
  )

const json = (matrix: Matrix, { offset = 0 }: MatrixQuery) => ({
  roles: matrix.roles.map(({ id, name, status, builtin, version }) => ({
    id,
    name,
    status,
    builtin,
    version,
  })),
  permissions: matrix.permissions,
  cells: Object.fromEntries(matrix.roles.map(({ id }) => [id, Object.fromEntries(matrix.cells(id))])),
  page: { limit: ROLES_SHOWN, offset, total: matrix.total },
})

/** Where the matrix is gone back to: the same roles and permissions, as far as the address makes sense. */
const viewOf = (back: unknown): MatrixQuery => {
  const given = Object.fromEntries(new URLSearchParams(typeof back === 'string' ? back : ''))
  const parsed = matrixQuery.safeParse(given)
  return parsed.success ? parsed.data : {}
}

/** The matrix again, with the boxes as they were ticked and what stood in the way. */
async function again(call: Reading, refusal: Refusal) {
  const query = viewOf(refusal.input.back)
  const matrix = await load(call, query)
  return (frame: Frame) =>
    matrixScreen({ matrix, query, blocks: matrix.blocks(call.actor), refusal, frame, writes: true })
}

export const matrixRoutes = [
  get(
    paths.access.matrix,
    can('role:read'),
    { query: matrixQuery, answer: matrixAnswered, summary: 'Get which role has which permission' },
    async ({ db, actor, query }) => {
      const matrix = await load({ db, actor }, query)
      const writes = actor.can('role:update')
      return {
        json: json(matrix, query),
        screen: (frame) => matrixScreen({ matrix, query, blocks: matrix.blocks(actor), frame, writes }),
      }
    },
  ),

  post(
    paths.access.matrix,
    can('role:update'),
    {
      body: matrixChanges,
      refused: again,
      answer: effectsAnswered,
      summary: 'Add and remove permissions of roles, or preview the effect',
      otherStatuses: [409, 412],
    },
    async ({ db, actor, grant, body }): Promise<Answer> => {
      const { dry_run } = body
      const view = viewOf(body.back)
      if (!dry_run) {
        const { effects } = await db.withActor(actor, (tx) => changeMatrix(tx, actor, grant, body))
        return { json: { effects }, location: matrixPath(view), notice: 'Saved' }
      }
      const { changed, effects } = await db.dryRun(actor, (tx) => changeMatrix(tx, actor, grant, body))
      return {
        json: { effects },
        screen: (frame) => previewScreen({ body, changed, effects, view, frame }),
      }
    },
  ),
]

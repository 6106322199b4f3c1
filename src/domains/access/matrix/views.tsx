import type { Effect } from '#src/access/effect.ts'
import type { Changed } from '#src/domains/access/matrix/actions.ts'
import { Boxes } from '#src/domains/access/matrix/cell-views.tsx'
import { type Changes, type MatrixQuery, ROLES_SHOWN } from '#src/domains/access/matrix/model.ts'
import type { Matrix, MatrixPermission } from '#src/domains/access/matrix/queries.ts'
import type { Refusal, Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Permission } from '#src/resource/permission-views.tsx'
import { modelInWords } from '#src/resource/permission-words.ts'
import { Button, ButtonLink } from '#src/ui/button.tsx'
import { type EffectProps, Effects } from '#src/ui/effect.tsx'
import { EmptyState, NoMatch } from '#src/ui/feedback.tsx'
import { Actions, ErrorSummary, Form, refusalErrors } from '#src/ui/form.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { listUrl } from '#src/ui/list-url.ts'
import { Panel } from '#src/ui/surface.tsx'
import { Toolbar } from '#src/ui/toolbar.tsx'

/** The query in an address, without what is not said. */
const parameters = ({ roles, q, model, offset }: MatrixQuery) =>
  Object.entries({ roles: roles?.join(','), q, model, offset: offset ? String(offset) : undefined }).filter(
    (pair): pair is [string, string] => Boolean(pair[1]),
  )

/** Where the matrix stands with this query. */
export const matrixPath = (query: MatrixQuery) => {
  const search = new URLSearchParams(parameters(query))
  return search.size ? `${paths.access.matrix}?${search}` : paths.access.matrix
}

type MatrixProps = {
  matrix: Matrix
  query: MatrixQuery
  blocks: (roleId: string, permission: MatrixPermission) => string | null
  writes: boolean
  refusal?: Refusal
  frame: Frame
}

/** Roles × permissions: what each has by itself, and what it inherits. */
export function matrixScreen({ matrix, query, blocks, writes, refusal, frame }: MatrixProps): Screen {
  const { model, q, roles } = query
  const path = frame.path(paths.access.matrix)
  const here = listUrl(path, { roles: roles?.join(','), q, model })
  return {
    title: 'Role matrix',
    subtitle: 'Which role has which permission. Inherited permissions show the role they come from.',
    actions: <ButtonLink href={frame.path(paths.compareRoles)}>Compare roles</ButtonLink>,
    children: (
      <>
        <ErrorSummary errors={refusalErrors(refusal)} title="Nothing was saved" />
        <Toolbar
          path={path}
          listUrl={here}
          q={q ?? ''}
          placeholder="Search roles"
          keep={{ roles: roles?.join(',') }}
          filters={[
            {
              name: 'model',
              label: 'Model',
              value: model ?? null,
              as: 'select',
              any: 'All models',
              options: matrix.models.map((value) => ({ value, label: modelInWords(value) })),
            },
          ]}
        >
          <Choose matrix={matrix} query={query} path={path} />
        </Toolbar>
        {matrix.roles.length && matrix.permissions.length ? (
          <Form id="matrix" action={path} csrfToken={frame.csrfToken} guard={writes}>
            <input type="hidden" name="dry_run" value="true" />
            <input type="hidden" name="back" value={new URLSearchParams(parameters(query)).toString()} />
            {many(matrix) ? (
              <p class="hint without-script">Too many permissions to save at once. Choose a model first.</p>
            ) : null}
            <Boxes matrix={matrix} blocks={blocks} wanted={wantedBy(refusal)} frame={frame} />
            <div class="matrix-bar">
              {writes ? (
                <Button kind="primary">
                  <span data-count>Review changes</span>
                </Button>
              ) : null}
              <Steps matrix={matrix} query={query} frame={frame} />
            </div>
          </Form>
        ) : query.q || roles ? (
          <NoMatch clear={path} many="roles" />
        ) : (
          <EmptyState icon="grid-3x3" title="Nothing to show" />
        )}
      </>
    ),
  }
}

/** More than a form without scripts may send: each held box goes as two fields. */
const many = (matrix: Matrix) =>
  matrix.roles.reduce(
    (sum, { id }) => sum + [...matrix.cells(id).values()].filter((cell) => cell === 'own').length,
    0,
  ) > 400

/** What the boxes of a refused form said. */
function wantedBy(refusal: Refusal | undefined): ReadonlyMap<string, boolean> {
  const list = (value: unknown) => (value === undefined ? [] : [value].flat().map(String))
  const held = list(refusal?.input.held)
  const lost = list(refusal?.input.had).filter((pair) => !held.includes(pair))
  return new Map([
    ...held.map((pair) => [pair, true] as const),
    ...lost.map((pair) => [pair, false] as const),
  ])
}

/** Which roles: boxes that js/matrix.js joins into one parameter. */
function Choose({ matrix, query, path }: { matrix: Matrix; query: MatrixQuery; path: string }) {
  const shown = new Set(matrix.roles.map(({ id }) => id))
  return (
    <details class="matrix-choose needs-script">
      <summary class="button plain">Roles</summary>
      <form method="get" action={path} data-join="roles">
        <input type="hidden" name="roles" value="" />
        {query.model ? <input type="hidden" name="model" value={query.model} /> : null}
        <div class="choices">
          {matrix.everyRole.map(({ id, name }) => (
            <label class="choice">
              <input type="checkbox" value={id} checked={shown.has(id)} />
              {name}
            </label>
          ))}
        </div>
        <Button>Show selected</Button>
      </form>
    </details>
  )
}

/** To the roles before and after, where not all fit. */
function Steps({ matrix, query, frame }: { matrix: Matrix; query: MatrixQuery; frame: Frame }) {
  const { offset = 0, roles } = query
  if (roles || matrix.total <= ROLES_SHOWN) return null
  const step = (to: number) => frame.path(matrixPath({ ...query, offset: to }))
  const end = offset + matrix.roles.length
  return (
    <nav class="pager" aria-label="Roles">
      <p class="pager-range">
        Roles {offset + 1}–{end} of {matrix.total}
      </p>
      {offset ? <ButtonLink href={step(Math.max(0, offset - ROLES_SHOWN))}>Previous</ButtonLink> : null}
      {end < matrix.total ? <ButtonLink href={step(end)}>Next</ButtonLink> : null}
    </nav>
  )
}

type PreviewProps = {
  body: Changes
  changed: readonly Changed[]
  effects: readonly Effect[]
  view: MatrixQuery
  frame: Frame
}

/** What the changes would do to people, before they are saved. */
export function previewScreen({ body, changed, effects, view, frame }: PreviewProps): Screen {
  const { changes, versions = {} } = body
  const back = frame.path(matrixPath(view))
  return {
    title: 'Review changes',
    subtitle: 'Nothing is saved yet.',
    breadcrumbs: [{ label: 'Role matrix', href: back }],
    children: (
      <>
        <div class="beside">
          {changed.map(({ name, more, less }) => (
            <Panel title={name}>
              <ul class="plain-list">
                {more.map((code) => (
                  <li>
                    + <Permission code={code} />
                  </li>
                ))}
                {less.map((code) => (
                  <li>
                    − <Permission code={code} />
                  </li>
                ))}
              </ul>
            </Panel>
          ))}
        </div>
        <Panel title="Who gains and loses access">
          <Effects items={linesOf(effects, frame)} />
          <Form action={frame.path(paths.access.matrix)} csrfToken={frame.csrfToken} guard={false}>
            <input type="hidden" name="back" value={new URLSearchParams(parameters(view)).toString()} />
            {changes.map(({ role_id, permission_id, held }) => (
              <input type="hidden" name={held ? 'held' : 'had'} value={`${role_id}:${permission_id}`} />
            ))}
            {Object.entries(versions).map(([id, version]) => (
              <input type="hidden" name="versions" value={`${id}:${version}`} />
            ))}
            <Actions>
              <Button kind="primary">Save changes</Button>
              <ButtonLink href={back}>Keep editing</ButtonLink>
            </Actions>
          </Form>
        </Panel>
      </>
    ),
  }
}

/** One line for all permissions that the same people gain, or lose. */
function linesOf(effects: readonly Effect[], frame: Frame): EffectProps[] {
  const lines = (['gain', 'lose'] as const).flatMap((kind) =>
    effects
      .map(({ permission, gains, loses }) => ({ kind, permission, who: kind === 'gain' ? gains : loses }))
      .filter(({ who }) => who.count > 0),
  )
  const same = ({ kind, who }: (typeof lines)[number]) =>
    `${kind} ${who.count} ${who.users.map(({ id }) => id)}`
  return [...Map.groupBy(lines, same).values()].map((group) => {
    const [{ kind, who }] = group as [(typeof lines)[number]]
    return {
      kind,
      count: who.count,
      noun: { one: 'person', many: 'people' },
      what: group.map(({ permission }, index) => (
        <>
          {index ? ', ' : null}
          <Permission code={permission} />
        </>
      )),
      names: who.users.map(({ id, name }) => ({ label: name, href: frame.path(paths.user(id)) })),
    }
  })
}

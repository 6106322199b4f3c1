import type { Cell, Matrix, MatrixPermission, MatrixRole } from '#src/domains/access/matrix/queries.ts'
import { paths } from '#src/paths.ts'
import { modelInWords, permissionInWords } from '#src/resource/permission-words.ts'
import type { Frame } from '#src/ui/frame.ts'
import { escaped, html, type Markup, raw } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

type BoxesProps = {
  matrix: Matrix
  /** Why a box can't be changed; null where it can. */
  blocks: (roleId: string, permission: MatrixPermission) => string | null
  /** Boxes as they were ticked before, as `role:permission`. */
  wanted: ReadonlyMap<string, boolean>
  frame: Frame
}

/** The table of boxes: a column for each role, permissions below the model that they are about. */
export function Boxes({ matrix, blocks, wanted, frame }: BoxesProps): Markup {
  const { roles, permissions } = matrix
  const groups = Map.groupBy(permissions, ({ model }) => model)
  return html`<div class="matrix-frame" tabindex="0" role="region" aria-label="Roles and permissions"><table class="matrix">
<caption class="unseen">Which role has which permission</caption>
<thead><tr><th scope="col">Permission</th>${roles.map((role) => Head(role, frame.path))}</tr></thead>
${[...groups].map(([model, rows]) => Group({ model, rows, matrix, blocks, wanted }))}
</table></div>`
}

const Head = ({ id, name, status, version }: MatrixRole, path: Frame['path']): Markup =>
  html`<th scope="col" id="r-${id}"><a class="matrix-role" href="${path(paths.role(id))}" title="${name}">${name}</a>${
    status === 'active' ? null : html`<span class="nothing">disabled</span>`
  }<input type="hidden" name="versions" value="${id}:${version}"></th>`

type GroupProps = Omit<BoxesProps, 'frame'> & { model: string; rows: readonly MatrixPermission[] }

function Group({ model, rows, matrix, blocks, wanted }: GroupProps): Markup {
  const title = modelInWords(model)
  const all = ({ id, name }: MatrixRole) =>
    rows.some((row) => !blocks(id, row))
      ? html`<td><input type="checkbox" class="needs-script" data-all aria-label="${name}: all permissions for ${title}"></td>`
      : html`<td></td>`
  return html`<tbody>
<tr class="matrix-group"><th scope="rowgroup"><button type="button" class="needs-script" aria-expanded="true" data-fold>${Icon({ name: 'chevron-down' })}${title}</button><span class="without-script">${title}</span></th>${matrix.roles.map(all)}</tr>
${rows.map(
  (row) =>
    html`<tr><th scope="row" id="p-${row.id}" title="${row.description}">${permissionInWords(row.code)}<code class="nothing">${row.code}</code>${
      row.status === 'active' ? null : html` <span class="nothing">disabled</span>`
    }</th>${matrix.roles.map((role) =>
      raw(
        Box(
          role,
          row,
          matrix.cell(role.id, row.code),
          blocks(role.id, row),
          wanted.get(`${role.id}:${row.id}`),
        ),
      ),
    )}</tr>`,
)}
</tbody>`
}

/** One box, as a string: there are hundreds. Held, not held, or inherited, each by a sign of its own. */
function Box(
  role: MatrixRole,
  permission: MatrixPermission,
  cell: Cell | undefined,
  blocked: string | null,
  wanted: boolean | undefined,
): string {
  const pair = `${role.id}:${permission.id}`
  if (Array.isArray(cell)) {
    const from = escaped(cell.join(', '))
    return `<td class="inherited" title="Inherited from ${from}">${Icon({ name: 'lock' })}<span class="unseen">inherited from </span><span class="matrix-from">${from}</span></td>`
  }
  const own = cell === 'own'
  if (blocked)
    return `<td class="fixed" title="${escaped(blocked)}">${own ? `${Icon({ name: 'check' })}<span class="unseen">held</span>` : '–'}</td>`
  const had = own ? `<input type="hidden" name="had" value="${pair}">` : ''
  const checked = (wanted ?? own) ? ' checked' : ''
  return `<td><input type="checkbox" name="held" value="${pair}"${checked} aria-labelledby="r-${role.id} p-${permission.id}">${had}</td>`
}

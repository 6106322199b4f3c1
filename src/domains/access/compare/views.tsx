import { SideBySide } from '#src/domains/access/effective/views.tsx'
import type { ComparedRoles, MatrixRole } from '#src/domains/access/matrix/queries.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Select } from '#src/ui/field.tsx'
import type { Frame } from '#src/ui/frame.ts'
import { Panel } from '#src/ui/surface.tsx'

type ComparedProps = {
  roles: readonly MatrixRole[]
  /** To choose from. */
  every: readonly { id: string; name: string }[]
  data: readonly ComparedRoles[]
  frame: Frame
}

/** Two roles side by side: what only one of them gives, and what both give. */
export function comparedRolesScreen({ roles, every, data, frame }: ComparedProps): Screen {
  const [one, other] = roles
  return {
    title: one && other ? `${one.name} and ${other.name}` : 'Compare roles',
    subtitle: 'Which permissions only one of them grants, and which both grant, inherited ones included.',
    breadcrumbs: [{ label: 'Role matrix', href: frame.path(paths.access.matrix) }],
    children: (
      <>
        <Panel>
          <form class="form why-form" method="get" action={frame.path(paths.compareRoles)}>
            <Chosen name="a" label="Role" value={one?.id} every={every} />
            <Chosen name="b" label="And" value={other?.id} every={every} />
            <div class="form-actions">
              <Button kind="primary">Compare</Button>
            </div>
          </form>
        </Panel>
        {one && other ? <SideBySide parts={partsOf([one, other], data)} /> : null}
      </>
    ),
  }
}

function Chosen({
  name,
  label,
  value,
  every,
}: { name: string; label: string; value?: string | undefined } & Pick<ComparedProps, 'every'>) {
  return (
    <Select
      name={name}
      label={label}
      value={value}
      required
      options={every.map((role) => ({ value: role.id, label: role.name }))}
    />
  )
}

function partsOf([one, other]: [MatrixRole, MatrixRole], data: readonly ComparedRoles[]) {
  const where = (first: boolean, second: boolean) =>
    data
      .filter(({ cells }) => (cells[0] !== null) === first && (cells[1] !== null) === second)
      .map((held) => ({ ...held, note: noteOf(held, [one.name, other.name]) }))
  return [
    { title: `Only ${one.name}`, found: where(true, false) },
    { title: `Only ${other.name}`, found: where(false, true) },
    { title: 'Both', found: where(true, true) },
  ]
}

const noteOf = ({ cells }: ComparedRoles, names: readonly string[]) =>
  cells
    .flatMap((cell, index) =>
      Array.isArray(cell) ? [`${names[index]} inherits it from ${cell.join(', ')}`] : [],
    )
    .join('; ')

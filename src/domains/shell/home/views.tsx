import type { Identity } from '#src/access/actor.ts'
import type { Counts } from '#src/domains/shell/home/queries.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'
import { Panel, Tile, Tiles } from '#src/ui/surface.tsx'

const number = new Intl.NumberFormat('en')

export function homeScreen(frame: Frame, { name, organization }: Identity, counts: Counts): Screen {
  const tiles = [
    { label: 'People', value: counts.people, href: paths.users, icon: 'users' },
    {
      label: 'Disabled people',
      value: counts.disabled,
      href: `${paths.users}?status=disabled`,
      icon: 'user',
    },
    { label: 'Active sessions', value: counts.sessions, href: paths.sessions, icon: 'monitor-smartphone' },
  ] as const
  const shown = tiles.filter((tile) => tile.value !== null)
  return {
    title: `Hello, ${name}`,
    subtitle: organization.name,
    children: shown.length ? (
      <Tiles>
        {shown.map(({ label, value, href, icon }) => (
          <Tile label={label} value={number.format(value ?? 0)} href={frame.path(href)} icon={icon} />
        ))}
      </Tiles>
    ) : (
      <Panel>
        <p>You don’t have access to anything yet. Ask an administrator.</p>
      </Panel>
    ),
  }
}

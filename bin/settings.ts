// Writes .env.example and docs/configuration.md from the settings in src/config.ts: `npm run settings`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, settings } from '#src/config.ts'

type Setting = { name: string; standard: string; help: string }

const groups: [string, Setting[]][] = Object.entries(settings).map(([group, fields]) => [
  group,
  Object.entries(fields).map(([name, schema]) => {
    const without = schema.safeParse(undefined)
    const value = without.success ? without.data : undefined
    return { name, standard: value === undefined ? '' : String(value), help: schema.description ?? '' }
  }),
])

export const example = () =>
  [
    '# Every setting with its default. Copy to .env and take away the # of what you change; real variables win.',
    ...groups.flatMap(([group, fields]) => [
      '',
      `# ${group}`,
      ...fields.flatMap(({ name, standard, help }) => [`# ${help}`, `#${name}=${standard}`]),
    ]),
    '',
  ].join('\n')

export const table = () =>
  [
    '# Configuration',
    '',
    'By environment only, checked at the start: all wrong settings are named at once. A `.env` in the root is read',
    'where it is; real variables win. Lists are `a,b,c` or a JSON array. This page is made by `npm run settings`.',
    ...groups.flatMap(([group, fields]) => [
      '',
      `## ${group}`,
      '',
      '| name | default | what it does |',
      '|---|---|---|',
      ...fields.map(
        ({ name, standard, help }) => `| \`${name}\` | ${standard && `\`${standard}\``} | ${help} |`,
      ),
    ]),
    '',
  ].join('\n')

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(join(root, '.env.example'), example())
  writeFileSync(join(root, 'docs/configuration.md'), table())
}

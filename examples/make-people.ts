// People who don't exist, as a file to import: node examples/make-people.ts 5000 > examples/people.csv
import { pathToFileURL } from 'node:url'
import { fictionalPeople, random } from '#examples/fictional.ts'

const departments = ['Engineering', 'Logistics', 'Finance']
const teams = [
  'Early Shift',
  'Late Shift',
  'Night Shift',
  'Maintenance',
  'Quality',
  'Cold Chain',
  'Customs',
  'Payroll',
]

const pick = <T>(list: readonly T[], next: () => number): T => list[Math.floor(next() * list.length)] as T

const cell = (text: string) => (/[",;\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** A file with so many people for the demo organization; the same for the same seed. */
export function peopleCsv(count: number, seed = 5000): string {
  const next = random(seed)
  const rows = fictionalPeople(count, seed).map(({ username, first_name, last_name }) => {
    // names that the demo's own people don't have
    const name = `${username}.nl`
    const roles = next() < 0.75 ? ['member'] : ['viewer']
    if (next() < 0.04) roles.push('billing_manager')
    const groups = [`department:${pick(departments, next)}${next() < 0.02 ? '=lead' : ''}`]
    if (next() < 0.6) groups.push(`team:${pick(teams, next)}${next() < 0.1 ? '=viewer' : ''}`)
    return [name, `${name}@example.com`, first_name, last_name, roles.join(';'), groups.join(';')]
  })
  const header = ['username', 'email', 'first_name', 'last_name', 'roles', 'groups']
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(peopleCsv(Number(process.argv[2] ?? 5000)))
}

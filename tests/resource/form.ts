import { describe, expect, test } from 'vitest'
import type { RecordRow } from '#src/resource/entity.ts'
import type { Person } from '#tests/people.ts'
import type { Body, Stage, Stored } from '#tests/resource/stage.ts'

/** A body as a browser's form sends it. */
export const asForm = (body: Body): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      // a box is sent after its "false"
      value === true ? ['false', 'true'] : value === null ? '' : String(value),
    ]),
  )

const kept = (row: Stored) =>
  Object.keys(row).filter(
    (name) =>
      !['id', 'org_id', 'created_at', 'updated_at', 'version'].includes(name) && !name.startsWith('sort_'),
  )

/** What the trail has to say of a change: the fields that differ, before and after. */
export function changesOf(was: Stored, row: Stored): { before: Body; after: Body } {
  const names = kept(row).filter((name) => JSON.stringify(was[name]) !== JSON.stringify(row[name]))
  const some = (from: Stored) => Object.fromEntries(names.map((name) => [name, from[name]]))
  return { before: some(was), after: some(row) }
}

/** What the trail has to say of a new record, or of one that is gone: every field that is there. */
export const fieldsOf = (row: Stored): Body =>
  Object.fromEntries(
    kept(row)
      .filter((name) => row[name] !== null)
      .map((name) => [name, row[name]]),
  )

type Page = { data: RecordRow[]; page: { next: string | null; previous: string | null; total: number } }

/** A page of the list, as somebody gets it. */
export async function pageOf(stage: Stage, by: Person, query = ''): Promise<Page> {
  const answer = await stage.as(by).get(stage.api(query))
  expect(answer.status, `${query} ${answer.text.slice(0, 300)}`).toBe(200)
  return answer.json<Page>()
}

/** The records of a page of the list. */
export const listed = async (stage: Stage, by: Person, query = ''): Promise<RecordRow[]> =>
  (await pageOf(stage, by, query)).data

type Counts = Record<string, { value: string; count: number }[]>

/** How many records each value of the list's filters has; none where nothing can be counted. */
export async function facets(stage: Stage, by: Person, query = ''): Promise<Counts> {
  const answer = await stage.as(by).get(stage.api(`/facets?${query}`))
  if (answer.status === 404) return {}
  expect(answer.status, answer.text).toBe(200)
  return answer.json<{ data: Counts }>().data
}

/** A test that is not there at all where it makes no sense: one that is skipped would look like a gap. */
export const testIf =
  (there: unknown) => (name: string, work: () => void | Promise<void>, timeout?: number) => {
    if (there) test(name, work, timeout)
  }
export const describeIf = (there: unknown) => (name: string, work: () => void) => {
  if (there) describe(name, work)
}

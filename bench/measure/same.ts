import { deepStrictEqual } from 'node:assert'
import { type Kind, requestOf } from '../kinds.ts'
import { type Answer, send } from './load.ts'
import type { Server } from './server.ts'

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null

/** Holds an answer of ours against the floor's. @throws when they tell different things */
export async function requireSame(
  kind: Kind,
  floor: Server,
  ours: Server,
  cookie: string,
): Promise<{ bytes: [number, number] }> {
  const wanted = await send(floor, requestOf(kind, 'floor', cookie))
  const found = await send(ours, requestOf(kind, 'ours', cookie))
  try {
    deepStrictEqual(found.status, wanted.status)
    if (kind.as === 'browser') deepStrictEqual(peopleIn(found.text), peopleIn(wanted.text))
    else deepStrictEqual(comparable(kind, found), comparable(kind, wanted))
  } catch (error) {
    const answers = [wanted, found].map(({ status, text }) => `${status} ${text.slice(0, 300)}`).join('\n')
    throw new Error(`${kind.label}: the answers differ\n${(error as Error).message}\n${answers}`)
  }
  return { bytes: [Buffer.byteLength(wanted.text), Buffer.byteLength(found.text)] }
}

/** A page shows the same people in the same order, whatever stands around them. */
const peopleIn = (html: string) => {
  const found = [...html.matchAll(/>([^<>@\s]+@[^<>@\s]+)</g)].map(([, address]) => address)
  if (found.length === 0) throw new Error('the page shows nobody')
  return found
}

function comparable({ key }: Kind, { text }: Answer): Json {
  const value = plain(JSON.parse(text)) as { [key: string]: Json }
  if (key.startsWith('list')) {
    // cursors are each server's own, and ours stops counting at 10,000
    const { limit, total } = value.page as { limit: number; total: number }
    return { data: value.data as Json, limit, total: Math.min(total, 10_000) }
  }
  if (key === 'create') {
    const { id: _, username, created_at: _made, updated_at: _changed, ...rest } = value
    return { ...rest, named: String(username).length > 10 }
  }
  if (key === 'me') return { ...value, permissions: [...(value.permissions as string[])].sort() }
  return value
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/

/** Keys in one order, and instants in one form, to the millisecond. */
function plain(value: Json): Json {
  if (typeof value === 'string') return INSTANT.test(value) ? new Date(value).toISOString() : value
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, plain(value[key] as Json)]),
  )
}

import pg from 'pg'
import { POOL_SIZE } from './pool.ts'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_APP_URL, max: POOL_SIZE })
pool.on('error', () => {})

export const closeDatabase = () => pool.end()

/** Who asks: the session and its rights, looked up for every request. */
export type Actor = {
  kind: 'browser' | 'token' | 'impersonation'
  user: string
  username: string
  name: string
  org: string
  organization: { id: string; name: string; slug: string; kind: string }
  permissions: string[]
}

export async function connected<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}

export async function findActor(client: pg.PoolClient, hash: Buffer): Promise<Actor | null> {
  const { rows } = await client.query({
    name: 'find_actor',
    text: 'select * from floor.sessions where token_hash = $1',
    values: [hash],
  })
  return rows[0] ?? null
}

/** Row security wants to know the organization: an explicit transaction, and its settings in it. */
export async function inOrganization<T>(
  client: pg.PoolClient,
  actor: Actor,
  work: () => Promise<T>,
): Promise<T> {
  await client.query('BEGIN')
  try {
    await client.query(`SET LOCAL app.org_id = '${actor.org}'`)
    const result = await work()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

import { Hono } from 'hono'
import type { Env } from '#src/http/app-context.ts'
import { Cookies } from '#src/http/cookies.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { Intake } from '#src/http/intake.ts'
import { mount } from '#src/http/mount.ts'
import { Origins } from '#src/http/origins.ts'
import { type App, testConfig, testDatabase } from '#tests/setup/database.ts'

const { db, rights } = await testDatabase()

/** An application of these endpoints alone; what it logs goes into `logged`. */
export function mounted(
  endpoints: readonly Endpoint[],
  settings: Record<string, string> = {},
  logged: string[] = [],
): App {
  const config = testConfig(settings)
  const note = (_: object, message: string) => void logged.push(message)
  const log = { warn: note, error: note }
  const app = new Hono<Env>({ strict: false }).basePath('/')
  mount(app, endpoints, {
    config,
    db,
    rights,
    cookies: new Cookies(config),
    intake: new Intake(),
    origins: new Origins(config, log),
    limits: null,
    asset: (name) => name,
    navigation: () => [],
    seen: () => {},
    used: () => {},
    denied: async (_, wanted) => void logged.push(wanted),
    clientIp: () => null,
    log,
  })
  return app as unknown as App
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, settings } from '#src/config.ts'

/** What belongs to a part of the program that isn't there yet, with the part. */
const due = {
  WEB_PROCESSES: 'several web processes by one command',
  DATABASE_REPLICA_URL: 'reads from a replica',
  JWT_ISSUER: 'tokens of others, and for others',
  JWT_AUDIENCE: 'tokens of others, and for others',
  S3_ENDPOINT: 'files',
  S3_BUCKET: 'files',
  S3_REGION: 'files',
  S3_ACCESS_KEY_ID: 'files',
  S3_SECRET_ACCESS_KEY: 'files',
  OIDC_ISSUER: 'signing in elsewhere',
  OIDC_CLIENT_ID: 'signing in elsewhere',
  OIDC_CLIENT_SECRET: 'signing in elsewhere',
  CLERK_WEBHOOK_SECRET: 'signing in elsewhere',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'telemetry',
  METRICS_ENABLED: 'telemetry',
  METRICS_TOKEN: 'telemetry',
  BACKUP_KEEP_DAYS: 'backups',
}

/** Every setting that was promised, with the default that was. */
const promised: Record<string, string | undefined> = {
  APP_NAME: 'Ambit',
  HOST: '127.0.0.1',
  PORT: '8080',
  URL_PREFIX: '',
  PUBLIC_URL: undefined,
  TRUSTED_PROXIES: '',
  CORS_ORIGINS: '',
  CORS_ALLOW_CREDENTIALS: 'true',
  CORS_ALLOWED_METHODS: 'GET,HEAD,POST,PUT,PATCH,DELETE',
  CORS_ALLOWED_HEADERS: 'Authorization,Content-Type,Idempotency-Key,If-Match,If-None-Match,X-CSRF-Token',
  ENVIRONMENT: 'development',
  LOG_LEVEL: 'info',
  WEB_PROCESSES: '1',
  DATABASE_URL: undefined,
  DATABASE_APP_URL: undefined,
  DATABASE_LISTEN_URL: undefined,
  DATABASE_REPLICA_URL: undefined,
  DATABASE_POOL_SIZE: '20',
  DATA_DIR: './.data',
  DATABASE_STATEMENT_TIMEOUT_MS: '10000',
  JWT_ISSUER: undefined,
  JWT_AUDIENCE: undefined,
  SECRET_KEY_PREVIOUS: undefined,
  SECRET_KEY: undefined,
  ACCESS_TOKEN_EXPIRE_MINUTES: '15',
  REFRESH_TOKEN_EXPIRE_DAYS: '7',
  SESSION_IDLE_HOURS: '12',
  SESSION_MAX_DAYS: '30',
  DOCS_ENABLED: 'true',
  USER_REGISTRATION_ENABLED: 'true',
  RATE_LIMIT_ENABLED: 'true',
  // on in production
  EMAIL_VALIDATION_ENABLED: undefined,
  PASSWORD_MIN_LENGTH: '8',
  PASSWORD_REQUIRE_UPPERCASE: 'true',
  PASSWORD_REQUIRE_LOWERCASE: 'true',
  PASSWORD_REQUIRE_NUMBERS: 'true',
  PASSWORD_REQUIRE_SPECIAL: 'true',
  LOCKOUT_ATTEMPTS: '5',
  LOCKOUT_MINUTES: '15',
  RATE_LIMIT_REQUESTS: '100',
  RATE_LIMIT_WINDOW: '60',
  BODY_LIMIT_KB: '1024',
  SMTP_URL: undefined,
  SMTP_HOST: undefined,
  SMTP_PORT: '587',
  SMTP_USERNAME: undefined,
  SMTP_PASSWORD: undefined,
  EMAIL_FROM: undefined,
  S3_ENDPOINT: undefined,
  S3_BUCKET: undefined,
  S3_REGION: undefined,
  S3_ACCESS_KEY_ID: undefined,
  S3_SECRET_ACCESS_KEY: undefined,
  OIDC_ISSUER: undefined,
  OIDC_CLIENT_ID: undefined,
  OIDC_CLIENT_SECRET: undefined,
  CLERK_WEBHOOK_SECRET: undefined,
  OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
  METRICS_ENABLED: 'true',
  METRICS_TOKEN: undefined,
  BACKUP_KEEP_DAYS: '7',
}

const declared = new Map(Object.values(settings).flatMap((group) => Object.entries(group)))

test('every setting that is promised is there with its default, or due with a part that isn’t', () => {
  const missing = Object.keys(promised).filter((name) => !declared.has(name))
  expect(missing.sort()).toEqual(Object.keys(due).sort())
  for (const [name, standard] of Object.entries(promised)) {
    const schema = declared.get(name)
    if (!schema) continue
    const { success, data } = schema.safeParse(undefined)
    expect(success && data !== undefined ? String(data) : undefined, name).toBe(standard)
  }
})

test('every setting that there is, is read', () => {
  const code = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
  // its declaration, and once more at the least
  const unread = [...declared.keys()].filter(
    (name) => (code.match(new RegExp(`\\b${name}\\b`, 'g')) ?? []).length < 2,
  )
  expect(unread).toEqual([])
})

import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'

/** The project's root: one above `src/` and, when bundled, one above `dist/`. */
export const root = resolve(import.meta.dirname, '..')

/** Where the command was called from, which npm keeps: files named there are found there. */
export const calledFrom = process.env.INIT_CWD ?? process.cwd()

const yesOrNo = z.enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'])
const isYes = (text: string) => ['true', '1', 'yes', 'on'].includes(text)
const flag = (value: boolean) => yesOrNo.default(value ? 'true' : 'false').transform(isYes)

const whole = (value: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(value)

/** `a,b,c` or a JSON array. */
const list = (standard = '') =>
  z
    .string()
    .default(standard)
    .transform((text, context) => {
      if (!text.trim().startsWith('['))
        return text
          .split(',')
          .map((part) => part.trim())
          .filter(Boolean)
      try {
        return z.array(z.string()).parse(JSON.parse(text))
      } catch {
        context.addIssue({ code: 'custom', message: 'is neither a,b,c nor a JSON array of strings' })
        return z.NEVER
      }
    })

/** `10.0.0.1`, `10.0.0.0/8` and the same of IPv6. */
function isRange(text: string): boolean {
  const [, ip = '', bits = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  return Number(bits) <= ({ 4: 32, 6: 128 }[isIP(ip)] ?? -1)
}

/** An address, or a name with its address in angle brackets. */
const mailbox = z
  .string()
  .regex(/^([^<>"\p{Cc}]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u, 'is not like Name <name@example.com>')
  .optional()

const url = z.string().refine(URL.canParse, 'is not a URL').optional()

/** As a browser sends it: `https://app.example.com`, with its port where that is no usual one. */
const isOrigin = (text: string) =>
  /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text
/** Names of methods and headers, as HTTP has them. */
const names = (standard: string) =>
  list(standard).refine(
    (all) => all.every((name) => /^[\w!#$%&'+.^`|~-]+$/.test(name)),
    'holds what is no name; each is named by itself',
  )

/** Every setting: type, default and one line of help. `.env.example` is made from this (`npm run types`). */
export const settings = {
  server: {
    APP_NAME: z.string().min(1).default('Ambit').describe('Name in titles and mails'),
    ENVIRONMENT: z
      .enum(['development', 'production', 'test'])
      .default('development')
      .describe('production refuses demo accounts and wants a SECRET_KEY'),
    HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
    PORT: whole(8080, 0, 65_535).describe('Port to listen on'),
    URL_PREFIX: z
      .string()
      .regex(/^(\/[\w.-]+)*$/, 'must be empty or like /backoffice')
      .default('')
      .describe('Path under which everything is served, like /backoffice'),
    PUBLIC_URL: z
      .url({ protocol: /^https?$/, error: 'is not like https://ambit.example.com' })
      .optional()
      .describe(
        'Address that people see, like https://ambit.example.com, with or without URL_PREFIX; https makes cookies Secure and sends HSTS',
      ),
    TRUSTED_PROXIES: list()
      .refine((ranges) => ranges.every(isRange), 'holds what is no address and no CIDR range')
      .describe('Addresses or CIDR ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto count'),
    KEEP_ALIVE_SECONDS: whole(75, 1, 3600).describe(
      'A connection that asks nothing is kept so long: longer than the proxy in front keeps it, or requests are lost',
    ),
    CORS_ORIGINS: list()
      .refine((origins) => origins.every(isOrigin), 'holds what is no origin like https://app.example.com')
      .describe('Origins whose pages can use the API from a browser, like https://app.example.com'),
    CORS_ALLOW_CREDENTIALS: flag(true).describe(
      'They can send cookies along; a write by a cookie still needs a form’s token',
    ),
    CORS_ALLOWED_METHODS: names('GET,HEAD,POST,PUT,PATCH,DELETE').describe('Methods that they can use'),
    CORS_ALLOWED_HEADERS: names(
      'Authorization,Content-Type,Idempotency-Key,If-Match,If-None-Match,X-CSRF-Token',
    ).describe('Headers that they can send'),
    LOG_LEVEL: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('Least severe line that is logged'),
    WORKER_IN_PROCESS: flag(true).describe(
      'npm start does the jobs, too; off where npm run worker does them',
    ),
  },
  database: {
    DATABASE_URL: url.describe("The owner's PostgreSQL, 15 or newer; without it one is embedded in DATA_DIR"),
    DATABASE_APP_URL: url.describe(
      "The application's role, where running processes shall not know the owner; migrations are then a step of their own",
    ),
    DATABASE_LISTEN_URL: url.describe(
      'Straight to the server, past a pooler, for LISTEN; without it no rights are cached behind a pooler',
    ),
    DATABASE_POOL_SIZE: whole(20, 1, 500).describe(
      'Most connections of one process for requests and jobs; up to three more listen, and ask whether the database is there',
    ),
    DATABASE_STATEMENT_TIMEOUT_MS: whole(10_000, 100, 600_000).describe(
      'Longest time for one statement; a second later its connection is dropped',
    ),
    DATA_DIR: z
      .string()
      .min(1)
      .default('./.data')
      .describe('Embedded database, generated secret, stored files'),
  },
  secrets: {
    SECRET_KEY: z
      .string()
      .min(32, 'must have 32 characters or more')
      .optional()
      .describe('Generated into DATA_DIR in development, required in production'),
    SECRET_KEY_PREVIOUS: z
      .string()
      .min(32, 'must have 32 characters or more')
      .optional()
      .describe(
        'The previous SECRET_KEY: what it encrypted for two-step verification keeps working and is re-encrypted as it is used',
      ),
    ACCESS_TOKEN_EXPIRE_MINUTES: z.coerce
      .number()
      .positive()
      .default(15)
      .describe('The token of a program ends after so many minutes, and is renewed by its refresh token'),
    REFRESH_TOKEN_EXPIRE_DAYS: z.coerce
      .number()
      .positive()
      .default(7)
      .describe('An unused refresh token expires after this many days, and its session with it'),
    SESSION_IDLE_HOURS: z.coerce
      .number()
      .positive()
      .default(12)
      .describe('The session of a browser ends after so many hours without a request'),
    SESSION_MAX_DAYS: z.coerce
      .number()
      .positive()
      .default(30)
      .describe('A session ends after so many days in any case'),
  },
  features: {
    USER_REGISTRATION_ENABLED: flag(true).describe('Anyone can register'),
    EMAIL_VALIDATION_ENABLED: yesOrNo
      .transform(isYes)
      .optional()
      .describe('Who registers confirms the address first; on in production, where it needs a mail server'),
    DOCS_ENABLED: flag(true).describe('/openapi.json and /docs are there'),
    RATE_LIMIT_ENABLED: flag(true).describe('Limits calls of the API, and attempts to sign in and the like'),
  },
  passwords: {
    PASSWORD_MIN_LENGTH: whole(8, 1, 128).describe('Fewest characters of a password'),
    PASSWORD_REQUIRE_UPPERCASE: flag(true).describe('A password needs an upper-case letter'),
    PASSWORD_REQUIRE_LOWERCASE: flag(true).describe('A password needs a lower-case letter'),
    PASSWORD_REQUIRE_NUMBERS: flag(true).describe('A password needs a digit'),
    PASSWORD_REQUIRE_SPECIAL: flag(true).describe(
      'A password needs a character that is no letter and no digit',
    ),
    LOCKOUT_ATTEMPTS: whole(5, 1, 1000).describe('Wrong passwords in a row that lock a name'),
    LOCKOUT_MINUTES: whole(15, 1, 10_080).describe('Minutes that a name stays locked'),
  },
  limits: {
    RATE_LIMIT_REQUESTS: whole(100, 1, 1_000_000).describe(
      'Calls of the API in RATE_LIMIT_WINDOW: of a person, of a key, or of an IP address where no one is signed in',
    ),
    RATE_LIMIT_WINDOW: whole(60, 1, 86_400).describe('Seconds that calls and attempts are counted over'),
    SIGN_IN_ATTEMPTS: whole(20, 1, 100_000).describe(
      'Attempts to sign in in RATE_LIMIT_WINDOW, of an address and of a name; as many to register, to choose a new password, and to accept an invitation',
    ),
    BODY_LIMIT_KB: whole(1024, 1, 102_400).describe(
      'Largest request body in kB; of who is not signed in, 16 at most, 64 of a form',
    ),
    IMPORT_LIMIT_MB: whole(64, 1, 1024).describe('Largest file to import in MB'),
  },
  mail: {
    SMTP_URL: z
      .url({ protocol: /^smtps?$/, error: 'is not like smtp://user:password@host:587 or smtps://host:465' })
      .optional()
      .describe(
        'Mail server, like smtps://user:password@host:465; a password goes over TLS only. Without one, mail is shown at /dev/mail in development, and fails elsewhere',
      ),
    SMTP_HOST: z.string().min(1).optional().describe('The same in parts, instead of SMTP_URL'),
    SMTP_PORT: whole(587, 1, 65_535).describe('Port of SMTP_HOST; 465 speaks TLS from the start'),
    SMTP_USERNAME: z.string().min(1).optional().describe('Name at SMTP_HOST, where it asks for one'),
    SMTP_PASSWORD: z.string().min(1).optional().describe('Password at SMTP_HOST'),
    EMAIL_FROM: mailbox.describe(
      'Sender of mails, like Ambit <no-reply@example.com>; needed with a mail server',
    ),
    EMAIL_REPLY_TO: mailbox.describe('Where answers to mails go, if not to the sender'),
  },
}

const sends = ({ SMTP_URL, SMTP_HOST }: { SMTP_URL?: string; SMTP_HOST?: string }) =>
  Boolean(SMTP_URL ?? SMTP_HOST)
const pathOf = (url?: string) => (url && URL.canParse(url) ? new URL(url).pathname.replace(/\/+$/, '') : '')
/** Said beside what else is wrong. */
const also = (name: string) => ({ path: [name], when: () => true })

const schema = z
  .object({
    ...settings.server,
    ...settings.database,
    ...settings.secrets,
    ...settings.features,
    ...settings.passwords,
    ...settings.limits,
    ...settings.mail,
  })
  .refine(({ EMAIL_FROM, ...mail }) => !sends(mail) || EMAIL_FROM, {
    ...also('EMAIL_FROM'),
    message: 'is required with a mail server',
  })
  .refine(
    ({ ENVIRONMENT, PUBLIC_URL, ...mail }) => !sends(mail) || PUBLIC_URL || ENVIRONMENT !== 'production',
    {
      ...also('PUBLIC_URL'),
      message: 'is required for links in mails',
    },
  )
  .refine(
    ({ ENVIRONMENT, EMAIL_VALIDATION_ENABLED, ...mail }) =>
      sends(mail) || ENVIRONMENT !== 'production' || EMAIL_VALIDATION_ENABLED === false,
    {
      ...also('EMAIL_VALIDATION_ENABLED'),
      message: 'needs a mail server in production: set SMTP_URL, or this to false',
    },
  )
  .refine(({ PUBLIC_URL, URL_PREFIX }) => ['', URL_PREFIX].includes(pathOf(PUBLIC_URL)), {
    ...also('PUBLIC_URL'),
    message: 'has a path other than URL_PREFIX: links would miss the pages',
  })

  .refine(({ ENVIRONMENT, SECRET_KEY }) => ENVIRONMENT !== 'production' || SECRET_KEY, {
    ...also('SECRET_KEY'),
    message: 'is required in production (32 characters or more)',
  })

export type Config = Omit<z.infer<typeof schema>, 'SECRET_KEY'> & { SECRET_KEY: string; DATA_DIR: string }

/** All wrong settings at once, a line each. */
export class ConfigError extends Error {}

/** Reads `.env` in the root (real variables win) and checks everything. */
export function readConfig(overrides: Record<string, string> = {}): Config {
  const file = join(root, '.env')
  const written = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const given = Object.entries({ ...written, ...process.env, ...overrides }).filter(
    ([, value]) => value !== '',
  )
  const parsed = schema.safeParse(Object.fromEntries(given))
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'),
    )
  }
  const config = { ...parsed.data, DATA_DIR: resolve(root, parsed.data.DATA_DIR) }
  return {
    ...config,
    EMAIL_VALIDATION_ENABLED: config.EMAIL_VALIDATION_ENABLED ?? config.ENVIRONMENT === 'production',
    SECRET_KEY: config.SECRET_KEY ?? generatedSecret(config.DATA_DIR),
  }
}

function generatedSecret(dataDir: string): string {
  const file = join(dataDir, 'secret-key')
  mkdirSync(dataDir, { recursive: true })
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  chmodSync(file, 0o600)
  return readFileSync(file, 'utf8').trim()
}

import type { Config } from '#src/config.ts'

/** The URL at which people reach the program, without a trailing slash: every absolute URL starts with it. */
export function publicUrl({
  PUBLIC_URL,
  HOST,
  PORT,
  URL_PREFIX,
}: Pick<Config, 'PUBLIC_URL' | 'HOST' | 'PORT' | 'URL_PREFIX'>): string {
  const local = `http://${HOST === '127.0.0.1' ? 'localhost' : HOST}:${PORT}`
  return (PUBLIC_URL ? new URL(PUBLIC_URL).origin : local) + URL_PREFIX
}

/** Whether people reach it over https, whatever a proxy uses behind it. */
export const isSecure = ({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>): boolean =>
  PUBLIC_URL !== undefined && new URL(PUBLIC_URL).protocol === 'https:'

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'

/** What arrived, with the addresses of its envelope. */
type Arrived = Email & { raw: string; from_: string; to_: string[] }

type Refusing = { rcpt?: (address: string) => number | null; data?: () => number | null; password?: string }

/** A mail server on this machine, which refuses what it is told to. */
export async function mailServer(refusing: Refusing = {}) {
  const arrived: Arrived[] = []
  const failure = (code: number) => Object.assign(new Error('not now, or never'), { responseCode: code })
  const server = new SMTPServer({
    authOptional: refusing.password === undefined,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      password === refusing.password ? done(null, { user: username }) : done(new Error('wrong')),
    onRcptTo: ({ address }, _session, done) => {
      const code = refusing.rcpt?.(address)
      done(code ? failure(code) : null)
    },
    onData: async (stream, { envelope }, done) => {
      const raw = (await buffer(stream)).toString()
      const code = refusing.data?.()
      if (code) return done(failure(code))
      const from_ = envelope.mailFrom ? envelope.mailFrom.address : ''
      const to_ = envelope.rcptTo.map(({ address }) => address)
      arrived.push({ ...(await PostalMime.parse(raw)), raw, from_, to_ })
      done()
    },
  })
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  const to = (address: string) => arrived.filter(({ to_ }) => to_.includes(address))
  return { url: `smtp://127.0.0.1:${port}`, port, arrived, to, close, [Symbol.asyncDispose]: close }
}

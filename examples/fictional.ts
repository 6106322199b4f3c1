import { fold } from '#src/db/fold.ts'

export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const firstNames =
  'Anna,Lukas,Marie,Paul,Sophie,Jonas,Emma,Felix,Laura,Maximilian,Julia,David,Lena,Simon,Sarah,Tobias,Katharina,Florian,Elena,Matteo,Chiara,Luca,Giulia,Marco,Zoë,Noah,Chloé,Hugo,Camille,Louis,Amélie,Théo,Ingrid,Søren,Freja,Magnus,Astrid,Bjørn,Maja,Piotr,Zofia,Jakub,Agnieszka,Tomáš,Lucie,Ondřej,Ana,José,Carmen,Álvaro,Inês,João,Beatriz,Aylin,Emre,Elif,Mehmet,Priya,Arjun,Mei,Kenji,Amara,Kwame,Fatima,Omar'.split(
    ',',
  )
const lastNames =
  'Gruber,Huber,Bauer,Wagner,Müller,Pichler,Steiner,Moser,Mayer,Hofer,Leitner,Berger,Fuchs,Eder,Fischer,Schmid,Winkler,Weber,Schwarz,Maier,Reiter,Schneider,Rossi,Bianchi,Ferrari,Romano,Dubois,Lefèvre,Moreau,Girard,Jensen,Sørensen,Lindqvist,Åkesson,Kowalski,Wiśniewska,Nowak,Novák,Dvořák,Svoboda,García,Fernández,Núñez,Silva,Pereira,Yılmaz,Öztürk,Demir,Sharma,Patel,Chen,Tanaka,Okafor,Mensah,Haddad,O’Brien,Murphy,van den Berg,de Vries,Jansen'.split(
    ',',
  )

export type FictionalPerson = { username: string; email: string; first_name: string; last_name: string }

const ascii = (name: string) => fold(name).replace(/[^a-z]/g, '')

const pick = <T>(list: readonly T[], next: () => number): T => list[Math.floor(next() * list.length)] as T

/** People who don't exist, each with a user name of their own; the same for the same seed. */
export function fictionalPeople(count: number, seed: number): FictionalPerson[] {
  const next = random(seed)
  const seen = new Map<string, number>()
  return Array.from({ length: count }, () => {
    const first_name = pick(firstNames, next)
    const last_name = pick(lastNames, next)
    const base = `${ascii(first_name)}.${ascii(last_name)}`
    const times = (seen.get(base) ?? 0) + 1
    seen.set(base, times)
    const username = times === 1 ? base : `${base}${times}`
    return { username, email: `${username}@example.com`, first_name, last_name }
  })
}

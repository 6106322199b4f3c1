import { expect, test } from 'vitest'
import { paletteRoutes } from '#src/domains/shell/palette/routes.tsx'
import { paths } from '#src/paths.ts'
import { as } from '#tests/client.ts'
import { unique } from '#tests/factories.ts'
import { makePeople, personWith } from '#tests/people.ts'
import { routesWithVendors, withVendors } from '#tests/vendors/setup.ts'

const others = routesWithVendors.filter(({ path }) => path !== paths.palette)
const app = withVendors([...others, ...paletteRoutes(() => routesWithVendors)])
const { org, owner } = await makePeople()

type Palette = { act: { title: string; path: string }[]; find: { title: string; path: string }[] }

test('a new entity is in the palette as far as somebody may', async () => {
  const name = unique('Palettevendor')
  const { id } = (await as(owner, app).post('/api/vendors', { name })).json<{ id: string }>()
  const ask = async (by: typeof owner) =>
    (await as(by, app).get(`/api/palette?q=${name}`)).json<Palette>().find.map(({ path }) => path)
  expect(await ask(owner)).toEqual([`/vendors/${id}`])
  expect(await ask(await personWith(org, ['vendor:read:own']))).toEqual([])
  const add = async (by: typeof owner) =>
    (await as(by, app).get('/api/palette?q=vendor')).json<Palette>().act.map(({ path }) => path)
  expect(await add(owner)).toEqual(['/vendors/new'])
  expect(await add(await personWith(org, ['vendor:read:all']))).toEqual([])
})

import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { recorded } from '#tests/access/trail.ts'
import { type Answer, versionOf } from '#tests/client.ts'
import { makeGroup, makeUser } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { asForm, describeIf, fieldsOf, testIf } from '#tests/resource/form.ts'
import type { Body, Stage } from '#tests/resource/stage.ts'

/** Making records, and whose they are or become. */
export function placing(stage: Stage): void {
  const { people, org, group, elsewhere, groupable, ownable } = stage
  const json = (by: Person, body: Body) => stage.as(by).post(stage.api(), body)
  const form = (by: Person, body: Body) => stage.browser(by).post(stage.page(), asForm(body))
  const idOf = (answer: Answer) =>
    answer.headers.get('content-type')?.includes('json')
      ? answer.json<{ id: string }>().id
      : locationId(answer)
  const sample = (more: Body = {}) => ({ ...stage.entity.sample(), ...more })
  const worker = (groups: readonly string[], scope = 'group') =>
    personWith(org, stage.codes(['create', 'read', 'update'], scope), { groups })

  describe.each([
    ['as JSON', 'api', json],
    ['as a form', 'web', form],
  ] as const)('a new one %s', (_, via, create) => {
    test('is made by who may, is in the trail field by field, and is what was sent', async () => {
      const { owner } = people
      const body = sample()
      const answer = await create(owner, body)
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
      const id = idOf(answer)
      expect(answer.headers.get('location')).toBe(via === 'web' ? stage.page(`/${id}`) : stage.api(`/${id}`))
      const row = await stage.stored(id)
      expect(row).toMatchObject({ ...body, org_id: org.id, created_by: owner.id, version: 1 })
      const [line, ...more] = await recorded(owner, answer, via)
      expect(line).toMatchObject({ action: `${stage.model}:create`, target_type: stage.model, target_id: id })
      expect([line?.data, more]).toEqual([{ after: fieldsOf(row) }, []])
      if (via === 'api') {
        expect(versionOf(answer)).toBe(1)
        expect(answer.text).toBe((await stage.as(owner).get(stage.api(`/${id}`))).text)
      }
    })

    test('is refused to those without the permission', async () => {
      for (const by of [people.nobody, people.looker, people.keeper])
        await stage.denied(by, 'create', () => create(by, sample()))
      if (groupable) {
        const changes = await personWith(org, stage.codes(['read', 'update', 'delete'], 'all'))
        await stage.denied(changes, 'create', () => create(changes, sample()))
      }
    })

    testIf(ownable)('belongs to its maker who works for themselves, and to nobody else', async () => {
      const { own, owner } = people
      for (const body of [sample(), sample({ owner_user_id: null }), sample({ owner_user_id: own.id })]) {
        const answer = await create(own, body)
        expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
        expect(await stage.stored(idOf(answer))).toMatchObject({
          owner_user_id: own.id,
          owner_group_id: null,
        })
      }
      for (const place of [{ owner_user_id: owner.id }, { owner_group_id: group }])
        await stage.denied(own, 'create', () => create(own, sample(place)))
    })

    testIf(groupable)('belongs to the one group of its maker, where nobody says so', async () => {
      const answer = await create(people.member, sample())
      expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
      expect(await stage.stored(idOf(answer))).toMatchObject({ owner_group_id: group, owner_user_id: null })
      const named = await create(people.member, sample({ owner_group_id: group.toUpperCase() }))
      expect(await stage.stored(idOf(named))).toMatchObject({ owner_group_id: group })
    })

    testIf(groupable)(
      'needs to name a group of a maker who has several, beneath theirs too, or none',
      async () => {
        const above = await makeGroup(org)
        const beneath = await makeGroup(org, { parent: above })
        const both = await worker([above])
        const none = await worker([])
        for (const by of [both, none]) {
          const answer = await stage.untouched(() => create(by, sample()))
          expect(answer.status).toBe(422)
          if (via === 'api') expect(answer.json().errors?.map(({ path }) => path)).toEqual(['owner_group_id'])
          else expect(answer.text).toContain('href="#owner_group_id"')
        }
        for (const owner_group_id of [above, beneath]) {
          const answer = await create(both, sample({ owner_group_id }))
          expect(answer.status, answer.text).toBe(via === 'web' ? 303 : 201)
          expect(await stage.stored(idOf(answer))).toMatchObject({ owner_group_id })
        }
        await stage.denied(none, 'create', () => create(none, sample({ owner_group_id: above })))
      },
    )

    testIf(groupable)('is refused in a group that isn’t the maker’s', async () => {
      const other = await makeGroup(org)
      const { member, viewer, owner } = people
      for (const place of [elsewhere, other, randomUUID()])
        await stage.denied(member, 'create', () => create(member, sample({ owner_group_id: place })))
      // of two places both have to be theirs
      const somebody = { owner_group_id: group, owner_user_id: owner.id }
      await stage.denied(member, 'create', () => create(member, sample(somebody)))
      await stage.denied(viewer, 'create', () => create(viewer, sample({ owner_group_id: group })))
      expect((await create(viewer, sample())).status).toBe(422)
    })

    testIf(ownable && groupable)('names nobody and no group of another organization', async () => {
      const theirs = await makeGroup(stage.foreign)
      for (const place of [{ owner_group_id: theirs }, { owner_user_id: people.foreigner.id }]) {
        const answer = await stage.untouched(() => create(people.owner, sample(place)))
        expect(answer.status).toBe(422)
        if (via === 'api') expect(answer.json().errors?.map(({ path }) => path)).toEqual(Object.keys(place))
        await stage.denied(people.member, 'create', () => create(people.member, sample(place)))
      }
    })

    test('leads its maker somewhere that they may see', async () => {
      const maker = await personWith(org, stage.codes(['create'], 'all'))
      const answer = await create(maker, sample())
      expect(answer.status).toBe(via === 'web' ? 303 : 201)
      if (via === 'web')
        expect((await stage.browser(maker).get(answer.headers.get('location') as string)).status).toBe(200)
    })
  })

  const { own: ownColumns, group: groupColumns } = stage.resource.model
  const writable = stage.written().map(([name]) => name)
  const further = [...ownColumns, ...groupColumns].filter(
    (name): name is string =>
      writable.includes(name as string) && !/^owner_(user|group)_id$/.test(name as string),
  )
  describe.each(further)('by %s', (name) => {
    const theirs = ownColumns.includes(name) ? people.outsider.id : elsewhere
    const ours = (by: Person) => (ownColumns.includes(name) ? by.id : group)
    const change = (by: Person, id: string, value: string | null) =>
      stage.as(by).patch(stage.api(`/${id}`), { [name]: value })

    test('a record is seen by whose it is, too', async () => {
      const id = await stage.row({ owner_group_id: null, [name]: theirs })
      expect((await stage.as(people.outsider).get(stage.api(`/${id}`))).status).toBe(
        ownColumns.includes(name) ? 404 : 200,
      )
      await stage.hidden(people.member, () => stage.as(people.member).get(stage.api(`/${id}`)))
    })

    test('a record is placed nowhere else, though its owner be right', async () => {
      const { member, owner } = people
      const place = { owner_group_id: group, [name]: theirs }
      await stage.denied(member, 'create', () => json(member, sample(place)))
      expect((await json(owner, sample(place))).status).toBe(201)
      const made = await json(member, sample({ [name]: ours(member) }))
      expect(made.status, made.text).toBe(201)
      const { id } = made.json<{ id: string }>()
      await stage.denied(member, 'update', () => change(member, id, theirs))
      expect((await change(member, id, null)).status).toBe(200)
      expect((await change(member, id, ours(member))).status).toBe(200)
    })
  })

  describeIf(ownable && groupable)('handing over', () => {
    const hand = (by: Person, id: string, place: Body) => stage.as(by).patch(stage.api(`/${id}`), place)

    test('is for whoever may change everything, to anybody', async () => {
      const id = await stage.row()
      for (const place of [
        { owner_group_id: elsewhere },
        { owner_user_id: people.nobody.id },
        { owner_group_id: null },
      ]) {
        expect((await hand(people.owner, id, place)).status).toBe(200)
        expect(await stage.stored(id)).toMatchObject(place)
      }
    })

    test('goes from one group to another of whoever works in both', async () => {
      const both = await worker([group, elsewhere])
      const id = await stage.row()
      expect((await hand(both, id, { owner_group_id: elsewhere })).status).toBe(200)
      expect((await hand(both, id, { owner_user_id: both.id })).status).toBe(200)
      expect(await stage.stored(id)).toMatchObject({ owner_group_id: elsewhere, owner_user_id: both.id })
    })

    test('is refused to a group that isn’t theirs, to somebody else, and to nobody', async () => {
      const { member } = people
      const id = await stage.row()
      const places = [
        { owner_group_id: elsewhere },
        { owner_group_id: null },
        { owner_user_id: people.outsider.id },
        { owner_group_id: elsewhere, owner_user_id: member.id },
      ]
      for (const place of places) {
        await stage.denied(member, 'update', () => hand(member, id, place))
        await stage.denied(member, 'update', () =>
          stage.as(member).put(stage.api(`/${id}`), { ...stage.whole(), ...place }),
        )
      }
    })

    test('is refused to whoever has it for themselves', async () => {
      const { own } = people
      const id = await stage.row({ owner_user_id: own.id, owner_group_id: null })
      for (const place of [
        { owner_user_id: people.owner.id },
        { owner_user_id: null },
        { owner_group_id: group },
      ])
        await stage.denied(own, 'update', () => hand(own, id, place))
    })

    test('leaves a place as it is that is not changed, though it be foreign', async () => {
      const id = await stage.row({ owner_user_id: people.owner.id })
      const answer = await hand(people.member, id, { owner_user_id: people.owner.id, ...stage.entity.change })
      expect(answer.status, answer.text).toBe(200)
      expect((await stage.as(people.member).put(stage.api(`/${id}`), stage.whole())).status).toBe(200)
      expect(await stage.stored(id)).toMatchObject({ owner_user_id: people.owner.id, owner_group_id: group })
    })

    test('to another organization is refused', async () => {
      const id = await stage.row()
      const theirs = await makeGroup(stage.foreign)
      for (const place of [{ owner_group_id: theirs }, { owner_user_id: people.foreigner.id }]) {
        const answer = await stage.untouched(() => hand(people.owner, id, place))
        expect([answer.status, answer.json().errors?.map(({ path }) => path)]).toEqual([
          422,
          Object.keys(place),
        ])
      }
    })

    test('ends with the person: what they own stays, and is nobody’s', async () => {
      const gone = await makeUser(org)
      const id = await stage.row({ owner_user_id: gone.id })
      expect((await hand(people.member, id, stage.entity.change)).status).toBe(200)
    })
  })
}

const locationId = ({ headers, text }: Answer) => {
  const [id] = /[0-9a-f-]{36}$/.exec(headers.get('location') ?? '') ?? []
  if (!id) throw new Error(`leads to no record: ${text}`)
  return id
}

// A person's first day with the CRM, in a real browser: the first account, a company, a contact, a note with
// a file, a task, an opportunity on the board, a colleague, a lost password, two contacts that are one.
// What the page shows is believed only when the server says the same.
//
// Settings: OPPBASE (the server's executable), CHROMIUM (the browser's), SHOTS (folder for pictures).
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import { chromium } from 'playwright-core'
import { startAll } from './server.mjs'

const ANN = { first: 'Ann', last: 'Archer', email: 'ann@example.com', password: 'correct horse 1' }
const BOB = { first: 'Bob', last: 'Baker', email: 'bob@example.com', password: 'battery staple 2' }
const FILE = { name: 'offer ü.txt', mimeType: 'text/plain', buffer: Buffer.from('Ten tons, as agreed.\n') }
const PATIENCE_MS = 60_000 // for a busy machine; nothing waits longer than it must
const SHOTS = process.env.SHOTS
if (SHOTS) mkdirSync(SHOTS, { recursive: true })

let on // addresses and keys of what runs
let browser
let page // Ann's
let db // sees everything: the secret key
const refused = [] // answers that nobody expected, and faults of the page
let shots = 0
let broken = null // the step that failed; what follows builds on it

/** A window of its own, as on another person's machine. */
const window_ = async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } })
  context.setDefaultTimeout(PATIENCE_MS)
  const fresh = await context.newPage()
  fresh.on('pageerror', (error) => refused.push(`page: ${error.message}`))
  fresh.on('requestfailed', (request) => {
    const why = request.failure()?.errorText
    if (why !== 'net::ERR_ABORTED') refused.push(`${request.method()} ${request.url()}: ${why}`)
  })
  fresh.on('response', (response) => {
    const request = response.request()
    // React Admin asks for a list while it finds out that nobody is signed in: a stranger sees nothing.
    const isStranger = response.status() === 401 && request.method() === 'GET' && !request.headers().authorization
    if (response.status() >= 400 && !isStranger) refused.push(`${request.method()} ${response.url()}: ${response.status()}`)
  })
  return fresh
}

/** Takes what was refused since the last call; a step that expects a refusal names it. */
const expectRefused = (...expected) => {
  const got = refused.splice(0)
  assert.equal(got.length, expected.length, `refused: ${got.join('; ')}`)
  expected.forEach((pattern, index) => assert.match(got[index], pattern))
}

/** A step: when it is over, a picture is taken and nothing was refused. */
const step = (name, run) =>
  test(name, async (t) => {
    if (broken) return t.skip(`after: ${broken}`)
    broken = name
    const shown = (await run()) ?? page
    shots += 1
    if (SHOTS) {
      await shown.waitForTimeout(600) // ripples and notices; for the picture only
      await shown.screenshot({ path: path.join(SHOTS, `${String(shots).padStart(2, '0')} ${name}.png`) })
    }
    expectRefused()
    broken = null
  })

const go = (where, to = page) => to.goto(`${on.site}/#${where}`)
const button = (name, on_ = page) => on_.getByRole('button', { name, exact: true })
const rows = async (query) => {
  const { data, error } = await query
  assert.equal(error, null)
  return data
}
const only = async (query) => {
  const found = await rows(query)
  assert.equal(found.length, 1, JSON.stringify(found))
  return found[0]
}
/** Asks until the answer is right: the page stores things in the background. */
const eventually = async (ask, right, what) => {
  let last
  for (let tries = 0; tries < PATIENCE_MS / 100; tries += 1) {
    last = await ask()
    if (right(last)) return last
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return assert.fail(`${what}: ${JSON.stringify(last)}`)
}
/** The newest mail to an address, as soon as there are this many. */
const mailTo = async (email, count) => {
  const list = async () => {
    const answer = await fetch(`${on.admin}/mail`, { headers: { accept: 'application/json' } })
    return (await answer.json()).filter((mail) => mail.to === email)
  }
  return (await eventually(list, (mails) => mails.length === count, `mails to ${email}`))[0]
}
const choose = async (label, text, option = text, to = page) => {
  const box = to.getByRole('combobox', { name: label })
  await box.click()
  await box.fill(text)
  await to.getByRole('option', { name: option }).click()
}
const logIn = async (who, password = who.password, to = page) => {
  await to.getByLabel('Email').fill(who.email)
  await to.locator('input[name=password]').fill(password)
  await button('Sign in', to).click()
}

before(async () => {
  on = await startAll(process.env.OPPBASE ?? path.resolve(import.meta.dirname, '../../target/debug/oppbase'))
  db = createClient(on.api, on.serviceKey, { auth: { persistSession: false }, realtime: { transport: class {} } })
  // Chromium's own sandbox needs namespaces that containers lack; the pages are ours.
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] })
  page = await window_()
})
after(async () => {
  if (broken && SHOTS) await page?.screenshot({ path: path.join(SHOTS, 'broken.png') }).catch(() => {})
  await browser?.close()
  await on?.stop()
})

step('a stranger is asked to log in', async () => {
  await go('/companies')
  await button('Sign in').waitFor()
  assert.match(page.url(), /#\/login/)
})

step('the first user signs up and becomes administrator', async () => {
  await go('/sign-up')
  await page.getByLabel('First name').fill(ANN.first)
  await page.getByLabel('Last name').fill(ANN.last)
  await page.getByLabel('Email').fill(ANN.email)
  await page.locator('input[name=password]').fill(ANN.password)
  await button('Create account').click()
  await page.getByRole('menuitem', { name: 'Team' }).waitFor()
  await page.getByText('Ann Archer').waitFor()
  const ann = await only(db.from('sales').select())
  assert.deepEqual([ann.first_name, ann.last_name, ann.email, ann.administrator], [ANN.first, ANN.last, ANN.email, true])
  const { data } = await db.auth.admin.listUsers()
  assert.deepEqual(data.users.map((user) => [user.id, user.email]), [[ann.user_id, ANN.email]])
  Object.assign(ANN, { id: ann.id, user: ann.user_id })
})

step('nobody else is offered the first account', async () => {
  const other = await window_()
  await go('/sign-up', other)
  await button('Sign in', other).waitFor()
  await logIn(ANN, 'wrong', other)
  await other.getByText('Invalid login credentials').waitFor()
  expectRefused(/\/auth\/v1\/token\?grant_type=password: 400$/)
  return other
})

let company
step('a company', async () => {
  await page.getByRole('menuitem', { name: 'Companies' }).click()
  await page.getByRole('link', { name: 'Create' }).first().click()
  await page.getByLabel('Name').fill('Umbrella, Inc.')
  await page.getByLabel('Sector').fill('Weather')
  await button('Save').click()
  await page.waitForURL(/companies\/\d+\/show/)
  company = await only(db.from('companies').select())
  assert.deepEqual([company.name, company.sector, company.sales_id], ['Umbrella, Inc.', 'Weather', ANN.id])
})

let contact
step('a contact of the company', async () => {
  await page.getByRole('menuitem', { name: 'Contacts' }).click()
  await page.getByRole('link', { name: 'Create' }).first().click()
  await page.getByLabel('First name').fill('Zoë')
  await page.getByLabel('Last name').fill('Zimmer')
  await page.getByLabel('Title').fill('Buyer')
  await page.getByLabel('Email').fill('zoe@umbrella.example')
  await choose('Company', 'Umbrella, Inc.')
  await button('Save').click()
  await page.waitForURL(/contacts\/\d+\/show/)
  await page.getByText('zoe@umbrella.example').waitFor()
  contact = await only(db.from('contacts').select())
  assert.deepEqual(
    [contact.first_name, contact.company_id, contact.email_jsonb, contact.tags],
    ['Zoë', company.id, [{ email: 'zoe@umbrella.example' }], []],
  )
})

step('a note with a file', async () => {
  await page.getByLabel('Note').fill('Wants ten tons')
  await page.getByLabel('Attachment').setInputFiles(FILE)
  await button('Add note').click()
  const link = page.getByRole('link', { name: FILE.name })
  await link.waitFor()
  const note = await only(db.from('contactNotes').select())
  assert.deepEqual([note.text, note.contact_id, note.sales_id], ['Wants ten tons', contact.id, ANN.id])
  const [file] = note.attachments
  assert.equal(await link.getAttribute('href'), file.src)
  const download = await fetch(file.src)
  assert.equal(download.headers.get('content-type'), 'text/plain')
  assert.deepEqual(Buffer.from(await download.arrayBuffer()), FILE.buffer)
  const seen = await only(db.from('contacts').select('last_seen'))
  assert.ok(seen.last_seen > contact.last_seen, 'the contact was seen now')
})

step('a task, done', async () => {
  await page.getByLabel('Task').fill('Send the offer')
  await page.getByLabel('Due').fill('2031-05-06')
  await button('Add task').click()
  await page.getByLabel('Send the offer').click()
  const task = await eventually(
    () => only(db.from('tasks').select()),
    (found) => found.done_date !== null,
    'the task is done',
  )
  assert.deepEqual([task.text, task.contact_id, task.due_date.slice(0, 10)], ['Send the offer', contact.id, '2031-05-06'])
})

const board = (name) => page.locator(`[data-opportunity="${name}"]`)
step('two opportunities on the board', async () => {
  for (const [name, amount] of [['Ten tons', '12000'], ['A sample', '50']]) {
    await page.getByRole('menuitem', { name: 'Opportunities' }).click()
    await page.getByRole('link', { name: 'Create' }).first().click()
    await page.getByLabel('Name').fill(name)
    await choose('Customer', 'Umbrella, Inc.')
    await choose('Contacts', 'Zimmer', 'Zoë Zimmer')
    await page.getByLabel('Amount').fill(amount)
    await button('Save').click()
    await board(name).waitFor()
  }
  const made = await rows(db.from('opportunities').select().order('id'))
  assert.deepEqual(
    made.map((row) => [row.name, row.amount, row.stage, row.customer_organization_id, row.contact_ids]),
    [['Ten tons', 12000, 'lead', company.id, [contact.id]], ['A sample', 50, 'lead', company.id, [contact.id]]],
  )
  // Frontends that still speak of deals see the same rows.
  const deals = await rows(db.from('deals').select('name,stage,company_id').order('id'))
  assert.deepEqual(deals.map((row) => [row.name, row.stage, row.company_id]), [
    ['Ten tons', 'opportunity', company.id],
    ['A sample', 'opportunity', company.id],
  ])
})

step('an opportunity is dragged to another stage', async () => {
  const from = await board('Ten tons').boundingBox()
  const to = await page.locator('[data-stage=proposal]').boundingBox()
  await page.mouse.move(from.x + from.width / 2, from.y + 15)
  await page.mouse.down()
  await page.mouse.move(from.x + from.width / 2 + 12, from.y + 25, { steps: 4 })
  await page.mouse.move(to.x + to.width / 2, to.y + 80, { steps: 12 })
  await page.mouse.up()
  await page.locator('[data-stage=proposal]').getByText('Ten tons').waitFor()
  const now = await eventually(
    () => only(db.from('opportunities').select().eq('name', 'Ten tons')),
    (row) => row.stage === 'proposal',
    'the stage',
  )
  assert.equal(now.index, 0)
  assert.ok(now.probability > 0, 'the probability follows the stage')
  const deal = await only(db.from('deals').select().eq('name', 'Ten tons'))
  assert.notEqual(deal.stage, 'opportunity', 'the stage in the words of deals')
  await board('Ten tons').getByText(`${now.probability} %`).waitFor()
})

let bobs // Bob's window
step('a colleague is invited', async () => {
  await page.getByRole('menuitem', { name: 'Team' }).click()
  await page.getByRole('link', { name: 'Create' }).first().click()
  await page.getByLabel('First name').fill(BOB.first)
  await page.getByLabel('Last name').fill(BOB.last)
  await page.getByLabel('Email').fill(BOB.email)
  await button('Invite').click()
  await page.getByRole('cell', { name: BOB.email }).waitFor()
  const bob = await only(db.from('sales').select().eq('email', BOB.email))
  assert.deepEqual([bob.first_name, bob.administrator, bob.disabled], [BOB.first, false, false])
  BOB.id = bob.id
})

step('the invitation is on the page of mails', async () => {
  bobs = await window_()
  await bobs.goto(`${on.admin}/mail`)
  await bobs.getByText(BOB.email).first().waitFor()
  await bobs.getByRole('link', { name: 'You are invited' }).click()
  await bobs.waitForURL(/\/mail\/./)
  return bobs
})

step('the colleague follows the invitation and chooses a password', async () => {
  const mail = await mailTo(BOB.email, 1)
  await bobs.goto(mail.link)
  await bobs.waitForURL(/#\/set-password/)
  await bobs.locator('input[name=password]').fill(BOB.password)
  await bobs.locator('input[name=confirmPassword]').fill(BOB.password)
  await bobs.locator('button[type=submit]').click()
  await bobs.getByText('Bob Baker').waitFor()
  await bobs.getByText('Umbrella, Inc.').waitFor()
  assert.equal(await bobs.getByRole('menuitem', { name: 'Team' }).count(), 0, 'no administrator')
  return bobs
})

step('a member may not invite', async () => {
  const client = createClient(on.api, on.anonKey, { auth: { persistSession: false }, realtime: { transport: class {} } })
  const signedIn = await client.auth.signInWithPassword({ email: BOB.email, password: BOB.password })
  assert.equal(signedIn.error, null)
  const { error } = await client.functions.invoke('users', { body: { email: 'eve@example.com', first_name: 'E', last_name: 'V', administrator: true } })
  assert.equal(error.context.status, 401)
  assert.equal((await rows(db.from('sales').select())).length, 2)
  return bobs
})

step('a lost password is replaced by the mailed link', async () => {
  await bobs.getByRole('button', { name: 'Profile' }).click()
  await bobs.getByRole('menuitem', { name: 'Logout' }).click()
  await bobs.getByRole('link', { name: /forgot password/i }).click()
  await bobs.getByLabel('Email').fill(BOB.email)
  await bobs.locator('button[type=submit]').click()
  const mail = await mailTo(BOB.email, 2)
  await bobs.goto(mail.link)
  await bobs.waitForURL(/#\/set-password/)
  const before_ = BOB.password
  BOB.password = 'a new one, 3'
  await bobs.locator('input[name=password]').fill(BOB.password)
  await bobs.locator('input[name=confirmPassword]').fill(BOB.password)
  await bobs.locator('button[type=submit]').click()
  await bobs.getByText('Bob Baker').waitFor()
  await bobs.getByRole('button', { name: 'Profile' }).click()
  await bobs.getByRole('menuitem', { name: 'Logout' }).click()
  await logIn(BOB, before_, bobs)
  await bobs.getByText('Invalid login credentials').waitFor()
  expectRefused(/\/auth\/v1\/token\?grant_type=password: 400$/)
  await logIn(BOB, BOB.password, bobs)
  await bobs.getByText('Bob Baker').waitFor()
  return bobs
})

step('a link is good for once', async () => {
  const mail = await mailTo(BOB.email, 2)
  const other = await window_()
  await other.goto(mail.link)
  await button('Sign in', other).waitFor()
  await other.context().close()
})

step('two contacts are merged', async () => {
  await page.getByRole('menuitem', { name: 'Contacts' }).click()
  await page.getByRole('link', { name: 'Create' }).first().click()
  await page.getByLabel('First name').fill('Zoe')
  await page.getByLabel('Last name').fill('Zimmer')
  await page.getByLabel('Email').fill('zz@home.example')
  await button('Save').click()
  await page.waitForURL(/contacts\/\d+\/show/)
  const double = await only(db.from('contacts').select().eq('first_name', 'Zoe'))
  await page.getByLabel('Note').fill('Moved house')
  await button('Add note').click()
  await page.getByRole('listitem').getByText('Moved house').waitFor()

  await page.getByLabel('Into').click()
  await page.getByRole('option', { name: /^Zoë Zimmer/ }).click()
  await button('Merge').click()
  await page.waitForURL(new RegExp(`contacts/${contact.id}/show`))
  await page.getByRole('listitem').getByText('Moved house').waitFor()
  await page.getByRole('listitem').getByText('Wants ten tons').waitFor()

  const left = await only(db.from('contacts').select())
  assert.equal(left.id, contact.id)
  assert.notEqual(left.id, double.id)
  assert.deepEqual(left.email_jsonb.map((entry) => entry.email), ['zoe@umbrella.example', 'zz@home.example'])
  const notes = await rows(db.from('contactNotes').select('contact_id'))
  assert.deepEqual(notes, [{ contact_id: contact.id }, { contact_id: contact.id }])
})

step('the company counts what was done', async () => {
  await page.getByRole('menuitem', { name: 'Companies' }).click()
  const row = page.getByRole('row').filter({ hasText: 'Umbrella, Inc.' })
  await row.waitFor()
  assert.deepEqual((await row.getByRole('cell').allInnerTexts()).slice(-2), ['1', '2'])
})

step('logging out ends the session', async () => {
  await page.getByRole('button', { name: 'Profile' }).click()
  await page.getByRole('menuitem', { name: 'Logout' }).click()
  await button('Sign in').waitFor()
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.endsWith('-auth-token')).length), 0)
  await go('/contacts')
  await button('Sign in').waitFor()
})
